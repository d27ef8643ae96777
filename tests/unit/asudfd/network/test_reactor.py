"""The event loop of sockets: timers, calls from other threads, and a step from inside a call."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from asudfd.network.reactor import READ, Reactor

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 60.0
"""Seconds that only a hang takes."""


@pytest.fixture
def faults() -> list[BaseException]:
    return []


@pytest.fixture
def reactor(faults: list[BaseException]) -> Iterator[Reactor]:
    made = Reactor(faults.append)
    yield made
    made.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_timers_are_called_in_the_order_of_their_times(reactor: Reactor) -> None:
    called: list[int] = []
    reactor.call_later(0.02, lambda: called.append(3))
    reactor.call_later(0, lambda: called.append(1))
    reactor.call_later(0.01, lambda: called.append(2))
    reactor.call_later(0.01, lambda: called.append(9)).cancel()
    while len(called) < 3:
        reactor.step(LONG)
    assert called == [1, 2, 3]


def test_a_timer_that_asks_for_another_at_once_lets_sockets_have_their_turn(
    reactor: Reactor, pipe: tuple[int, int]
) -> None:
    turns: list[str] = []

    def again() -> None:
        turns.append("timer")
        reactor.call_later(0, again)

    reactor.watch(pipe[0], READ, lambda _: turns.append("socket"))
    os.write(pipe[1], b"x")
    reactor.call_later(0, again)
    for _ in range(5):
        reactor.step(LONG)
    assert turns.count("socket") == 5
    assert "timer" in turns


def test_a_fault_ends_no_other_call(
    reactor: Reactor, faults: list[BaseException], pipe: tuple[int, int]
) -> None:
    served: list[int] = []

    def fail(_event: int = 0) -> None:
        raise ValueError

    reactor.watch(pipe[0], READ, fail)
    os.write(pipe[1], b"x")
    reactor.call_later(0, fail)
    reactor.call_later(0, lambda: served.append(1))
    reactor.call_soon_threadsafe(fail)
    reactor.call_soon_threadsafe(lambda: served.append(2))
    while len(served) < 2:
        reactor.step(LONG)
    reactor.step(0)
    assert {type(each) for each in faults} == {ValueError}
    assert len(faults) >= 3


def test_a_step_from_inside_a_call_serves_the_others(reactor: Reactor, pipe: tuple[int, int]) -> None:
    order: list[str] = []

    def outer() -> None:
        order.append("outer begins")
        reactor.step(LONG)
        order.append("outer ends")

    reactor.watch(pipe[0], READ, lambda _: order.append(os.read(pipe[0], 10).decode()))
    os.write(pipe[1], b"x")
    reactor.call_later(0, outer)
    reactor._run_timers()
    assert order == ["outer begins", "x", "outer ends"]


def test_a_descriptor_that_a_step_inside_forgot_is_not_reported(reactor: Reactor) -> None:
    """Two events come at once; the first one's handler ends the connection of the second."""
    first, second = os.pipe(), os.pipe()
    reported: list[int] = []

    def handler(own: int, other: int) -> None:
        reported.append(own)
        reactor.forget(other)

    reactor.watch(first[0], READ, lambda _: handler(first[0], second[0]))
    reactor.watch(second[0], READ, lambda _: handler(second[0], first[0]))
    for writing in (first[1], second[1]):
        os.write(writing, b"x")
    reactor.step(LONG)
    assert len(reported) == 1
    for end in (*first, *second):
        os.close(end)


def test_run_goes_on_until_stop_and_serves_other_threads(reactor: Reactor) -> None:
    called: list[str] = []
    thread = threading.Thread(target=reactor.run)
    thread.start()
    there = threading.Event()
    reactor.call_soon_threadsafe(lambda: called.append(threading.current_thread().name))
    reactor.call_soon_threadsafe(there.set)
    assert there.wait(LONG)
    reactor.stop()
    thread.join(LONG)
    assert not thread.is_alive()
    assert called == [thread.name]


def test_wait_makes_posted_calls_and_serves_no_socket(reactor: Reactor, pipe: tuple[int, int]) -> None:
    order: list[str] = []
    done = threading.Event()
    reactor.watch(pipe[0], READ, lambda _: order.append("socket"))
    os.write(pipe[1], b"x")

    def elsewhere() -> None:
        reactor.call_soon_threadsafe(lambda: order.append("posted"))
        done.set()
        reactor.wake()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    reactor.wait(done.is_set)
    thread.join()
    reactor.run_posted()
    assert order == ["posted"]


def test_after_close_a_wake_is_nothing(faults: list[BaseException]) -> None:
    reactor = Reactor(faults.append)
    reactor.close()
    reactor.wake()
    reactor.stop()
