"""Calls of library functions are no tail calls any more; everything else about a chunk stays."""

from collections.abc import Callable
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa.lua54 import LuaRuntime

from asudfd.lua import state
from asudfd.lua.bytecode import HEADER, NAMES
from asudfd.lua.call import Scalar
from asudfd.lua.state import compile_text, without_tail_calls

Call = Callable[..., Scalar]

LUA = LuaRuntime(encoding=None)
DUMP = LUA.execute(b"return function(text) return string.dump(assert(load(text, '=c'))) end")
RUN = LUA.execute(b"return function(code, ...) return load(code, 'c', 'b')(...) end")


@pytest.mark.parametrize(
    "body",
    [
        "return string.rep()",
        "return ('x'):rep({}, 1)",
        "local s = 'x' return s:rep({})",
        "return setmetatable(1 and 2 or 3, {})",
        "return table.concat(type(1) and {}, {})",
        "local x <const> = 1 local up = function() return x end return string.rep(nil, up())",
        "return string.rep(...)",
        "local odd return string.rep()",
        "local odd, even return string.rep()",
        "return (function() return string.rep() end)()",
        "return coroutine.create(1)",
    ],
)
def test_an_error_keeps_its_line(call: Call, body: str) -> None:
    value = call(body)
    assert isinstance(value, bytes)
    assert value.startswith(b"/udf/m.lua:2: bad argument #")


def test_tail_calls_of_the_module_itself_stay(call: Call) -> None:
    loop = "local function g(n) if n == 0 then return type(n) end return g(n - 1) end return g(1e6)"
    assert call(loop) == b"number"
    table_loop = (
        "local M = {} function M.g(n) if n == 0 then return 'end' end return M.g(n - 1) end return M.g(1e6)"
    )
    assert call(table_loop) == b"end"
    assert call("function g(n) if n == 0 then return 5 end type(n) return g(n - 1) end return g(1e6)") == 5


def test_a_chunk_without_such_calls_is_the_same() -> None:
    code = DUMP(b"local t = { 1, 2.5, 'x', nil, true } local function f(a, ...) return f(a) end return t[1]")
    assert without_tail_calls(code) == code


TEXTS = st.lists(
    st.sampled_from(
        [
            b"local a <const>, b = 1, 2.5",
            b"x = (x or 0) + 1",
            b"for i = 1, 3 do x = i * 2 // 1 end",
            b"local function f(...) local n = select('#', ...) return n end y = f(1, nil, 2)",
            b"goto over x = 9 ::over::",
            b"do local c <close> = nil end",
            b"z = { a = 1, 'b', [3.5] = false, ['k'] = function() return type('x') end }",
            b"s = ('q'):rep(3) .. tostring(-7)",
            b"local long = '" + b"y" * 300 + b"'",
            b"w = (function(s) return s:rep(2) end)('w')",
            b"if x then y = not y else z = #tostring(y) end",
        ]
    ),
    max_size=12,
)


@given(TEXTS)
def test_every_chunk_still_runs(lines: list[bytes]) -> None:
    text = b"\n".join(b"do " + line + b" end" for line in lines)
    end = b"\nreturn tostring(x) .. tostring(y) .. tostring(s) .. tostring(w) .. type(z)"
    code = DUMP(b"local x, y, z, s, w " + text + end)
    changed = without_tail_calls(code)
    assert len(changed) == len(code)
    assert RUN(changed) == RUN(code)


def test_many_constants_and_lines() -> None:
    text = b"".join(
        b"local v%d = %d.5 + 'x%d'\n" % (n % 150, n, n) if n < 150 else b"g = 's%d'\n" % n
        for n in range(3000)
    )
    code = DUMP(b"if false then " + text + b" end return type(1)")
    assert RUN(without_tail_calls(code)) == b"number"


def of_functions(count: int) -> bytes:
    """A module of ``count`` functions with tail calls of its own and of the library."""
    functions = b"".join(
        b"function M.f%d(rec, a) if a == %d then return M.f0(a) end return string.format('%%d', a) end\n"
        % (n, n)
        for n in range(count)
    )
    return b"local M = {}\n" + functions + b"return M\n"


def of_branches(count: int) -> bytes:
    """A module of one function with ``count`` tail calls through a parameter, which no instruction writes to."""
    branches = b"".join(b"if x == %d then return t.f(x) end\n" % n for n in range(count))
    return b"local f = function(t, x)\n" + branches + b"end return f"


def of_constants(count: int) -> bytes:
    return (
        b"local t = {\n"
        + b"".join(b"'text %d', %d.5,\n" % (n, n) for n in range(count))
        + b"} return type(t)"
    )


def of_methods(count: int) -> bytes:
    """A module of one function with ``count`` calls of methods with long names."""
    calls = b"".join(b"if x == %d then return t:%s%d(x) end\n" % (n, b"m" * 99, n) for n in range(count))
    return b"local f = function(t, x)\n" + calls + b"end return f"


def of_levels(count: int) -> bytes:
    """A module of 50 functions in one another, with ``count`` calls in all."""
    calls = b"if x then return type(x) end " * (count // 50)
    return (b"local f = function(x) " + calls) * 50 + b"end " * 50


COUNTED = LUA.execute(
    b"""
local sethook, load = debug.sethook, load
return function(rewriter, size, tables, functions, methods, dump)
    local rewritten = load(rewriter, "=bytecode.lua", "t")(size, tables, functions, methods)
    local hundreds = 0
    sethook(function() hundreds = hundreds + 1 end, "", 100)
    rewritten(dump)
    sethook()
    return hundreds
end
"""
)


@pytest.mark.parametrize("module", [of_functions, of_branches, of_constants, of_methods, of_levels])
def test_the_work_grows_as_the_module_does(module: Callable[[int], bytes]) -> None:
    """Counted in instructions of Lua: a large module that is valid must not hold up its put."""
    rewriter = (files("asudfd.lua") / "bytecode.lua").read_bytes()
    names = [b" ".join(each) for each in NAMES]
    small, large = (COUNTED(rewriter, len(HEADER), *names, DUMP(module(count))) for count in (700, 16 * 700))
    assert large < 1.2 * 16 * small


def test_a_layout_that_is_not_known_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"return string.rep()"
    changed = compile_text(text, b"=c").code
    monkeypatch.setattr(state, "HEADER", b"\x1bLua\x55" + HEADER[5:])
    state.knows_bytecode.cache_clear()
    try:
        assert compile_text(text, b"=c").code == DUMP(text) != changed
    finally:
        state.knows_bytecode.cache_clear()
