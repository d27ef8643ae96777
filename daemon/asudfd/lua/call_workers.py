"""The workers of a node that run calls: made when they are wanted, and one ahead; watched while they run."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

from asudfd.lua.worker.frames import SETTINGS, WorkerSettings, told
from asudfd.lua.worker.module_worker import ModuleWorker, WorkerNews
from asudfd.lua.worker.supply import NoWorkerError

if TYPE_CHECKING:
    from asudfd.lua.budget import MemoryBudget
    from asudfd.lua.worker.module_worker import RemoteContext
    from asudfd.lua.worker.supply import WorkerSupply

SPARES = 1
"""Workers that are made ahead, once there was a call: the next call that wants one saves the 10 ms."""

NICENESS = 10
"""How much less urgent a worker is than the node whose call lasts, in steps of nice(2): beside 4 endless bodies `build` waits 1.6 ms in 99 of
100 times with 10 steps, and 5.6 ms with 2 (two processors)."""

LONG_SECONDS = 0.005
"""Processor time of a call after which its worker is less urgent: by the wall clock, those that wait for the processor would be called long."""

LOOK_SECONDS = 0.005
"""Between two looks at what calls take of the memory and the processor, while there are any: the time in which one can fill some 5 MB."""


class CallWorkers:
    """Workers of one node, made by ``supply``; what they tell beside results is for ``news``. Only the event loop uses it."""

    def __init__(
        self, supply: WorkerSupply, settings: WorkerSettings, news: WorkerNews, budget: MemoryBudget
    ) -> None:
        self._supply = supply
        self._settings = settings
        self._news = news
        self._budget = budget
        self._all: set[ModuleWorker] = set()
        self._spares: list[ModuleWorker] = []
        self._making: asyncio.Task[None] | None = None
        self._running: dict[
            RemoteContext, float
        ] = {}  # and the processor time of the worker when the call began; infinity: it is known to last
        self._look_timer: asyncio.TimerHandle | None = None
        self.stopped = False

    def __len__(self) -> int:
        return len(self._all)

    async def take(self) -> ModuleWorker:
        """A worker without contexts. Raises NoWorkerError."""
        while self._spares:
            worker = self._spares.pop()
            if not worker.ended:
                self._refill()
                return worker
            self.close(worker)
        worker = await self._new()
        self._refill()
        return worker

    async def _new(self) -> ModuleWorker:
        made = await self._supply.fork()
        if self.stopped:
            made.close()
            raise NoWorkerError("the node stops")
        made.send(told(SETTINGS, self._settings))
        worker = ModuleWorker(made, self._news, self._forget_worker)
        self._all.add(worker)
        return worker

    def _refill(self) -> None:
        """Make workers ahead."""
        if not self.stopped and len(self._spares) < SPARES and (self._making is None or self._making.done()):
            self._making = asyncio.get_running_loop().create_task(self._make_spare())

    async def _make_spare(self) -> None:
        try:
            self._spares.append(await self._new())
        except NoWorkerError:
            return  # who wants one tries again, and is told

    def close(self, worker: ModuleWorker) -> None:
        """End a worker."""
        worker.close()

    def _forget_worker(self, worker: ModuleWorker) -> None:
        """A worker has been closed."""
        for context in worker.contexts:
            self._budget.remove(context)
        self._all.discard(worker)

    def note(self, context: RemoteContext) -> None:
        """A context was made: it counts in the node's memory."""
        self._budget.add(context)

    def forget(self, context: RemoteContext) -> None:
        """A context is gone."""
        self._budget.remove(context)

    def begin(self, context: RemoteContext) -> None:
        """A call runs in ``context``: its memory is looked at until `end`."""
        self._running[context] = context.worker.seconds()
        if self._look_timer is None:
            self._look_timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def end(self, context: RemoteContext) -> None:
        """The call has ended."""
        self._running.pop(context, None)

    def _look(self) -> None:
        """Calls that last become less urgent; those that take too much of the node's memory end."""
        self._look_timer = None
        share = self._budget.share()
        for context, began in self._running.items():
            if began < inf and context.worker.seconds() - began >= LONG_SECONDS:
                context.worker.be_nicer(NICENESS)
                self._running[context] = inf
            if context.memory() >= share:
                context.worker.kill(for_memory=True)
        if self._running:
            self._look_timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    async def stop(self) -> None:
        """End all of them."""
        self.stopped = True
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)
        if self._look_timer is not None:
            self._look_timer.cancel()
        for worker in tuple(self._all):
            self.close(worker)
