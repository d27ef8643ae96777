"""A module reaches neither Python, nor the state's real globals, nor the system, nor a finaliser."""

import time
from collections.abc import Callable

import pytest

from asudfd.lua.call import Scalar
from asudfd.lua.state import compile_text
from tests.fakes.lua_call import call_in

Call = Callable[..., Scalar]

WALK = """
local seen, found = {}, {}
local function look(value, path)
    local kind = type(value)
    if kind == "userdata" and value ~= aerospike then found[#found + 1] = path end
    if kind == "thread" and path ~= "running" then found[#found + 1] = path end
    if seen[value] or (kind ~= "table" and kind ~= "userdata") then return end
    seen[value] = true
    if kind == "table" then
        for key, inner in next, value do
            look(key, path .. ".key")
            look(inner, path .. "." .. tostring(key))
        end
    end
    local own = getmetatable(value)
    if own then look(own, path .. "#") end
end
look(_G, "_G")
for _, value in next, { "", 1, true, print, coroutine.running() } do
    look(getmetatable(value), "metatable of " .. type(value))
end
return table.concat(found, " ")
"""


def test_no_userdata_is_reachable(call: Call) -> None:
    assert call(WALK) == b""
    assert call(WALK, unsafe=True) == b""


ABSENT = [
    "python",
    "os.execute",
    "os.exit",
    "os.getenv",
    "os.remove",
    "os.rename",
    "os.setlocale",
    "os.tmpname",
    "io",
    "dofile",
    "loadfile",
    "load",
    "loadstring",
    "string.dump",
    "package.searchpath",
    "package.loadlib",
    "package.cpath",
    "package.searchers",
    "package.loaded.debug",
    "package.loaded.os.execute",
    "package.loaded.io",
    "package.loaded.python",
    "unpack",
    "setfenv",
    "getfenv",
    "module",
    "bit",
    "bit32",
    "math.pow",
    "table.getn",
    "arg",
]


@pytest.mark.parametrize("name", ABSENT)
def test_is_absent(call: Call, name: str) -> None:
    assert call(f"return type({name})") == b"nil"


def test_debug_is_the_log_function_only(call: Call) -> None:
    assert call("return type(debug)") == b"function"
    assert call("return pcall(require, 'debug')") is False


@pytest.mark.parametrize("name", ["debug", "io", "python", "_LOADED", "ffi"])
def test_require_knows_no_library_of_the_system(call: Call, name: str) -> None:
    assert call(f"return pcall(require, '{name}')") is False


def names_in(table: str) -> str:
    return f"local n = {{}} for k in pairs({table}) do n[#n + 1] = k end table.sort(n) return table.concat(n, ' ')"


@pytest.mark.parametrize("unsafe", [False, True])
@pytest.mark.parametrize("table", ["os", "package.loaded.os", "require('os')"])
def test_os_has_the_times_only(call: Call, table: str, unsafe: bool) -> None:
    assert call(names_in(table), unsafe=unsafe) == b"clock date difftime time"


def test_times(call: Call) -> None:
    assert call("return math.type(os.time()) .. math.type(os.clock())") == b"integerfloat"
    assert call("return os.time(os.date('*t', 86400)) .. os.date('!%F', 86400)") == b"864001970-01-02"
    assert call("return os.difftime(5, 3) == 2.0") is True


def test_the_library_package_has_no_way_to_files_or_the_host(call: Call) -> None:
    assert call("return require('package') == package and package.loaded.package == package") is True
    assert call(names_in("package")) == b"config loaded path preload"


def test_unsafe_mode_gives_back_text_chunks_only(call: Call) -> None:
    assert call("return load('return 1 + 1')()", unsafe=True) == 2
    assert call("x = 7 return load('return x')()", unsafe=True) == 7
    assert call("return load('return y', 'n', 't', { y = 8 })()", unsafe=True) == 8
    assert (
        call(
            "local n = 0 return load(function() n = n + 1 return ({ 'return', ' 3' })[n] end)()", unsafe=True
        )
        == 3
    )
    assert (
        call("return select(2, load('x ='))", unsafe=True)
        == b'[string "x ="]:1: unexpected symbol near <eof>'
    )
    assert call("return type(io) .. type(debug) .. type(string.dump)", unsafe=True) == b"nilfunctionnil"


@pytest.mark.parametrize("mode", ["nil", "'b'", "'bt'", "'t'"])
def test_bytecode_is_not_loaded(call: Call, mode: str) -> None:
    code = compile_text(b"return 1", b"x").code
    assert code is not None
    text = "".join(f"\\{byte:03}" for byte in code)
    assert call(f"return type(load('{text}', 'x', {mode}))", unsafe=True) == b"nil"
    assert (
        call(
            f"local n = 0 return type(load(function() n = n + 1 return n == 1 and '{text}' or nil end))",
            unsafe=True,
        )
        == b"nil"
    )


