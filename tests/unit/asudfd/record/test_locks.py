"""Locks on digests: in line, and not lost when a waiter goes away."""

import asyncio

import pytest

from asudfd.record.locks import Locks

DIGEST = b"d" * 20


async def turns(number: int = 3) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def use(locks: Locks, name: str, said: list[str], go: asyncio.Event) -> None:
    async with locks.hold(DIGEST):
        said.append(f"{name} in")
        await go.wait()
        said.append(f"{name} out")


def test_the_lock_goes_from_one_to_the_next_in_line() -> None:
    async def run() -> None:
        locks, said, go = Locks(), list[str](), asyncio.Event()
        tasks = [asyncio.create_task(use(locks, name, said, go)) for name in "abc"]
        await turns()
        assert said == ["a in"]
        assert DIGEST in locks
        assert b"other" not in locks
        go.set()
        await asyncio.gather(*tasks)
        assert said == ["a in", "a out", "b in", "b out", "c in", "c out"]
        assert not locks
        assert DIGEST not in locks

    asyncio.run(run())


def test_nobody_is_turned_away_however_long_the_line() -> None:
    async def run() -> None:
        locks, said, go = Locks(), list[str](), asyncio.Event()
        tasks = [asyncio.create_task(use(locks, str(name), said, go)) for name in range(1000)]
        await turns()
        go.set()
        await asyncio.gather(*tasks)
        assert said == [f"{name} {step}" for name in range(1000) for step in ("in", "out")]
        assert not locks

    asyncio.run(run())


def test_the_lock_is_given_up_after_an_error() -> None:
    async def run() -> None:
        locks = Locks()
        with pytest.raises(ZeroDivisionError):
            async with locks.hold(DIGEST):
                _ = 1 / 0
        assert DIGEST not in locks

    asyncio.run(run())


def test_who_waits_too_long_goes_and_the_others_keep_their_places() -> None:
    async def run() -> None:
        locks, said, go = Locks(), list[str](), asyncio.Event()
        holder = asyncio.create_task(use(locks, "a", said, go))
        await turns()

        async def hurry() -> None:
            async with locks.hold(DIGEST, 0.001):
                said.append("never")

        hurried = asyncio.create_task(hurry())
        await turns()
        last = asyncio.create_task(use(locks, "b", said, go))
        with pytest.raises(TimeoutError):
            await hurried
        assert not holder.done()
        go.set()
        await asyncio.gather(holder, last)
        assert said == ["a in", "a out", "b in", "b out"]
        assert not locks

    asyncio.run(run())


@pytest.mark.parametrize("moment", ["waiting", "passing", "granted"])
def test_a_waiter_that_is_cancelled_holds_nobody_up(moment: str) -> None:
    async def run() -> None:
        locks, said = Locks(), list[str]()
        first, rest = asyncio.Event(), asyncio.Event()
        rest.set()
        holder = asyncio.create_task(use(locks, "a", said, first))
        await turns()
        victim = asyncio.create_task(use(locks, "b", said, rest))
        last = asyncio.create_task(use(locks, "c", said, rest))
        await turns()
        if moment == "waiting":
            victim.cancel()
            await turns()
            first.set()
        elif moment == "passing":  # both happen before either sees the other
            first.set()
            victim.cancel()
        else:
            first.set()
            await turns(1)
            victim.cancel()
        await asyncio.gather(holder, last)
        with pytest.raises(asyncio.CancelledError):
            await victim
        assert "c out" in said
        assert not locks

    asyncio.run(run())
