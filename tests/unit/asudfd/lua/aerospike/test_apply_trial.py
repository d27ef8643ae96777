"""A call that is tried on the event loop: what ends it, and what does not."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from asudfd.lua import context as context_module
from asudfd.lua.call import LATE, REUSE
from tests.work import measured

SECONDS = 0.0005
COUNTED = "calls = 0 function f(rec) for i = 1, 3000 do end %s for i = 1, 3000 do end calls = calls + 1 return calls end"
LEAP = "aerospike:get_current_time()"


@pytest.fixture
def leaping(applier: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Contexts in which asking for the time of day takes three milliseconds of the processor."""

    def leap() -> int:
        until = time.thread_time() + 0.003
        while time.thread_time() < until:
            pass
        return 1

    monkeypatch.setattr(context_module, "_milliseconds", leap)
    applier.guarded = True
    return lambda body: COUNTED % body


def test_a_leap_of_the_clock_does_not_cost_the_globals(applier: Any, leaping: Callable[[str], str]) -> None:
    context = applier.load(leaping(LEAP))
    for calls in (1, 2, 3):
        called = applier.apply(context, "f", [], None, trial=True, seconds=SECONDS)
        assert (called.code, called.value, called.raw.state) == (0, calls, REUSE)
    assert context.usable


def test_leaps_do_not_go_on(applier: Any, leaping: Callable[[str], str]) -> None:
    context = applier.load(leaping(f"for j = 1, 20 do {LEAP} for i = 1, 3000 do end end"))
    assert applier.apply(context, "f", [], None, trial=True, seconds=SECONDS).raw.state == LATE


def test_a_loop_is_late(applier: Any) -> None:
    applier.guarded = True
    context = applier.load("function f(rec) while true do end end")
    with measured() as work:
        assert applier.apply(context, "f", [], None, trial=True, seconds=SECONDS).raw.state == LATE
    assert work.pieces < 15


def test_a_loop_that_makes_garbage_is_late(applier: Any) -> None:
    applier.guarded = True
    context = applier.load("function f(rec) while true do local t = { {}, {}, {} } end end")
    assert applier.apply(context, "f", [], None, trial=True, seconds=SECONDS).raw.state == LATE


@pytest.mark.parametrize("value", ["5", "'x'", "true", "{}"])
def test_a_global_that_is_no_function_has_no_name_in_the_message(applier: Any, value: str) -> None:
    kind = {"5": "number", "'x'": "string", "true": "boolean", "{}": "table"}[value]
    called = applier.apply(applier.load(f"f = {value}"), "f", [], None)
    assert (called.code, called.value) == (100, f"attempt to call a {kind} value")


REFUSED = {
    "rawlen(list())": "bad argument #1 to 'rawlen' (table or string expected, got List)",
    "rawlen(rec)": "bad argument #1 to 'rawlen' (table or string expected, got Record)",
    "table.concat(rec)": "bad argument #1 to 'concat' (table expected, got Record)",
    "table.insert(rec, 1)": "bad argument #1 to 'insert' (table expected, got Record)",
    "table.remove(rec)": "bad argument #1 to 'remove' (table expected, got Record)",
    "table.sort(rec)": "bad argument #1 to 'sort' (table expected, got Record)",
    "string.format('%d', list())": "bad argument #2 to 'format' (number expected, got List)",
}


@pytest.mark.parametrize("body", REFUSED)
def test_values_that_are_userdata_are_refused_as_such(apply: Any, body: str) -> None:
    assert apply(f"return {body}").value == "/udf/m.lua:1: " + REFUSED[body]


def test_a_format_that_cannot_be_is_refused_at_the_line_of_the_log_functions(apply: Any) -> None:
    assert apply("info('%y', 'x')").value == (
        "[string \"aerospike.lua\"]:8: invalid conversion '%y' to 'format'"
    )
