"""The contexts of one module in workers: leased to one call at a time, first in first out.

Calls that come one after the other use one worker, which has all their contexts; calls that overlap get workers of their own. A
context belongs to the version of the module it was made for; one that comes back after the version has changed is dropped.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.lua.context_counts import ContextCounts
    from asudfd.lua.module_version import ModuleVersion
    from asudfd.lua.worker.module_worker import ModuleWorker, RemoteContext

PATIENCE = 0.005
"""Seconds between contexts that are made while calls wait.

A short call is better served by a context that comes back, which it does within a millisecond or two, than by a new one, which
takes as long to make and whose memory is not in the processor's cache.
"""


QUICK_PATIENCE = 0.05
"""The same where a quick function was called: sixty-four such calls are done in less by the worker that there is."""


class WorkerLease:
    """The lease of one call: a context and its worker, or the right to make a context (``context`` is None until it is made).

    It is made in ``worker``, or in a new one where that is None. ``fresh``: it had to be made. ``proof``: what comes of the call may
    be thrown away.
    """

    __slots__ = ("context", "fresh", "proof", "version", "worker")

    def __init__(
        self, version: ModuleVersion, worker: ModuleWorker | None, context: RemoteContext | None
    ) -> None:
        self.version = version
        self.worker = worker
        self.context = context
        self.fresh = context is None
        self.proof = False
        if worker is not None:
            worker.busy = True


class ContextDrop(NamedTuple):
    """Contexts to be dropped from a worker, which is busy until then; none: it has dropped its last one by itself, and will say so.

    ``whole``: it has no others, and is to be closed.
    """

    worker: ModuleWorker
    contexts: list[RemoteContext]
    whole: bool


class WorkerContexts:
    """``count`` contexts are kept, up to ``most`` while calls overlap (0 and 0: none is kept). Only the event loop uses it."""

    __slots__ = ("_count", "_counts", "_idle", "_most", "_quiet", "_timer", "_total", "_waiting", "version")

    def __init__(self, version: ModuleVersion, count: int, most: int, counts: ContextCounts) -> None:
        self.version = version
        self._count = count
        self._most = max(count, most)
        self._counts = counts
        self._idle: deque[RemoteContext] = deque()
        self._waiting: deque[asyncio.Future[WorkerLease]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._total = 0
        self._quiet = 0  # the fewest that were idle since the last trim

    def take(self) -> WorkerLease:
        """A context for one call: the longest idle one that can be had, or a new one while too few exist."""
        found = self._free()
        if found is not None and self._total >= self._count:
            return self.keep(found)
        self._counts.misses += 1
        self._total += 1
        self._quiet = 0
        self._counts.begin()
        return WorkerLease(self.version, found.worker if found is not None else None, None)

    def _free(self) -> RemoteContext | None:
        """The longest idle context whose worker does nothing else."""
        for context in self._idle:
            if not context.worker.busy:
                return context
        return None

    async def wait(self, *, quick: bool = False) -> WorkerLease:
        """The same for a call that can wait: while all contexts are busy, a new one every PATIENCE seconds; QUICK_PATIENCE for a quick call."""
        self.lose_ended()
        if self._can_take() or not self._most:
            return self.take()
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[WorkerLease] = loop.create_future()
        self._waiting.append(waiter)
        if self._timer is None:
            self._timer = loop.call_later(QUICK_PATIENCE if quick else PATIENCE, self._grow)
        try:
            return await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # it came just then
                self.give(waiter.result())
            raise

    def _can_take(self) -> bool:
        return self._total < self._count or self._free() is not None

    def _grow(self) -> None:
        self._timer = None
        self.serve(1)
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._grow)

    def serve(self, new: int = 0) -> None:
        """Let who waits have the idle contexts, those that are missing, and ``new`` ones beyond."""
        waiting = self._waiting
        while waiting and (new or self._can_take()):
            waiter = waiting.popleft()
            if waiter.done():
                continue
            new -= not self._can_take()
            waiter.set_result(self.take())

    def give(self, lease: WorkerLease) -> ContextDrop | None:
        """End a lease; answers what is to be dropped, if its context or its worker is not kept."""
        drop = self._take_back(lease)
        self.serve()
        return drop

    def _take_back(self, lease: WorkerLease) -> ContextDrop | None:
        context, worker = lease.context, lease.worker
        self._counts.creations += lease.fresh and context is not None
        if lease.version is not self.version:
            self._counts.evictions += context is not None
            return ContextDrop(worker, [], whole=True) if worker is not None else None
        if context is not None and context.usable and not context.worker.ended and self._total <= self._most:
            self._idle.append(context)
            self.free(context.worker)
            return None
        self._total -= 1
        self._counts.total -= 1
        self._counts.evictions += context is not None
        if worker is None:
            return None
        kept = len(worker.contexts) - (context in worker.contexts)
        if worker.ended or not kept:
            self.lose(worker)
            return ContextDrop(worker, [], whole=True)
        if context is None:
            self.free(worker)
            return None
        return ContextDrop(worker, [context] if context.usable else [], whole=False)

    def take_now(self) -> RemoteContext | None:
        """The context of a call that ends before the event loop goes on; None where one is to be made, or to be waited for.

        Then `give_now` has it, or a call that lasts takes it by `keep`.
        """
        return None if self._total < self._count or self._waiting else self._free()

    def give_now(self, context: RemoteContext) -> None:
        """The call has ended, and its context can be used again."""
        idle = self._idle
        if idle[0] is context:
            idle.rotate(-1)
        else:
            idle.remove(context)
            idle.append(context)
        self._counts.hits += 1
        self._quiet = min(self._quiet, len(idle) - 1)
        context.worker.idle_since = time.monotonic()

    def keep(self, found: RemoteContext) -> WorkerLease:
        """The lease of an idle context."""
        self._counts.hits += 1
        self._idle.remove(found)
        self._quiet = min(self._quiet, len(self._idle))
        return WorkerLease(self.version, found.worker, found)

    def take_all(self) -> list[RemoteContext]:
        """The idle contexts of a worker that does nothing, the longest idle one first; it is busy until `give_all`. None where one is to be made."""
        first = None if self._total < self._count or self._waiting else self._free()
        if first is None:
            return []
        first.worker.busy = True
        return [context for context in self._idle if context.worker is first.worker]

    def give_all(self, contexts: list[RemoteContext], count: int) -> None:
        """End what `take_all` began: ``count`` calls have run in ``contexts``, in turn. Those that are unusable go."""
        self._counts.hits += count
        used = contexts[:count] if count < len(contexts) else _turned(contexts, count)
        for context in used:
            if context not in self._idle:  # the module has changed meanwhile
                continue
            self._idle.remove(context)
            if context.usable:
                self._idle.append(context)
            else:
                self._total -= 1
                self._counts.total -= 1
                self._counts.evictions += 1
        self.free(contexts[0].worker)
        self.serve()

    def take_apart(self) -> WorkerLease:
        """The right to make a context in a worker of its own, for a proof: it does not count before `count`."""
        lease = WorkerLease(self.version, None, None)
        lease.proof = True
        return lease

    def count(self, lease: WorkerLease) -> None:
        """The context of a proof becomes one as others are."""
        lease.proof = False
        if lease.worker is not None:
            lease.worker.release_lines()
        self._counts.misses += 1
        if lease.version is self.version:
            self._total += 1
            self._counts.begin()

    def free(self, worker: ModuleWorker) -> None:
        """A worker does nothing any more."""
        worker.busy = False
        worker.idle_since = time.monotonic()

    def lose(self, worker: ModuleWorker) -> None:
        """The idle contexts of a worker are gone with it."""
        for context in [each for each in self._idle if each.worker is worker]:
            self._idle.remove(context)
            self._total -= 1
            self._counts.total -= 1
            self._counts.evictions += 1
        self._quiet = min(self._quiet, len(self._idle))

    def lose_ended(self) -> None:
        """Let go of the contexts whose workers have ended while they were idle."""
        for worker in {context.worker for context in self._idle if context.worker.ended}:
            self.lose(worker)
            worker.close()

    def idle(self) -> Iterator[RemoteContext]:
        """The contexts that no call has now."""
        return iter(self._idle)

    def idle_workers(self) -> set[ModuleWorker]:
        """The workers that do nothing."""
        return {context.worker for context in self._idle if not context.worker.busy}

    def renew(self, version: ModuleVersion) -> list[ModuleWorker]:
        """Begin a new version; answers the idle workers of the old one, which are to be closed."""
        closed = list(self.idle_workers())
        self._counts.evictions += len(self._idle)
        self._counts.total -= self._total
        self._idle.clear()
        self._total = self._quiet = 0
        self.version = version
        return closed

    def trim(self) -> list[ContextDrop]:
        """Drop what no call has used since the last trim, down to the kept count, few of many workers first."""
        surplus = max(0, min(self._quiet, self._total - self._count))
        drops = []
        for worker in sorted(self.idle_workers(), key=lambda worker: len(worker.contexts)):
            chosen = [context for context in self._idle if context.worker is worker][:surplus]
            if chosen:
                surplus -= len(chosen)
                drops.append(self._drop(worker, chosen))
        self._quiet = len(self._idle)
        return drops

    def _drop(self, worker: ModuleWorker, contexts: list[RemoteContext]) -> ContextDrop:
        worker.busy = True
        for context in contexts:
            self._idle.remove(context)
        self._total -= len(contexts)
        self._counts.total -= len(contexts)
        self._counts.evictions += len(contexts)
        return ContextDrop(worker, contexts, whole=len(contexts) == len(worker.contexts))

    def is_empty(self) -> bool:
        """Whether this version has no context, nor one in the making."""
        return not self._total


def _turned(contexts: list[RemoteContext], count: int) -> list[RemoteContext]:
    """The contexts in the order in which they were last used, when ``count`` calls have used them in turn."""
    first = count % len(contexts)
    return contexts[first:] + contexts[:first]
