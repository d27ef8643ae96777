"""Threads that are made less urgent: each test has one of its own, which only root could make more urgent again."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from asudfd.lua.niceness import make_nicer


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as one:
        yield one


def niceness(thread: int = 0) -> int:
    return os.getpriority(os.PRIO_PROCESS, thread)


def after(steps: int) -> int:
    make_nicer(0, steps)
    return niceness()


def test_steps_are_added_to_those_of_the_caller(thread: ThreadPoolExecutor) -> None:
    before = niceness()
    assert thread.submit(after, 3).result() == min(19, before + 3)
    assert niceness() == before


def test_no_more_than_the_system_has(thread: ThreadPoolExecutor) -> None:
    assert thread.submit(after, 100).result() == 19


def test_none_becomes_more_urgent(thread: ThreadPoolExecutor) -> None:
    found = thread.submit(after, 7).result()
    number = thread.submit(threading.get_native_id).result()
    make_nicer(number, 2)
    assert thread.submit(niceness).result() == niceness(number) == found


def test_one_that_has_ended_is_nobody() -> None:
    with ThreadPoolExecutor(1) as one:
        number = one.submit(threading.get_native_id).result()
    make_nicer(number, 3)
