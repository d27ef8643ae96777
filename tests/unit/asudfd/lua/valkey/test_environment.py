"""The global tables of functions and scripts are read-only, whole to look at, and lead nowhere else."""

from collections.abc import Callable
from typing import Any

import pytest

READ_ONLY = b"Attempt to modify a readonly table"
Call = Callable[..., Any]


def test_a_set_of_libraries_is_collected(sandbox: Any) -> None:
    """FUNCTION FLUSH makes a new set each time."""
    state, provided = sandbox.state, sandbox.provided
    grown = state.execute(
        b"""
        local needs = ...
        local function flush()
            return needs.new_function_environment(needs.new_libraries(), {}, {})
        end
        flush()
        collectgarbage() collectgarbage()
        local before = collectgarbage("count")
        for _ = 1, 50 do
            flush()
        end
        collectgarbage() collectgarbage()
        return collectgarbage("count") - before""",
        provided,
    )
    assert grown < 64  # KiB; one set has about 30


@pytest.mark.parametrize(
    "table", ["_G", "server", "string", "math", "cjson", "getmetatable('')", "getmetatable(_G)"]
)
@pytest.mark.parametrize(
    ("write", "place"),
    [
        ("T.x = 1", b"user_function:2: "),
        ("T.rep = nil", b"user_function:2: "),
        ("T.__index = nil", b"user_function:2: "),
        ("rawset(T, 'x', 1)", b""),
        ("setmetatable(T, {})", b""),
        ("setmetatable(T, nil)", b""),
        ("table.insert(T, 1)", b""),
        ("table.insert(T, 1, 2)", b""),
    ],
)
def test_no_write(call: Call, table: str, write: str, place: bytes) -> None:
    assert call(write.replace("T", table)) == place + READ_ONLY + b" @@user_function:2"


@pytest.mark.parametrize(
    "expression",
    [
        "table.sort(T)",
        "table.remove(T)",
        "table.concat(T)",
        "unpack(T)",
        "#T == 0 and nil",
        "table.getn(T) == 0 and nil",
        "next({}, nil)",
    ],
)
def test_reading_functions_find_no_array(call: Call, expression: str) -> None:
    assert call("return " + expression.replace("T", "string")) in (None, b"")


def test_names_are_the_same_by_every_way(call: Call) -> None:
    assert (
        call(
            """
            local function sorted(t) table.sort(t) return table.concat(t, ' ') end
            local by_pairs, by_next, by_foreach = {}, {}, {}
            for name, value in pairs(_G) do by_pairs[#by_pairs + 1] = name end
            local name = next(_G)
            while name do by_next[#by_next + 1] = name name = next(_G, name) end
            table.foreach(_G, function(key) by_foreach[#by_foreach + 1] = key end)
            by_pairs = sorted(by_pairs)
            return #by_next == 34 and by_pairs == sorted(by_next) and by_pairs == sorted(by_foreach)
            """
        )
        is True
    )


def test_pairs_gives_no_real_table_away(call: Call) -> None:
    assert (
        call(
            "for _, t in ipairs({_G, server, string, getmetatable('')}) do local _, s = pairs(t) if s ~= t then return 1 end end"
        )
        is None
    )


def test_what_is_reachable_is_read_only_or_harmless(call: Call) -> None:
    """Everything that can be reached by indexing, from the globals and from the metatables."""
    answer = call(
        """
        local seen, found = {}, {}
        local function visit(value, path)
            if type(value) == 'userdata' and value ~= cjson.null or type(value) == 'thread' then
                found[#found + 1] = path
            end
            if type(value) ~= 'table' or seen[value] then return end
            seen[value] = true
            if pcall(function() value.intruder = 1 end) or pcall(rawset, value, 'intruder', 1) then
                found[#found + 1] = path
            end
            for key, item in pairs(value) do visit(item, path .. '.' .. tostring(key)) end
            visit(getmetatable(value), path .. '<meta>')
        end
        visit(_G, '_G') visit(getmetatable(''), '""')
        return table.concat(found, ' ')
        """
    )
    assert answer == b""


