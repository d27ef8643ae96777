"""What the system is asked for a time slice, and that it may have none."""

from __future__ import annotations

import os
import struct

import pytest

from asudfd.lua.worker import time_slice
from asudfd.lua.worker.time_slice import SHORT, set_time_slice

Asked = list[tuple[int, int, bytes, int]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found: Asked = []
    monkeypatch.setattr(time_slice, "system_call", lambda *arguments: found.append(arguments))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("sys.platform", "linux")
    return found


def test_policy_and_niceness_stay(asked: Asked) -> None:
    set_time_slice(0, SHORT)
    ((number, process, attributes, flags),) = asked
    assert (number, process, flags) == (314, 0, 0)
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    assert struct.unpack("=IIQiIQQQ", attributes) == (48, 0, 8, niceness, 0, 100_000, 0, 0)


@pytest.mark.parametrize(("name", "value"), [("platform.machine", lambda: "vax"), ("sys.platform", "darwin")])
def test_elsewhere_nothing_is_asked(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setattr(name, value)
    set_time_slice(0, SHORT)
    assert asked == []


@pytest.mark.parametrize("error", [PermissionError, AttributeError])
def test_a_system_that_refuses_is_left_as_it_is(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(time_slice, "system_call", refuse)
    set_time_slice(0, SHORT)
    assert asked == []
