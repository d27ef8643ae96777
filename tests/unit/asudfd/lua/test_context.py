"""The body of a module that is run as a trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asudfd.lua.aerospike.crossing import CROSSING
from asudfd.lua.context import ContextSettings, LuaContext
from asudfd.lua.state import compile_text
from tests.fakes.lua_call import NO_RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asudfd.lua.call import BodyResult

SECONDS = 0.0005
LONG = 60.0
"""Seconds of the processor for a trial that only a guard is to give up."""


@pytest.fixture
def try_body() -> Iterator[Callable[..., tuple[LuaContext, BodyResult, list[str]]]]:
    contexts: list[LuaContext] = []

    def tried(source: bytes, seconds: float = LONG) -> tuple[LuaContext, BodyResult, list[str]]:
        lines: list[str] = []
        settings = ContextSettings(
            b"/udf",
            64 << 20,
            False,
            {b"other": b"return 1"}.get,
            lambda *line: lines.append(line[2]),
            CROSSING,
            guarded=True,
        )
        context = LuaContext(settings, set())
        contexts.append(context)
        code = compile_text(source, b"@/udf/m.lua", CROSSING.no_tail_calls).code
        assert code is not None
        return context, context.run(b"m", code, b"/udf/m.lua", seconds, trial=True), lines

    yield tried
    for context in contexts:
        context.close()


def test_a_quick_body_is_there_for_calls(
    try_body: Callable[..., tuple[LuaContext, BodyResult, list[str]]],
) -> None:
    context, result, lines = try_body(b"print('hello') require('other') function f() return 5 end")
    assert not result.failed
    assert (context.usable, context.late, lines) == (True, False, ["hello"])
    assert context.try_out(b"f", LONG, b"\x90", NO_RECORD).value == (5).to_bytes(8, "big")


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b"while true do end", SECONDS),
        (b"pcall(function() while true do end end)", SECONDS),
        (b"local s = ('x'):rep(1e6)", LONG),
        (b"pcall(string.rep)", LONG),
        (b"pcall(string.find, 'x', '[')", LONG),
        (b"coroutine.wrap(function() pcall(table.concat, {{}}) end)()", LONG),
        (b"t = {} for i = 1, 1e9 do t[i] = i end", LONG),
    ],
)
def test_a_body_that_is_given_up_leaves_nothing(
    try_body: Callable[..., tuple[LuaContext, BodyResult, list[str]]], body: bytes, seconds: float
) -> None:
    context, _, lines = try_body(b"print('hello') " + body, seconds)
    assert (context.usable, context.late, lines) == (False, True, [])


def test_an_error_of_the_module_itself_is_the_result(
    try_body: Callable[..., tuple[LuaContext, BodyResult, list[str]]],
) -> None:
    context, result, _ = try_body(b"error('wrong')")
    assert (result.failed, result.value) == (True, b"/udf/m.lua:1: wrong")
    assert (context.usable, context.late) == (True, False)
