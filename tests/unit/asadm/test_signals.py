"""Signals in steps that belong together are raised where the program waits, whether or not the program listens."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from asadm.signals import DeferredSignals
from asinfo.terminal import interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator

HEARD = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True, params=[False, True], ids=["a program that does not listen", "one that does"])
def listens(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    state = interrupt._State()
    state.deferring = bool(request.param)
    monkeypatch.setattr(interrupt, "_state", state)
    before = {number: signal.signal(number, signal.default_int_handler) for number in HEARD}
    yield bool(request.param)
    assert state.deferring == request.param
    assert {signal.signal(number, handler) for number, handler in before.items()} == {
        signal.default_int_handler
    }


@pytest.mark.parametrize("number", HEARD)
def test_a_signal_is_raised_where_the_program_waits(number: signal.Signals) -> None:
    done = []
    with DeferredSignals() as signals:
        signal.raise_signal(number)
        done.append("what has begun")
        with pytest.raises(KeyboardInterrupt):
            interrupt.wait(done.append, "what waits")
        signal.raise_signal(number)
        interrupt.check()  # at most one
    assert done == ["what has begun"]
    assert (signals.signal, signals.code) == (number, 128 + number)


def test_none_is_raised_once_nothing_may_be_cut_off(listens: bool) -> None:
    with DeferredSignals() as signals:
        signal.raise_signal(signal.SIGINT)
        signals.defer()
        signal.raise_signal(signal.SIGTERM)
        interrupt.check()
    is_raised_next(listens)
    assert signals.code == 130


def is_raised_next(listens: bool) -> None:
    """Whoever goes on after the block hears of the signal where he waits, once."""
    if listens:
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()
    interrupt.check()


def test_one_that_comes_when_nothing_may_be_cut_off_ends_what_follows(listens: bool) -> None:
    with DeferredSignals() as signals:
        signals.defer()
        signal.raise_signal(signal.SIGINT)
        interrupt.check()
    is_raised_next(listens)
    assert signals.code == 130


def test_one_that_comes_so_late_inside_of_another_ends_what_follows_both(listens: bool) -> None:
    with DeferredSignals() as outer:
        with DeferredSignals() as inner:
            inner.defer()
            signal.raise_signal(signal.SIGINT)
        interrupt.check()
    is_raised_next(listens)
    assert outer.code == 130


def test_where_the_program_never_waits_it_is_raised_at_the_end(listens: bool) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - the end of the block raises it
        with DeferredSignals():
            signal.raise_signal(signal.SIGINT)
            done.append("all")
        assert listens
        interrupt.check()
    assert done == ["all"]


def test_one_inside_of_another_passes_it_on() -> None:
    with DeferredSignals() as outer:
        with DeferredSignals() as inner:
            signal.raise_signal(signal.SIGTERM)
            with pytest.raises(KeyboardInterrupt):
                interrupt.check()
        signal.raise_signal(signal.SIGINT)
        interrupt.check()
    interrupt.check()
    assert outer.code == inner.code == 143