@pytest.mark.parametrize(
    "name",
    [
        "print",
        "dofile",
        "loadfile",
        "require",
        "package",
        "module",
        "io",
        "debug",
        "newproxy",
        "getfenv",
        "setfenv",
        "python",
        "bit32",
        "utf8",
        "KEYS",
        "arg",
    ],
)
def test_absent_globals(call: Call, name: str) -> None:
    text = (
        f"user_function:2: Script attempted to access nonexistent global variable '{name}' @@user_function:2"
    )
    assert call(f"return {name}") == text.encode()


def test_while_loading_there_is_server_alone(sandbox: Any) -> None:
    load = sandbox.load
    assert (
        load(b"server.register_function('f', function() end) local x = redis == server and server.LOG_DEBUG")
        is None
    )
    for name in (b"tostring", b"_G", b"string", b"pairs"):
        assert b"nonexistent global variable '%s'" % name in load(b"local x = " + name)
    assert b"nonexistent global variable 'call'" in load(b"server.call('PING')")
    assert READ_ONLY in load(b"x = 1")
    assert READ_ONLY in load(b"server.x = 1")
    assert (
        load(b"local x = ('x'):rep(3) server.register_function('f', function() return tostring(x) end)")
        is None
    )


def test_globals_are_those_of_a_call_again_after_a_failed_load(sandbox: Any) -> None:
    assert sandbox.load(b"local function broken(") is not None
    assert sandbox.call("return tostring(5)") == b"5"


def test_scripts_have_keys_and_argv(sandbox: Any) -> None:
    evaluate = sandbox.eval
    assert evaluate("return KEYS[1] .. ARGV[1]") == b"kv"
    assert evaluate("KEYS.x = 1 return KEYS.x") == 1
    assert READ_ONLY in evaluate("KEYS = 1")
    assert READ_ONLY in evaluate("x = 1")
    assert evaluate("return type(__server__err__handler)") == b"function"


@pytest.mark.parametrize(
    "body",
    [
        "return loadstring('\\27Lua')",
        "return loadstring(string.dump(function() return 1 end))",
        "local n = 0 return load(function() n = n + 1 return ({string.dump(function() end)})[n] end)",
        "local n = 0 return load(function() n = n + 1 return ({'', '\\27Lua'})[n] end) and nil",
        "local n = 0 return load(function() n = n + 1 return ({'\\27', 'Lua'})[n] end)",
    ],
)
def test_no_bytecode(call: Call, body: str) -> None:
    assert call(body) is None


def test_loaded_code_sees_the_same_globals(call: Call) -> None:
    assert call("return loadstring('return _G')() == _G") is True
    assert (
        call("local n = 0 return load(function() n = n + 1 return ({'return ', '_G'})[n] end)() == _G")
        is True
    )
    assert READ_ONLY in call("loadstring('x = 1')()")


@pytest.mark.parametrize(
    "function", ["cjson.encode", "pcall", "string.rep", "string.find", "table.insert", "bit.band", "next"]
)
def test_library_functions_look_like_those_of_c(call: Call, function: str) -> None:
    assert b"unable to dump given function" in call(f"string.dump({function})")
    assert b"Lua function expected" in call(f"coroutine.create({function})")


def test_settings_of_cjson_belong_to_a_set_of_libraries(sandbox: Any) -> None:
    call = sandbox.call
    assert call("cjson.encode_number_precision(3)") is None
    assert call("return cjson.encode(1/3)") == b"0.333"
    assert sandbox.eval("return cjson.encode(1/3)") == b"0.33333333333333"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("return cjson.encode()", 2),
        ("\nreturn bit.band()", 3),
        ("local find = string.find\n\nreturn find()", 4),
        ("return ('x'):rep()", 2),
        ("local w = coroutine.wrap(function() end) w() return w()", 2),
        ("local t = {} return setmetatable(t)", 2),
    ],
)
def test_errors_of_tail_calls_name_the_line(call: Call, body: str, line: int) -> None:
    answer = call(body)
    assert isinstance(answer, bytes)
    assert answer.startswith(b"user_function:%d: " % line)
    assert answer.endswith(b" @@user_function:%d" % line)


def test_tail_calls_of_own_functions_stay(call: Call) -> None:
    body = (
        "local function count(n) if n == 0 then return 'end' end return count(n - 1) end return count(300000)"
    )
    assert call(body) == b"end"
