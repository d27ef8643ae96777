"""The checks of modules in workers, a few at a time; a worker that holds on for too long is killed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from asudfd.lua.errors import MESSAGE_SIZE_MAX, ModuleError, printable_file
from asudfd.lua.module_check import COMPILE_SECONDS, slow_body, slow_compile
from asudfd.lua.worker.frames import SETTINGS, BrokenWorkerError, WorkerLine, told
from asudfd.lua.worker.module_worker import LATE_SECONDS, KilledError, MadeBy, ModuleWorker
from asudfd.lua.worker.worker_end import WorkerEndedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.lua.worker.frames import ModuleCheck, WorkerSettings, WorkerVerdict
    from asudfd.lua.worker.module_worker import WorkerNews
    from asudfd.lua.worker.supply import WorkerSupply

WORKERS_MAX = 4
"""Modules that are checked at the same time; further ones wait."""


class ModuleChecker:
    """Checks modules in workers that ``supply`` makes.

    ``settings`` are those of the workers, and ``news`` takes what they tell beside verdicts; ``source`` gives the text of a registered
    module by its name without `.lua`, and ``required`` takes names that modules require.
    """

    def __init__(
        self,
        supply: WorkerSupply,
        settings: WorkerSettings,
        news: WorkerNews,
        source: Callable[[bytes], bytes | None],
        required: Callable[[bytes], None],
    ) -> None:
        self._news = news
        self._source = source
        self._required = required
        self._settings = settings
        self._supply = supply
        self._idle: list[ModuleWorker] = []
        self._busy: set[ModuleWorker] = set()
        self._places = asyncio.Semaphore(WORKERS_MAX)
        self._stopped = False

    async def check(self, module: ModuleCheck) -> None:
        """Raises ModuleError, and NoWorkerError where there is none."""
        async with self._places:
            worker = self._idle_worker() or await self._new_worker()
            self._busy.add(worker)
            verdict: WorkerVerdict | None = None
            ended = False
            try:
                verdict = await self._verdict(worker, module)
                ended = True
            finally:
                self._busy.discard(worker)
                if ended and not self._stopped:
                    self._idle.append(worker)
                else:
                    worker.close()
        if verdict is not None:
            raise ModuleError(printable_file(verdict.file), verdict.line, verdict.message[:MESSAGE_SIZE_MAX])

    async def _verdict(self, worker: ModuleWorker, module: ModuleCheck) -> WorkerVerdict | None:
        """What the worker says of a module that is bad; None for a good one. Raises ModuleError where it does not say anything."""
        name, body_seconds = module.name, module.body_max_ms / 1000
        made = MadeBy(name, module.content, self._source, self._required, body_seconds)
        late = slow_compile(name)
        try:
            bad = await worker.begin_check(module, made, COMPILE_SECONDS + LATE_SECONDS)
            late = slow_body(name, module.body_max_ms)
            return bad or await worker.end_check(made, body_seconds + LATE_SECONDS)
        except KilledError:
            raise late from None
        except WorkerEndedError:
            raise ModuleError(name, 0, b"the process that checked the module has ended") from None
        except BrokenWorkerError as error:
            self._news.line(WorkerLine(1, "", f"the worker that checked {name!r} is broken: {error}"))
            raise ModuleError(name, 0, b"module breaks the sandbox") from None

    async def _new_worker(self) -> ModuleWorker:
        worker = await self._supply.fork()
        worker.send(told(SETTINGS, self._settings))
        return ModuleWorker(worker, self._news, lambda _worker: None)

    def _idle_worker(self) -> ModuleWorker | None:
        """One that is idle, and has not ended meanwhile; None if there is none."""
        while self._idle:
            worker = self._idle.pop()
            if not worker.ended:
                return worker
            worker.close()
        return None

    def stop(self) -> None:
        """End the workers, and the checks with them."""
        self._stopped = True
        for worker in (*self._idle, *self._busy):
            worker.close()
        self._idle.clear()
