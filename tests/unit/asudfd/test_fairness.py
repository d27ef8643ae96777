"""The line in which those stand who have more to do than a turn of the event loop has time for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from asudfd.fairness import PIECE_SIZE, TURN_SIZE, LoopScheduler, cut, fill, loop_scheduler


def within(test: Callable[[LoopScheduler], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        await test(loop_scheduler())

    asyncio.run(run())


def test_one_loop_has_one_line() -> None:
    async def test(scheduler: LoopScheduler) -> None:
        assert loop_scheduler() is scheduler

    within(test)


def test_one_goes_on_in_a_turn_and_all_in_order() -> None:
    async def test(scheduler: LoopScheduler) -> None:
        order: list[int] = []
        for number in range(5):
            scheduler.call(lambda number=number: order.append(number))  # type: ignore[misc]  # its default is the number
        for turn in range(1, 6):
            await asyncio.sleep(0)
            assert order == list(range(turn))

    within(test)


def test_bytes_end_a_turn_and_the_next_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asudfd.fairness.TURN_SECONDS", 60)

    async def test(scheduler: LoopScheduler) -> None:
        assert not scheduler.over()
        scheduler.spend(TURN_SIZE)
        assert not scheduler.over()
        scheduler.spend(1)
        assert (scheduler.over(), scheduler.crowded) == (True, True)
        await asyncio.sleep(0)
        assert (scheduler.crowded, scheduler.over()) == (False, False)

    within(test)


def test_time_ends_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(scheduler: LoopScheduler) -> None:
        clock = iter((10.0, 10.001, 10.003))
        monkeypatch.setattr("asudfd.fairness.monotonic", lambda: next(clock))
        assert [scheduler.over() for _ in range(3)] == [False, False, True]

    within(test)


def test_who_is_cancelled_holds_up_nobody() -> None:
    async def test(scheduler: LoopScheduler) -> None:
        waiting = [asyncio.ensure_future(scheduler.turn()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.wait(waiting, timeout=10)
        assert [each.cancelled() for each in waiting] == [True, False, False]

    within(test)


def test_what_took_long_ends_the_turn_where_there_is_a_loop() -> None:
    fill()

    async def test(scheduler: LoopScheduler) -> None:
        fill()
        assert scheduler.crowded

    within(test)


def test_a_large_answer_is_cut() -> None:
    async def test(_scheduler: LoopScheduler) -> None:
        parts = [b"head", b"x" * (PIECE_SIZE * 2 + 1), b"", b"end"]
        pieces = [piece async for piece in cut(parts)]
        assert b"".join(pieces) == b"".join(parts)
        assert [len(piece) for piece in pieces] == [4, PIECE_SIZE, PIECE_SIZE, 1, 3]

    within(test)
