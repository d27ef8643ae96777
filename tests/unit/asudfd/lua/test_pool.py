"""First in first out, versions, growth and shrinking, with contexts that are only looked at."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from asudfd.lua.context import LuaContext
from asudfd.lua.pool import ContextLease, ContextPool, ModuleVersion
from asudfd.lua.profile_guard import HOLD_MAX, QUICK_RUNS


def made(lease: ContextLease) -> LuaContext:
    """The context of a lease, made now if it has none."""
    if lease.context is None:
        lease.context = cast("LuaContext", SimpleNamespace(usable=True, memory=lambda: 0))
    return lease.context


def use(pool: ContextPool) -> LuaContext:
    lease = pool.take()
    context = made(lease)
    assert pool.give(lease) is None
    return context


def test_sequential_calls_walk_through_the_contexts() -> None:
    pool = ContextPool("m", 3, 8)
    first = [use(pool) for _ in range(3)]
    assert len({id(context) for context in first}) == 3
    assert [use(pool) for _ in range(6)] == first * 2
    figures = pool.statistics()
    assert (figures.contexts, figures.idle, figures.high_water) == (3, 3, 3)
    assert (figures.hits, figures.misses, figures.creations, figures.evictions) == (6, 3, 3, 0)


def test_overlapping_calls_grow_up_to_the_most_kept() -> None:
    pool = ContextPool("m", 2, 4)
    leases = [pool.take() for _ in range(6)]
    contexts = [made(lease) for lease in leases]
    assert pool.statistics().contexts == 6
    closed = [pool.give(lease) for lease in leases]
    assert [context for context in closed if context] == contexts[:2]
    assert pool.statistics().idle == 4
    assert pool.statistics().high_water == 6
    assert pool.statistics().evictions == 2


def test_trim_drops_what_was_idle_since_the_last_time() -> None:
    pool = ContextPool("m", 2, 8)
    for lease in [pool.take() for _ in range(6)]:
        made(lease)
        pool.give(lease)
    assert pool.trim() == []
    busy = [pool.take(), pool.take(), pool.take()]
    for lease in busy:
        pool.give(lease)
    assert len(pool.trim()) == 3
    assert len(pool.trim()) == 1
    assert pool.trim() == []
    assert pool.statistics().contexts == 2


def test_a_context_of_an_old_version_is_dropped_when_it_comes_back() -> None:
    pool = ContextPool("m", 2, 4)
    kept = use(pool)
    lease = pool.take()
    context = made(lease)
    assert pool.renew() == [kept]
    assert pool.give(lease) is context
    assert pool.is_empty()
    assert pool.statistics().evictions == 2


def test_an_unusable_context_is_not_kept() -> None:
    pool = ContextPool("m", 2, 4)
    lease = pool.take()
    context = made(lease)
    cast("SimpleNamespace", context).usable = False
    assert pool.give(lease) is context
    assert pool.is_empty()


def test_a_lease_without_context_leaves_nothing() -> None:
    pool = ContextPool("m", 2, 4)
    assert pool.give(pool.take()) is None
    assert pool.is_empty()
    assert pool.statistics().creations == 0


def test_a_pool_that_keeps_nothing() -> None:
    pool = ContextPool("m", 0, 0)
    for _ in range(3):
        lease = pool.take()
        context = made(lease)
        assert pool.give(lease) is context
    assert pool.statistics().misses == 3
    assert pool.is_empty()


def test_calls_that_can_wait_share_contexts_that_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "asudfd.lua.pool.PATIENCE", 60
    )  # on a busy machine 5 ms are over before a context comes back

    async def scene() -> None:
        pool = ContextPool("m", 2, 8)
        served: list[LuaContext] = []

        async def call() -> None:
            lease = await pool.wait()
            served.append(made(lease))
            await asyncio.sleep(0)
            assert pool.give(lease) is None

        await asyncio.gather(*(call() for _ in range(20)))
        assert len({id(context) for context in served}) == 2
        assert (pool.statistics().contexts, pool.statistics().idle) == (2, 2)

    asyncio.run(scene())


def test_a_wait_ends_with_a_new_context_and_leaves_nothing_when_it_is_given_up() -> None:
    async def scene() -> None:
        pool = ContextPool("m", 1, 8)
        held = pool.take()
        made(held)
        given_up = asyncio.ensure_future(pool.wait())
        late = asyncio.ensure_future(pool.wait())
        await asyncio.sleep(0)
        given_up.cancel()
        lease = await late
        assert lease.fresh
        made(lease)
        pool.give(lease)
        came = asyncio.ensure_future(pool.wait())
        assert (await came).context is not None
        waiting = asyncio.ensure_future(pool.wait())
        await asyncio.sleep(0)
        pool.give(held)  # the wait is over, and its task is given up before it knows
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert pool.statistics().idle == 1

    asyncio.run(scene())


def prewarm(pool: ContextPool) -> LuaContext | None:
    lease = pool.prewarm()
    if lease is None:
        return None
    context = made(lease)
    assert pool.prewarmed(lease) is None
    return context


def test_contexts_prewarmed_are_used_first_and_are_no_more_than_those_in_use() -> None:
    async def scene() -> None:
        pool = ContextPool("m", 4, 4)
        assert prewarm(pool) is None  # no call came yet
        assert pool.is_to_wait()
        first = pool.expect()
        one = prewarm(pool)
        assert first.done()
        assert prewarm(pool) is None
        used = [pool.take_idle()]
        assert used == [one]
        pool.give_idle(used[0] or made(pool.take()))
        assert pool.take_idle() is None  # one that nobody has used will be there soon
        two = prewarm(pool)
        assert prewarm(pool) is None
        assert use(pool) is two
        ahead = [prewarm(pool), prewarm(pool)]
        assert prewarm(pool) is None
        assert [use(pool) for _ in range(6)] == [*ahead, one, two, *ahead]
        figures = pool.statistics()
        assert (figures.contexts, figures.idle, figures.high_water) == (4, 4, 4)
        assert (figures.hits, figures.misses, figures.creations, figures.evictions) == (4, 4, 4, 0)

    asyncio.run(scene())


def test_nobody_waits_for_a_context_that_cannot_be_prewarmed() -> None:
    async def scene() -> None:
        pool = ContextPool("m", 4, 4)
        calls = [pool.expect(), pool.expect()]
        lease = pool.prewarm()
        assert lease is not None
        assert pool.prewarmed(lease) is None
        assert all(call.done() for call in calls)
        assert not pool.is_to_wait()
        assert pool.prewarm() is None
        assert pool.is_empty()

    asyncio.run(scene())


def test_a_context_prewarmed_of_an_old_version_is_dropped() -> None:
    async def scene() -> None:
        pool = ContextPool("m", 4, 4)
        call = pool.expect()
        lease = pool.prewarm()
        assert lease is not None
        assert pool.renew() == []
        assert call.done()
        context = made(lease)
        assert pool.prewarmed(lease) is context
        assert pool.is_empty()
        assert pool.statistics().evictions == 1

    asyncio.run(scene())


def test_a_suspect_is_slow_only_by_the_processor_clock() -> None:
    version = ModuleVersion()
    version.guard.note_late(b"f", 1.0)
    assert (list(version.guard.doubtful), list(version.guard.slow)) == ([b"f"], [])
    for _ in range(QUICK_RUNS):
        version.guard.note_late(b"f", HOLD_MAX / 10)
    assert not version.guard.doubtful
    version.guard.note_late(b"f", 1.0)
    version.guard.note_late(b"f", 2 * HOLD_MAX)
    assert (list(version.guard.doubtful), list(version.guard.slow)) == ([], [b"f"])
