"""The contexts of one module: those in the node's own process, for calls on the event loop, and those in workers; and their figures.

Only the event loop touches a pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.lua.call_figures import ModuleFigures
from asudfd.lua.context_counts import ContextCounts, ContextStatistics
from asudfd.lua.inline_contexts import InlineContexts
from asudfd.lua.module_version import ModuleVersion, RequiredNames
from asudfd.lua.worker_contexts import WorkerContexts

if TYPE_CHECKING:
    from asudfd.lua.call import LuaCall
    from asudfd.lua.context import LuaContext
    from asudfd.lua.turn_batch import TurnBatch
    from asudfd.lua.worker.module_worker import ModuleWorker


INLINE_BYTES_MAX = 65536
"""Bytes of arguments and bins of a call that is tried on the event loop: to read them alone takes a part of its time."""


class ContextPool:
    """The contexts of one module: ``count`` are kept in the node and in workers, up to ``most`` in workers while calls overlap (0 and 0: none is kept).

    ``functions`` are the figures of its functions, of all its versions. ``is_inline``: they may run on the event loop; else ``batch`` has
    calls that go to a worker together.
    """

    __slots__ = (
        "_asked",
        "batch",
        "counts",
        "functions",
        "inline",
        "is_inline",
        "module",
        "version",
        "workers",
    )

    def __init__(self, module: str, count: int, most: int, asked: set[bytes] | None = None) -> None:
        self.module = module
        self.functions = ModuleFigures()
        self.is_inline = True
        self.batch: TurnBatch | None = None
        self._asked = set() if asked is None else asked
        self.counts = ContextCounts()
        self.version = self._new_version()
        self.inline = InlineContexts(count, self.counts)
        self.workers = WorkerContexts(self.version, count, most, self.counts)

    def _new_version(self) -> ModuleVersion:
        return ModuleVersion(required=RequiredNames(self._asked))

    def may_inline(self, call: LuaCall) -> bool:
        """Whether ``call`` may be done on the event loop, if its function is quick."""
        return self.is_inline and call.size <= INLINE_BYTES_MAX and not self.inline.fails

    def renew(self, *, changed: bool) -> tuple[list[LuaContext], list[ModuleWorker]]:
        """Begin a new version; answers the idle contexts and workers of the old one, which are to be closed.

        Where no code has changed, it is known as before which functions are quick.
        """
        guard = self.version.guard
        self.version = self._new_version()
        if not changed:
            guard.pardon()
            self.version.guard = guard
        return self.inline.clear(), self.workers.renew(self.version)

    def is_empty(self) -> bool:
        """Whether this version has no context, nor one in the making."""
        return self.inline.is_empty() and self.workers.is_empty()

    def statistics(self) -> ContextStatistics:
        """The figures now."""
        counts = self.counts
        idle = len(list(self.inline.idle())) + len(list(self.workers.idle()))
        return ContextStatistics(
            self.module,
            counts.total,
            idle,
            counts.high_water,
            counts.hits,
            counts.misses,
            counts.creations,
            counts.evictions,
            tuple(self.version.guard.demoted()),
        )
