"""Figures of functions: what a node answers, and what several come to together."""

from __future__ import annotations

import pytest

from asadm.target.aerospike.function_figures import CallsReading, parse, size_text, time_text
from asinfo.errors import WireError

ONE = b"module=m:function=f:calls=4:errors=2:timeouts=1:microseconds=42:memory=300000:le=2/1+16/2+32/1;"
TWO = b"module=m:function=f:calls=1:errors=0:timeouts=0:microseconds=8:memory=400000:le=8/1;module=m:function=g%3B:calls=0:errors=0:timeouts=0:microseconds=0:memory=0:le=;"


def test_functions_of_several_nodes_come_together() -> None:
    reading = CallsReading([], [{each.name: each for each in parse(answer)} for answer in (ONE, TWO, b"")])
    f, g = reading.merged().values()
    assert f.document() == {
        "function": "m.f",
        "calls": 5,
        "errors": 2,
        "timeouts": 1,
        "microseconds": 50,
        "p99_microseconds": 32,
        "memory": 400_000,
    }
    assert (f.mean, f.percentile(0.5), f.percentile(0.2)) == (10, 16, 2)
    assert (g.name, g.mean, g.percentile(0.99)) == ("m.g;", None, None)


def test_what_came_since() -> None:
    [before], [now, _] = parse(ONE), parse(TWO)
    now.add(before)
    now.add(before, -1)
    assert (now.calls, now.microseconds, now.percentile(0.99)) == (1, 8, 8)


@pytest.mark.parametrize(
    "answer",
    [b"nonsense", b"module=m", ONE.replace(b"calls=4", b"calls=x"), ONE.replace(b"2/1", b"2"), b"a=b:c"],
)
def test_answers_that_are_none(answer: bytes) -> None:
    with pytest.raises(WireError):
        parse(answer)


def test_texts() -> None:
    times = [None, 0, 999, 1000, 99_940, 250_000, 1_200_000, 360e6]
    assert list(map(time_text, times)) == [None, "0us", "999us", "1.0ms", "99.9ms", "250ms", "1.2s", "360s"]
    assert list(map(size_text, [0, 300_000, 5 << 20])) == [None, "293K", "5.0M"]
