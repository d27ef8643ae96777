"""First in first out, versions, growth and shrinking of the contexts in workers, with ones that are only looked at."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest

from asudfd.lua.context_counts import ContextCounts
from asudfd.lua.module_version import ModuleVersion
from asudfd.lua.worker_contexts import ContextDrop, WorkerContexts, WorkerLease

if TYPE_CHECKING:
    from asudfd.lua.worker.module_worker import ModuleWorker, RemoteContext


class Worker:
    """A worker of a test: nobody is asked for anything."""

    def __init__(self) -> None:
        self.busy = self.ended = self.closed = False
        self.idle_since = 0.0
        self.contexts: set[Any] = set()
        self.released = 0

    def release_lines(self) -> None:
        self.released += 1

    def close(self) -> None:
        self.closed = True


class Context:
    """A context of a test."""

    def __init__(self, worker: Any) -> None:
        self.worker = worker
        self.usable = True


def made(lease: WorkerLease) -> "RemoteContext":
    """The context of a lease, made now if it has none."""
    if lease.context is None:
        if lease.worker is None:
            lease.worker = cast("ModuleWorker", Worker())
            lease.worker.busy = True
        lease.context = cast("RemoteContext", Context(lease.worker))
        lease.worker.contexts.add(lease.context)
    return lease.context


class Contexts(WorkerContexts):
    """``count`` are kept, up to ``most``; and the figures."""

    __slots__ = ("figures",)

    def __init__(self, count: int, most: int) -> None:
        self.figures = ContextCounts()
        super().__init__(ModuleVersion(), count, most, self.figures)

    def use(self) -> "RemoteContext":
        lease = self.take()
        context = made(lease)
        assert self.give(lease) is None
        return context

    def counted(self) -> tuple[int, int, int, int]:
        figures = self.figures
        return figures.hits, figures.misses, figures.creations, figures.evictions


def test_sequential_calls_walk_through_the_contexts_of_one_worker() -> None:
    contexts = Contexts(3, 8)
    first = [contexts.use() for _ in range(3)]
    assert len({id(context) for context in first}) == 3
    assert len({id(context.worker) for context in first}) == 1
    assert [contexts.use() for _ in range(6)] == first * 2
    assert (contexts.figures.total, len(list(contexts.idle())), contexts.figures.high_water) == (3, 3, 3)
    assert contexts.counted() == (6, 3, 3, 0)


def test_a_worker_has_one_call_at_a_time() -> None:
    contexts = Contexts(2, 8)
    one, other = contexts.use(), contexts.use()
    assert one.worker is other.worker
    leases = [contexts.take(), contexts.take()]
    assert leases[0].context is one
    assert leases[1].context is None  # the other one is idle, but its worker is busy
    assert made(leases[1]).worker is not one.worker


def test_overlapping_calls_grow_up_to_the_most_kept() -> None:
    contexts = Contexts(2, 4)
    leases = [contexts.take() for _ in range(6)]
    workers = [made(lease).worker for lease in leases]
    assert contexts.figures.total == 6
    assert len(set(workers)) == 6
    drops = [contexts.give(lease) for lease in leases]
    assert [drop for drop in drops if drop] == [ContextDrop(worker, [], whole=True) for worker in workers[:2]]
    assert len(list(contexts.idle())) == 4
    assert contexts.figures.high_water == 6
    assert contexts.figures.evictions == 2


def test_trim_drops_what_was_idle_since_the_last_time() -> None:
    contexts = Contexts(2, 8)
    for lease in [contexts.take() for _ in range(6)]:
        made(lease)
        contexts.give(lease)

    def trimmed() -> int:
        return sum(len(drop.contexts) for drop in contexts.trim())

    assert trimmed() == 0
    for lease in [contexts.take(), contexts.take(), contexts.take()]:
        contexts.give(lease)
    assert trimmed() == 3
    assert trimmed() == 1
    assert trimmed() == 0
    assert contexts.figures.total == 2


def test_a_worker_that_has_others_is_not_closed_but_busy_until_it_has_dropped_them() -> None:
    contexts = Contexts(1, 8)
    held = [contexts.take(), contexts.take()]
    for lease in held:
        made(lease)
    contexts.give(held[0])
    lease = contexts.take()
    contexts._count = 3  # so that the second one is made in the same worker
    contexts.give(lease)
    second = contexts.take()
    assert made(second).worker is held[0].worker
    contexts.give(second)
    contexts._count = 1
    contexts.trim()
    (drop,) = contexts.trim()
    assert drop.worker is held[0].worker
    assert drop.worker.busy
    assert drop.whole == (len(drop.contexts) == 2)
    contexts.free(drop.worker)
    assert not drop.worker.busy


def test_a_context_of_an_old_version_goes_with_its_worker_when_it_comes_back() -> None:
    contexts = Contexts(2, 4)
    kept = contexts.use()
    other = contexts.take()
    taken = contexts.take()
    made(other)
    assert made(taken).worker is not kept.worker
    contexts.give(other)
    assert contexts.renew(ModuleVersion()) == [kept.worker]
    assert contexts.give(taken) == ContextDrop(cast("ModuleWorker", taken.worker), [], whole=True)
    assert contexts.is_empty()
    assert contexts.figures.total == 0
    assert contexts.figures.evictions == 3


def test_an_unusable_context_is_not_kept() -> None:
    contexts = Contexts(2, 4)
    lease = contexts.take()
    context = made(lease)
    context.usable = False
    context.worker.contexts.discard(context)
    assert contexts.give(lease) == ContextDrop(context.worker, [], whole=True)
    assert contexts.is_empty()


def test_the_others_of_its_worker_stay() -> None:
    contexts = Contexts(2, 4)
    one, other = contexts.use(), contexts.use()
    lease = contexts.take()
    assert lease.context is one
    one.usable = False
    one.worker.contexts.discard(one)  # as the worker has dropped it
    assert contexts.give(lease) == ContextDrop(one.worker, [], whole=False)
    assert list(contexts.idle()) == [other]
    assert one.worker.busy  # until it says that it is ready
    contexts.free(one.worker)
    assert contexts.use().worker is one.worker


def test_the_contexts_of_a_worker_that_has_ended_are_gone() -> None:
    async def scene() -> None:
        contexts = Contexts(2, 4)
        worker = contexts.use().worker
        assert contexts.use().worker is worker
        cast("Any", worker).ended = True
        lease = await contexts.wait()
        assert lease.context is None
        assert lease.worker is None
        assert cast("Any", worker).closed
        assert contexts.figures.total == 1
        assert contexts.figures.evictions == 2

    asyncio.run(scene())


def test_a_lease_without_context_leaves_nothing() -> None:
    contexts = Contexts(2, 4)
    assert contexts.give(contexts.take()) is None
    assert contexts.is_empty()
    assert contexts.figures.creations == 0


def test_contexts_of_which_none_is_kept() -> None:
    contexts = Contexts(0, 0)
    for _ in range(3):
        lease = contexts.take()
        context = made(lease)
        assert contexts.give(lease) == ContextDrop(context.worker, [], whole=True)
    assert contexts.figures.misses == 3
    assert contexts.is_empty()


def test_a_proof_counts_when_its_context_is_kept() -> None:
    contexts = Contexts(2, 4)
    proof = contexts.take_apart()
    made(proof)
    assert contexts.is_empty()
    assert contexts.counted() == (0, 0, 0, 0)
    contexts.count(proof)
    assert cast("Any", proof.worker).released == 1
    assert contexts.give(proof) is None
    assert contexts.counted() == (0, 1, 1, 0)
    assert contexts.figures.total == len(list(contexts.idle())) == 1


def test_a_call_that_is_not_to_wait_has_what_is_there_or_nothing() -> None:
    contexts = Contexts(1, 4)
    assert contexts.take_now() is None  # one is to be made
    only = contexts.use()
    assert contexts.take_now() is only
    lease = contexts.keep(only)
    assert contexts.take_now() is None
    contexts.give(lease)
    assert contexts.take_now() is only


def test_calls_that_are_not_to_wait_walk_through_the_contexts_and_pass_a_busy_worker() -> None:
    contexts = Contexts(2, 4)
    first, second = contexts.take(), contexts.take()
    busy, free = made(first), made(second)
    for lease in (first, second):
        contexts.give(lease)
    contexts.trim()
    found = []
    for _ in range(4):
        context = contexts.take_now()
        assert context is not None
        contexts.give_now(context)
        found.append(context)
    assert found == [busy, free] * 2
    assert contexts.counted() == (4, 2, 2, 0)
    busy.worker.busy = True
    for _ in range(2):
        assert contexts.take_now() is free
        contexts.give_now(free)
    assert list(contexts.idle()) == [busy, free]
    free.worker.busy = True
    assert contexts.take_now() is None


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine 5 ms are over before a context comes back."""
    monkeypatch.setattr("asudfd.lua.worker_contexts.PATIENCE", 60)


