"""Failing calls of UDFs: what the log tells, how often, and of how many."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from asinfo.wire import request
from asinfo.wire.message import op
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from asudfd.aerospike import failures
from asudfd.aerospike.failures import TOLD_MAX, FailedCall, FailureLog
from asudfd.lua.aerospike.udf_result import NOTHING, WRITE, UdfResult, failed
from asudfd.network.session import ClientSession
from tests.fakes.state import FakeModules, Lines
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = Key("test", "demo", "k1")


def client() -> ClientSession:
    session = ClientSession()
    session.address = "127.0.0.1+4711"
    return session


def called(module: str = "m", function: bytes = b"f") -> FailedCall:
    return FailedCall(module, function, "record {test} demo 00", client())


def note(told: FailureLog, call: FailedCall, message: bytes | int, detail: bytes | None) -> None:
    if not told.holds_back(call.module, call.function, message):
        told.tell(call, message, detail)


def lines_of(world: World) -> list[str]:
    return [text for level, _, text in cast("Lines", world.node.log).lines if level == "warning"]


def play(scene: Callable[[FailureLog], None], seconds: float = 60) -> list[str]:
    """The lines of a log of failures whose time of holding back ends after the scene."""
    log = Lines()

    async def stage() -> None:
        told = FailureLog(cast("Any", log), cast("Any", FakeModules()))
        scene(told)
        if not seconds:
            while told._told:  # noqa: ASYNC110 - its end is a timer of the loop
                await asyncio.sleep(0)

    asyncio.run(stage())
    return [text for _, _, text in log.lines]


def test_a_failure_names_module_function_record_client_message_and_lines() -> None:
    lines = play(lambda told: note(told, called(), b"/udf/m.lua:3: boom", b"m.lua:3 in g < m.lua:9"))
    assert lines == [
        "m.f failed: /udf/m.lua:3: boom; at m.lua:3 in g < m.lua:9; record {test} demo 00, for 127.0.0.1"
    ]


def test_the_same_is_told_once_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "HELD_SECONDS", 0)

    def scene(told: FailureLog) -> None:
        for number in range(1000):
            note(told, called(), b"boom", b"")
            if number < 2:
                note(told, called(function=b"g"), b"boom", b"")
        note(told, called(function=b"h"), b"boom", b"")

    first, second, third, *rest = play(scene, 0)
    assert (first[:8], second[:8], third[:8]) == ("m.f fail", "m.g fail", "m.h fail")
    assert rest == [
        "999 more calls of m.f failed so within 0 s: boom",
        "1 more call of m.g failed so within 0 s: boom",
    ]


def test_a_storm_of_different_failures_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "HELD_SECONDS", 0)
    sizes: list[int] = []

    def scene(told: FailureLog) -> None:
        for number in range(10_000):
            note(told, called(), b"no stock of %d" % number, b"")
        sizes.append(len(told._told))

    lines = play(scene, 0)
    assert sizes == [TOLD_MAX]
    assert len(lines) == TOLD_MAX + 1
    assert lines[-1].startswith(f"{10_000 - TOLD_MAX} other failures of UDFs are not told")


def test_afterwards_it_is_told_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "HELD_SECONDS", 0)
    log = Lines()

    async def scene() -> None:
        told = FailureLog(cast("Any", log), cast("Any", FakeModules()))
        for _ in range(2):
            note(told, called(), b"boom", b"")
            while told._told:  # noqa: ASYNC110 - its end is a timer of the loop
                await asyncio.sleep(0)

    asyncio.run(scene())
    assert len(log.lines) == 2


def test_what_was_held_back_is_told_when_somebody_wants_to_know() -> None:
    def scene(told: FailureLog) -> None:
        for _ in range(2):
            for _ in range(3):
                note(told, called(), b"boom", b"")
            told.tell_again()
        told.tell_again()

    told, held = "m.f failed: boom; record", "2 more calls of m.f failed so within 12 s: boom"
    assert [line.partition(" {")[0] for line in play(scene)] == [told, held, told, held]


def test_a_module_that_is_not_registered_is_named_with_those_that_are() -> None:
    no_module = failed(b"UDF: Execution Error 1", detail=b"lua create error: module 'b' not found")
    lines = play(lambda told: note(told, called("b"), no_module.value, no_module.detail))
    assert "(lua create error: module 'b' not found; registered: a); record" in lines[0]
    does_not_load = play(lambda told: note(told, called("a"), no_module.value, b"lua create error: no"))
    assert "(lua create error: no); record" in does_not_load[0]


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (failed(b"function not found"), "m.f failed: function not found; record {test} demo "),
        (
            UdfResult(12, 0, b"", NOTHING, b"", None, False, None, 0),
            "m.f failed: code 12, a value that no bin",
        ),
        (UdfResult(2, 0, b"", NOTHING, b"", None, False, None, 0), "m.f failed: code 2, there is no record"),
    ],
    ids=["an error", "a bin type", "no record"],
)
@pytest.mark.parametrize("slow", [False, True], ids=["on the loop", "in a thread"])
def test_a_call_that_fails_leaves_a_line(world: World, result: UdfResult, text: str, slow: bool) -> None:
    world.host.applied, world.host.slow = result, slow
    assert world.ask(request.apply(KEY, "m", "f", [])).result == result.code
    [line] = lines_of(world)
    assert line.startswith(text)
    assert KEY.digest.hex() in line
    assert world.host.failures == [("m", b"f", False)]


def test_a_write_that_the_namespace_refuses_leaves_a_line(world: World) -> None:
    world.namespace.config.nsup_period = 0
    world.namespace.config.allow_ttl_without_nsup = False
    bins = op(1, 1, b"n", bytes(8))
    world.host.applied = UdfResult(0, 1, bytes(8), WRITE, bins, 10, False, None, 0)
    assert world.ask(request.apply(KEY, "m", "f", [], Policy())).result == Result.FORBIDDEN
    assert any(line.startswith("m.f failed: ") for line in lines_of(world))


def test_a_call_that_succeeds_leaves_none(world: World) -> None:
    assert world.ask(request.apply(KEY, "m", "f", [])).result == 0
    assert lines_of(world) == []