def test_the_global_table_behaves_as_one(call: Call) -> None:
    assert call("return _G._G == _G") is True
    assert call("x = 5 return _G.x") == 5
    assert call("setmetatable(_G, { __index = function(_, k) return k end }) return missing") == b"missing"
    assert call("return getmetatable(_G)") is None


@pytest.mark.parametrize(
    ("metatable", "text"),
    [
        (b"{ __index = function(_, k) error('undefined ' .. k) end }", b"undefined missing"),
        (b"{ __newindex = function(_, k) error('no ' .. k) end }", b"no aerospike"),
    ],
    ids=["at a read", "at a write"],
)
def test_a_global_table_that_raises_does_no_harm(sandbox, metatable: bytes, text: bytes) -> None:  # type: ignore[no-untyped-def]  # the fixture's class is not importable
    context = sandbox.load(b"debug = nil setmetatable(_G, %s)" % metatable)
    for _ in range(3):
        outcome = call_in(context, time.monotonic() + 60, function=b"missing")
        assert outcome == (True, b"/udf/m.lua:1: " + text)


def test_strings_keep_their_metatable(call: Call) -> None:
    assert call("getmetatable('').__index = nil return ('x'):rep(2)") == b"xx"
    assert call("return pcall(setmetatable, '', {})") is False
    assert call("return getmetatable('').__index == string") is True
    assert call("getmetatable('').__metatable = nil return (('x'):rep(2))") == b"xx"
    assert call("function string.twice(s) return s .. s end return ('x'):twice()") == b"xx"


def test_modules_do_not_share_what_they_change(sandbox) -> None:  # type: ignore[no-untyped-def]  # as above
    sandbox.load(b"string.rep = nil math.floor = nil table.insert = nil pcall = nil")
    context = sandbox.load(b"function f() return ('x'):rep(2) .. math.floor(1.5) end")
    assert call_in(context, time.monotonic() + 60).value == b"xx1"


def test_the_sandbox_does_not_rely_on_what_modules_may_change(sandbox) -> None:  # type: ignore[no-untyped-def]  # as above
    context = sandbox.load(
        b"local all, text, next = _G, string, next for name in next, all do all[name] = nil end "
        b"for name in next, text do text[name] = nil end "
        b"function f(_, a) return a end"
    )
    assert call_in(context, time.monotonic() + 60, 7).value == 7
    assert call_in(context, time.monotonic() + 60, function=b"nothing").value == b"function not found"


def test_a_callback_that_raises_gives_no_python_object(sandbox) -> None:  # type: ignore[no-untyped-def]  # as above
    class Broken(dict[bytes, bytes]):
        def get(self, name: bytes, default: object = None) -> bytes:
            raise RuntimeError(name)

    sandbox.modules = Broken()
    sandbox.lines = None
    context = sandbox.load(
        b"function f() info('x') print('y') return type(select(2, pcall(require, 'dep'))) end"
    )
    assert call_in(context, time.monotonic() + 60).value == b"string"


def test_finalisers_do_not_run(call: Call) -> None:
    body = """
    local ran = false
    local own = { __gc = function() ran = true end }
    do local t = setmetatable({}, own) end
    collectgarbage() collectgarbage()
    return tostring(ran) .. type(own.__gc)
    """
    assert call(body) == b"falsefunction"
    late = """
    local ran = false
    local own = {}
    do local t = setmetatable({}, own) own.__gc = function() ran = true end setmetatable(t, own) end
    collectgarbage() collectgarbage()
    return ran
    """
    assert call(late) is False


def test_the_main_thread_cannot_be_touched(call: Call) -> None:
    assert call("return select(2, coroutine.running())") is True
    assert call("return (coroutine.resume(coroutine.running()))") is False
    assert call("return (pcall(coroutine.close, coroutine.running()))") is False


@pytest.mark.parametrize(
    "value", ["{}", "function() end", "coroutine.create(print)", "aerospike", "_G", "print"]
)
def test_only_scalars_leave(call: Call, value: str) -> None:
    assert call(f"return {value}") is None
    assert call(f"error({value})") == b"result value type unexpected"


def test_protected_tables(call: Call) -> None:
    assert call("setmetatable(aerospike, {})") == (
        b"/udf/m.lua:2: bad argument #1 to 'setmetatable' (table expected, got Aerospike)"
    )
    assert call("getmetatable(aerospike).__index = nil return type(aerospike.update)") == b"function"