@pytest.mark.usefixtures("patient")
def test_calls_that_can_wait_share_contexts_that_come_back() -> None:
    async def scene() -> None:
        contexts = Contexts(2, 8)
        served: list[RemoteContext] = []

        async def call() -> None:
            lease = await contexts.wait()
            served.append(made(lease))
            await asyncio.sleep(0)
            assert contexts.give(lease) is None

        await asyncio.gather(*(call() for _ in range(20)))
        assert len({id(context) for context in served}) == 2
        assert (contexts.figures.total, len(list(contexts.idle()))) == (2, 2)

    asyncio.run(scene())


def test_a_wait_ends_with_a_new_context_and_leaves_nothing_when_it_is_given_up() -> None:
    async def scene() -> None:
        contexts = Contexts(1, 8)
        held = contexts.take()
        made(held)
        given_up = asyncio.ensure_future(contexts.wait())
        late = asyncio.ensure_future(contexts.wait())
        await asyncio.sleep(0)
        given_up.cancel()
        lease = await late
        assert lease.fresh
        made(lease)
        contexts.give(lease)
        came = asyncio.ensure_future(contexts.wait())
        assert (await came).context is not None
        waiting = asyncio.ensure_future(contexts.wait())
        await asyncio.sleep(0)
        contexts.give(held)  # the wait is over, and its task is given up before it knows
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert len(list(contexts.idle())) == 1

    asyncio.run(scene())


LEASES: dict[str, Callable[[Contexts], WorkerLease]] = {
    "a call": lambda contexts: contexts.take(),
    "a proof": lambda contexts: contexts.take_apart(),
}


@pytest.mark.parametrize("begin", LEASES.values(), ids=LEASES)
def test_a_lease_that_ends_after_a_change_counts_nothing_twice(
    begin: Callable[[Contexts], WorkerLease],
) -> None:
    contexts = Contexts(2, 4)
    lease = begin(contexts)
    made(lease)
    contexts.renew(ModuleVersion())
    if lease.proof:
        contexts.count(lease)
    contexts.give(lease)
    assert contexts.is_empty()
    assert contexts.figures.total == 0
    assert contexts.counted() == (0, 1, 1, 1)
