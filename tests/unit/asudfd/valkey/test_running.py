"""The call of Lua at hand: when it is busy, who may kill it, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from asudfd.valkey.reply import CommandFailed
from asudfd.valkey.running import LOAD_MILLISECONDS, UNKILLABLE, Running
from asudfd.valkey.settings import ValkeySettings

if TYPE_CHECKING:
    from asudfd.network.reactor import Reactor


class CountedSteps:
    """Stands for the loop: counts the steps that are run from inside a call, and how often replies are sent."""

    def __init__(self) -> None:
        self.steps = 0
        self.sends = 0

    def send_now(self) -> None:
        self.sends += 1

    def step(self, _seconds: float) -> None:
        self.steps += 1


class Call:
    """A call of Lua that began ``age`` milliseconds ago."""

    def __init__(self, *, kind: bytes = b"function", wrote: bool = False, age: float = 10_000) -> None:
        self.kind = kind
        self.seconds = 1000.0
        script: dict[bytes, Any] = {b"kind": kind, b"name": b"f", b"wrote": wrote}
        script[b"command"] = {1: b"FCALL", 2: b"f", 3: b"0"}
        self.loop: Reactor = CountedSteps()  # type: ignore[assignment] # all of it that is used
        self.warnings: list[str] = []
        self.running = Running(
            {b"script": script}, ValkeySettings(), self.loop, self.warnings.append, lambda: self.seconds
        )
        self.tick()
        self.seconds += age / 1000

    def tick(self) -> tuple[float | None, bytes | None]:
        return self.running.tick(self.kind)


def text_of(call: Call, kind: str) -> str:
    with pytest.raises(CommandFailed) as caught:
        call.running.kill(kind)
    return caught.value.reply.text.decode()


def test_a_short_call_is_not_busy_and_cannot_be_killed() -> None:
    call = Call(age=100)
    assert call.tick() == (None, None)
    assert not call.running.busy
    assert text_of(call, "function") == "NOTBUSY No scripts in execution right now."


def test_a_long_call_serves_others_from_inside_and_is_told_once() -> None:
    call = Call()
    for _ in range(3):
        now, killed = call.tick()
        assert now is not None
        assert killed is None
    assert call.running.busy
    assert call.loop.steps == 3  # type: ignore[attr-defined] # of the stand-in
    assert call.loop.sends == 1  # type: ignore[attr-defined] # of the stand-in
    assert len(call.warnings) == 1
    assert call.running.busy_text() == (
        "BUSY Valkey is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
    )


def test_each_kind_is_killed_by_its_own_command() -> None:
    call = Call(kind=b"script")
    call.tick()
    assert text_of(call, "function").startswith("BUSY ")
    call.running.kill("script")
    assert call.tick()[1] == b"ERR Script killed by user with SCRIPT KILL."
    call.running.ended()
    assert not call.running.busy
    assert call.tick()[1] is None


def test_who_has_written_is_ended_by_the_end_of_the_node_only() -> None:
    call = Call(wrote=True)
    call.tick()
    assert text_of(call, "function") == UNKILLABLE
    call.running.end()
    assert call.tick()[1] == b"ERR Script killed: the server is shutting down."


def test_a_load_ends_after_its_time_whatever_the_threshold_is() -> None:
    assert Call(kind=b"load", age=LOAD_MILLISECONDS - 400).tick() == (None, None)
    assert Call(kind=b"load", age=LOAD_MILLISECONDS + 1).tick() == (None, b"ERR FUNCTION LOAD timeout")
