"""A module that takes all memory loses its context; the process and the other contexts go on."""

import gc
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from asudfd.lua.aerospike.crossing import TIMEOUT
from asudfd.lua.call import OUT_OF_MEMORY, Scalar
from asudfd.lua.context import LuaContext
from tests.fakes.lua_call import call_in

Call = Callable[..., Scalar]

FAR = 1000.0
"""Seconds that a call has which memory is to end, not its deadline, however busy the machine is."""

BOMBS = {
    "table": "local t = {} while true do t[#t + 1] = {} end",
    "string": "local s = 'x' while true do s = s .. s end",
    "rep": "return ('x'):rep(1 << 30)",
    "coroutines": "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
    "closures": "local t = {} while true do t[#t + 1] = function() return t end end",
    "gsub": "return (('a'):rep(1e6):gsub('a', ('b'):rep(1000)))",
    "concat": "local t = {} for i = 1, 1e5 do t[i] = ('x'):rep(1000) .. i end return table.concat(t)",
    "pack": "return string.pack('c1000000000', 'x')",
    "constructor": "local function f() return { table.unpack({}, 1, 900000) }, f() end return f()",
    "globals": "for i = 1, 1e9 do _G['g' .. i] = ('x'):rep(1000) .. i end",
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_a_bomb_ends(sandbox, body: str) -> None:  # type: ignore[no-untyped-def]  # the fixture's class is not importable
    context = sandbox.load(b"function f() " + body.encode() + b" end", memory=16 << 20)
    outcome = call_in(context, time.monotonic() + FAR)
    assert outcome.failed
    assert outcome.value == OUT_OF_MEMORY
    assert not context.usable


def test_a_module_may_catch_it_and_go_on(sandbox) -> None:  # type: ignore[no-untyped-def]  # as above
    context = sandbox.load(b"function f() return select(2, pcall(string.rep, 'x', 1 << 30)) end")
    assert call_in(context, time.monotonic() + FAR).value == OUT_OF_MEMORY


def test_bombs_under_pcall_end_at_the_deadline(sandbox) -> None:  # type: ignore[no-untyped-def]  # as above
    body = b"local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end"
    context = sandbox.load(b"function f() " + body + b" end")
    context.keep_time(time.process_time)  # what others do on the machine is no work of the call's
    start = time.process_time()
    outcome = call_in(context, start + 0.3)
    assert outcome.value in {OUT_OF_MEMORY, TIMEOUT}
    assert time.process_time() - start < 3


def test_arguments_that_do_not_fit_are_refused_before_they_are_pushed(sandbox) -> None:  # type: ignore[no-untyped-def]  # as above
    context = sandbox.load(b"function f(_, s) return #s end", memory=4 << 20)
    assert call_in(context, time.monotonic() + FAR, b"x" * (1 << 20)).value == 1 << 20
    outcome = call_in(context, time.monotonic() + FAR, b"x" * (8 << 20))
    assert outcome == (True, OUT_OF_MEMORY)
    assert not context.usable


def test_a_context_that_is_nearly_full_is_dropped_not_overfilled(sandbox) -> None:  # type: ignore[no-untyped-def]  # as above
    context = sandbox.load(
        b"kept = {} function f(_, s) kept[#kept + 1] = s .. #kept return #kept end", memory=4 << 20
    )
    while context.usable:
        call_in(context, time.monotonic() + FAR, b"x" * 100_000)
    assert call_in(context, time.monotonic() + FAR, b"x" * 100_000).value == OUT_OF_MEMORY


def test_a_module_text_that_does_not_fit_is_an_error_in_lua(sandbox) -> None:  # type: ignore[no-untyped-def]  # as above
    sandbox.modules = {b"big": b"return '" + b"x" * 700_000 + b"'"}
    context = sandbox.load(b"function f() return select(2, pcall(require, 'big')) end", memory=3 << 20)
    assert call_in(context, time.monotonic() + FAR).value == OUT_OF_MEMORY


STACKS = {
    "Lua": ("local function f(a) local b, c = a, a return a + f(b) + c end return f(1)", b"stack overflow"),
    "C": ("local function f() return (('a'):gsub('a', f)) end return f()", b"C stack overflow"),
    "metamethods": (
        "local t = {} setmetatable(t, { __index = function(t, k) return t[k .. 1] end }) return t.x",
        b"C stack overflow",
    ),
    "coroutines": ("local function f() return coroutine.wrap(f)() end return f()", b"C stack overflow"),
}


@pytest.mark.parametrize(("body", "message"), STACKS.values(), ids=STACKS)
def test_a_stack_overflow_is_an_error_like_another(call: Call, body: str, message: bytes) -> None:
    value = call(body)
    assert isinstance(value, bytes)
    assert value.endswith(message)


@pytest.mark.parametrize("seconds", [30, FAR])
def test_what_runs_away_ends_before_memory_does(call: Call, seconds: float) -> None:
    """A million calls, as many as the stack has room for, would take more than the memory, and most of a second."""
    body = "local function g()\nreturn 1 + g()\nend return g()"
    assert call(body, seconds=seconds) == b"/udf/m.lua:3: stack overflow"
    assert call("local function g() return g() + 1 end local ok, m = pcall(g) return m") == (
        b"/udf/m.lua:2: stack overflow"
    )


def test_a_deep_recursion_ends_well(call: Call) -> None:
    body = "local function g(n) return n == 0 and 0 or 1 + g(n - 1) end return g(100000)"
    assert call(body, seconds=60) == 100000


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


class _Turn:
    """Knows the context whose time it tells."""

    def __init__(self, context: LuaContext) -> None:
        self.context = context
        context.keep_time(self.now)

    def now(self) -> float:
        return time.monotonic()


def test_a_closed_context_needs_no_collection(sandbox) -> None:  # type: ignore[no-untyped-def]  # as above
    turn = _Turn(sandbox.load(b"function f() end"))
    sandbox.contexts.clear()
    turn.context.close()
    gone = weakref.ref(turn)
    gc.disable()
    try:
        del turn
        assert gone() is None
    finally:
        gc.enable()


def test_memory_returns_when_contexts_are_dropped(sandbox) -> None:  # type: ignore[no-untyped-def]  # as above
    def fill() -> None:
        context = sandbox.load(b"t = {} for i = 1, 300000 do t[i] = {} end", seconds=FAR)
        context.close()
        sandbox.contexts.clear()

    fill()
    before = _resident()
    for _ in range(10):
        fill()
    assert _resident() - before < 32 << 20
