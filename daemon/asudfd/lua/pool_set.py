"""The contexts of all modules of a node: which pools there are, when their contexts go, and what they take."""

from __future__ import annotations

from fnmatch import fnmatchcase
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from asudfd.config.schema.lua import PROCESS
from asudfd.lua.context import REQUIRED_MAX, LuaContext
from asudfd.lua.context_closer import ContextCloser
from asudfd.lua.context_dropper import ContextDropper
from asudfd.lua.pool import ContextPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from asudfd.config.schema.lua import ModLua
    from asudfd.lua.budget import MemoryBudget
    from asudfd.lua.call_workers import CallWorkers
    from asudfd.lua.context_counts import ContextStatistics
    from asudfd.lua.demotion import Demotion, Demotions
    from asudfd.lua.module_sources import ModuleSources
    from asudfd.lua.worker.module_worker import ModuleWorker
    from asudfd.lua.worker_contexts import WorkerLease

IDLE_WORKERS_MAX = 16
"""Workers that keep contexts while they do nothing; the one that has been idle longest ends. Some 5 MB each."""


class _Idle(NamedTuple):
    """An idle context, or an idle worker with all of its contexts; how many bytes that takes, and where it is."""

    memory: int
    what: LuaContext | ModuleWorker
    pool: ContextPool


