"""`latencies:` of a namespace that has served requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asinfo.wire import request
from asinfo.wire.request import Key
from asudfd.aerospike.info.request import Request
from asudfd.aerospike.info.statistics import latencies
from asudfd.network.session import ClientSession
from asudfd.record.latency import Latencies

if TYPE_CHECKING:
    from tests.fakes.world import World

KEY = Key("test", "demo", "k1")
NONE = "0.00," * 16 + "0.00"


def ask(world: World, parameters: bytes = b"") -> str:
    answer = latencies(world.node, Request(b"latencies", parameters, ClientSession()))
    assert isinstance(answer, bytes)
    return answer.decode()


def end_slice(world: World) -> None:
    world.namespace.latencies.end_slice(world.namespace.counters, 10)


def test_requests_of_every_kind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    note = Latencies.note
    # which bucket a time belongs to is tested in test_latency.py; here a busy machine must not choose another one
    monkeypatch.setattr(Latencies, "note", lambda self, kind, _seconds: note(self, kind, 0.0))
    end_slice(world)
    assert ask(world, b"hist={test}-udf") == "{test}-udf:"
    world.ask(request.put(KEY, {"a": 1}))
    for _ in range(2):
        world.ask(request.get(KEY))
    for _ in range(30):
        world.ask(request.apply(KEY, "m", "f", []))
    assert ask(world, b"hist={test}-udf") == "{test}-udf:", "the slice has not ended"
    end_slice(world)
    shown = dict(each.split(":") for each in ask(world).split(";"))
    assert shown["{test}-read"] == f"msec,0.2,{NONE}"
    assert shown["{test}-write"] == f"msec,0.1,{NONE}"
    assert shown["{test}-udf"] == ask(world, b"hist={test}-udf").partition(":")[2] == f"msec,3.0,{NONE}"
    assert shown["{bar}-udf"] == shown["{test}-batch-sub-udf"] == shown["batch-index"] == ""


def test_a_call_in_a_thread_is_timed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.host.slow = True
    timed: list[tuple[str, float]] = []
    monkeypatch.setattr(Latencies, "note", lambda _, kind, seconds: timed.append((kind, seconds)))
    world.ask(request.apply(KEY, "m", "f", []))
    [(kind, seconds)] = timed
    assert kind == "udf"
    assert seconds > 0
