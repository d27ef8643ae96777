"""Drops contexts from workers that have others: the worker is busy until it has freed them, and ends if that takes long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from asudfd.lua.worker.frames import BrokenWorkerError
from asudfd.lua.worker.module_worker import KilledError
from asudfd.lua.worker.worker_end import WorkerEndedError

if TYPE_CHECKING:
    from asudfd.lua.call_workers import CallWorkers
    from asudfd.lua.pool import ContextPool
    from asudfd.lua.worker_contexts import ContextDrop


class ContextDropper:
    """Drops contexts of ``workers``. Only the event loop uses it."""

    def __init__(self, workers: CallWorkers) -> None:
        self._workers = workers
        self._tasks: set[asyncio.Task[None]] = set()

    def drop(self, pool: ContextPool, drop: ContextDrop) -> None:
        """Have contexts dropped, and their worker free again or closed."""
        for context in drop.contexts:
            self._workers.forget(context)
        if drop.whole:
            self._workers.close(drop.worker)
            return
        task = asyncio.get_running_loop().create_task(self._drop(pool, drop))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drop(self, pool: ContextPool, drop: ContextDrop) -> None:
        worker = drop.worker
        try:
            if drop.contexts:
                await worker.drop(drop.contexts)
            else:
                await worker.settle()
        except (KilledError, WorkerEndedError, BrokenWorkerError):
            pool.workers.lose(worker)
            self._workers.close(worker)
        else:
            pool.workers.free(worker)
            pool.workers.serve()

    async def stop(self) -> None:
        """Wait for nothing any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