class PoolSet:
    """The pools of a host, by the names of their modules. ``be_nice`` begins the thread that frees contexts."""

    def __init__(
        self,
        settings: ModLua,
        sources: ModuleSources,
        workers: CallWorkers,
        budget: MemoryBudget,
        demotions: Demotions,
        *,
        be_nice: Callable[[], None],
    ) -> None:
        self.by_module: dict[str, ContextPool] = {}
        self.asked: set[bytes] = set()  # names that modules have asked for, up to REQUIRED_MAX
        self._settings = settings
        self._sources = sources
        self._workers = workers
        self._budget = budget
        self._demotions = demotions
        self._dropper = ContextDropper(workers)
        self._closer = ContextCloser(self._free, be_nice)
        self._stopping = False

    def of(self, module: str) -> ContextPool:
        """The pool of ``module``, a new one where there is none."""
        return self.by_module.get(module) or self._new_pool(module)

    def _new_pool(self, module: str) -> ContextPool:
        settings = self._settings
        kept = (settings.context_count, settings.context_max) if settings.cache_enabled else (0, 0)
        pool = self.by_module[module] = ContextPool(module, *kept, asked=self.asked)
        pool.version.guard.demote(self._demotions.of(module, self._sources.text_of(module)))
        pool.is_inline = self._is_inline(module)
        return pool

    def _is_inline(self, module: str) -> bool:
        """Whether functions of ``module`` may run on the event loop; where it is noted which lines run, workers do that."""
        settings = self._settings
        trusted = settings.isolation != PROCESS or any(
            fnmatchcase(module, pattern) for pattern in settings.inline_modules
        )
        return trusted and not settings.coverage_directory

    def forget(self, module: str, previous: bytes | None) -> None:
        """Drop the contexts of a module that has changed, and those of the modules that asked for it.

        ``previous`` is its text before, None if it is new.
        """
        name = module.encode("utf-8", "surrogateescape")
        self._demotions.prune(module, self._sources.text_of(module))
        own = self.by_module.get(module)
        if own is not None:
            self._renew(own)
        asked = name in self.asked or len(self.asked) >= REQUIRED_MAX
        self._sources.previous.add(module, previous if asked else None)
        for pool in list(self.by_module.values()) if asked else ():
            required = pool.version.required
            if name in required or len(required) >= REQUIRED_MAX:
                self._renew(pool)

    def clear(self) -> None:
        """Drop every context, and forget which functions are demoted; the next calls make new ones."""
        self._demotions.clear()
        self._sources.previous.clear()
        for pool in list(self.by_module.values()):
            self._renew(pool, changed=False)

    def demote(self, module: str, function: bytes) -> Demotion:
        """Never run ``function`` on the event loop again, as long as its module stays as it is; from any thread."""
        return self._demotions.add(module, self._sources.text_of(module), function)

    def trim(self) -> None:
        """Drop contexts beyond the kept count that no call has needed since the last time; for a ticker."""
        for pool in self.by_module.values():
            for drop in pool.workers.trim():
                self._dropper.drop(pool, drop)

    def statistics(self) -> list[ContextStatistics]:
        """Figures of every module that was called, or has demoted functions."""
        for module in self._demotions.modules() - self.by_module.keys():
            if self._demotions.of(module, self._sources.text_of(module)):
                self._new_pool(module)
        return [pool.statistics() for pool in self.by_module.values()]

    def end(self, pool: ContextPool, lease: WorkerLease) -> None:
        """End a lease."""
        drop = pool.workers.give(lease)
        if drop is not None:
            self._dropper.drop(pool, drop)
        self._limit_idle_workers()
        self._leave_out(pool)

    def make_room(self, size: int) -> bool:
        """Drop idle contexts, the largest first, until ``size`` bytes are free; answers whether there were enough."""
        for idle in sorted(self._idle(), key=attrgetter("memory"), reverse=True):
            if size <= 0:
                break
            if isinstance(idle.what, LuaContext):
                idle.pool.inline.drop(idle.what)
                self._budget.remove(idle.what)
                self.close([idle.what])
            else:
                self._end_worker(idle.pool, idle.what)
            size -= idle.memory
        return size <= 0

    def _idle(self) -> Iterator[_Idle]:
        for pool in self.by_module.values():
            for context in pool.inline.idle():
                yield _Idle(context.memory(), context, pool)
            for worker in pool.workers.idle_workers():
                yield _Idle(sum(context.memory() for context in worker.contexts), worker, pool)

    def _limit_idle_workers(self) -> None:
        """End workers that have been idle longest, where there are many."""
        if len(self._workers) <= IDLE_WORKERS_MAX:
            return
        idle = [(pool, worker) for pool in self.by_module.values() for worker in pool.workers.idle_workers()]
        idle.sort(key=lambda each: each[1].idle_since)
        for pool, worker in idle[: max(0, len(idle) - IDLE_WORKERS_MAX)]:
            self._end_worker(pool, worker)

    def _end_worker(self, pool: ContextPool, worker: ModuleWorker) -> None:
        pool.workers.lose(worker)
        self._workers.close(worker)

    def close_made(self, pool: ContextPool, context: LuaContext) -> None:
        """A context was made for a version of the module that is gone."""
        pool.counts.creations += 1
        pool.counts.evictions += 1
        self.close([context])
        self._leave_out(pool)

    def _renew(self, pool: ContextPool, *, changed: bool = True) -> None:
        contexts, workers = pool.renew(changed=changed)
        self.close(contexts)
        for worker in workers:
            self._workers.close(worker)
        text = self._sources.text_of(pool.module)
        pool.version.guard.demote(self._demotions.of(pool.module, text))
        if text is None:
            pool.functions.clear()
        self._leave_out(pool)

    def _leave_out(self, pool: ContextPool) -> None:
        """Names that clients make up must not gather."""
        if (
            pool.is_empty()
            and self.by_module.get(pool.module) is pool
            and self._sources.text_of(pool.module) is None
        ):
            del self.by_module[pool.module]

    def close(self, contexts: Iterable[LuaContext]) -> None:
        """Have contexts freed that are in no pool any more."""
        if not self._stopping:
            self._closer.submit(contexts)

    def _free(self, context: LuaContext) -> None:
        """Free what a context in the node holds; in the thread of the closer."""
        context.close()
        self._budget.remove(context)

    async def stop(self) -> None:
        """Drop nothing more."""
        self._stopping = True
        await self._dropper.stop()
        self._closer.give_up()

    def join(self) -> None:
        """Wait until nothing is being freed; blocks."""
        self._closer.join()
