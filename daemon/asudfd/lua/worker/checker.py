"""The check of a module in a worker, which is killed when it holds on for too long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from asudfd.lua.errors import MESSAGE_SIZE_MAX, ModuleError, printable_file
from asudfd.lua.module_check import COMPILE_SECONDS, slow_body, slow_compile
from asudfd.lua.worker.frames import (
    BAD,
    CHECK,
    COMPILED,
    FETCH,
    GOOD,
    LINE,
    NO_SOURCE,
    RAN,
    REQUIRED,
    SETTINGS,
    SOURCE,
    BrokenWorkerError,
    WorkerLine,
    frame,
    told,
    unpack_bad,
    unpack_line,
    unpack_ran,
)
from asudfd.lua.worker.worker_end import WorkerEndedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.lua.worker.frames import ModuleCheck, WorkerSettings
    from asudfd.lua.worker.module_worker import WorkerNews
    from asudfd.lua.worker.supply import WorkerSupply
    from asudfd.lua.worker.worker_end import Worker

WORKERS_MAX = 4
"""Modules that are checked at the same time; further ones wait."""

LATE_SECONDS = 0.5
"""Processor seconds that a worker may take beyond the limits that it keeps by itself: it looks at its clock once a millisecond, but
closing a state or collecting what a body left can take longer."""

SILENT_SECONDS = 60.0
"""Seconds by the wall clock that a check may take beyond the time of its body; a worker that is given no processor ends then."""

LOOK_SECONDS = 0.05
"""Between two looks at the processor time of a worker, which are a system call each: what it may take too much is a tenth of LATE_SECONDS."""


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
        self.news = news
        self.source = source
        self.required = required
        self._settings = settings
        self._supply = supply
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._places = asyncio.Semaphore(WORKERS_MAX)
        self._stopped = False

    async def check(self, module: ModuleCheck) -> None:
        """Raises ModuleError, and NoWorkerError where there is none."""
        async with self._places:
            worker = self._idle_worker() or await self._new_worker()
            check = _Check(self, worker, module)
            self._busy.add(worker)
            try:
                await check.run()
            finally:
                self._busy.discard(worker)
                if check.ended and not self._stopped:
                    self._idle.append(worker)
                else:
                    worker.close()

    async def _new_worker(self) -> Worker:
        worker = await self._supply.fork()
        worker.send(told(SETTINGS, self._settings))
        return worker

    def _idle_worker(self) -> Worker | None:
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


class _Check:
    """One check. ``ended`` turns True when the worker has said what it is to say, and may be used again."""

    def __init__(self, checker: ModuleChecker, worker: Worker, module: ModuleCheck) -> None:
        self._checker = checker
        self._worker = worker
        self._module = module
        self._compiled = False
        self._killed = False
        self._began = worker.seconds()
        loop = asyncio.get_running_loop()
        self._end = loop.time() + SILENT_SECONDS + module.body_max_ms / 1000
        self._timer = loop.call_later(LOOK_SECONDS, self._look)
        self.ended = False

    async def run(self) -> None:
        """Raises ModuleError."""
        self._worker.send(told(CHECK, self._module))
        try:
            while not self.ended:
                self._take(*await self._worker.receive())
        except WorkerEndedError:
            raise self._why_it_ended() from None
        except BrokenWorkerError as error:
            self._checker.news.line(
                WorkerLine(1, "", f"the worker that checked {self._module.name!r} is broken: {error}")
            )
            raise ModuleError(self._module.name, 0, b"module breaks the sandbox") from None
        finally:
            self._timer.cancel()

    def _take(self, kind: int, body: bytes) -> None:
        """What the worker said. Raises ModuleError and BrokenWorkerError."""
        if kind == GOOD:
            self.ended = True
        elif kind == BAD:
            verdict = unpack_bad(body)
            self.ended = True
            raise ModuleError(printable_file(verdict.file), verdict.line, verdict.message[:MESSAGE_SIZE_MAX])
        elif kind == COMPILED:
            self._compiled, self._began = True, self._worker.seconds()
        elif kind == FETCH:
            self._send_source(body)
        elif kind == LINE:
            self._checker.news.line(unpack_line(body))
        elif kind == RAN:
            self._checker.news.ran(unpack_ran(body))
        elif kind == REQUIRED:
            self._checker.required(body)
        else:
            raise BrokenWorkerError(f"an answer of kind {kind} to a check")

    def _send_source(self, name: bytes) -> None:
        """Raises BrokenWorkerError where the last text still waits for the worker: the node would pile them up."""
        if not self._worker.reads:
            raise BrokenWorkerError("it asks for sources and does not read them")
        source = self._checker.source(name)
        if source is None:
            self._worker.send(frame(NO_SOURCE))
        else:
            self._worker.send(frame(SOURCE, source))

    def _look(self) -> None:
        """Kill the worker when it takes longer than it may; else look again soon."""
        loop = asyncio.get_running_loop()
        if self._worker.seconds() - self._began < self._seconds and loop.time() < self._end:
            self._timer = loop.call_later(LOOK_SECONDS, self._look)
        else:
            self._killed = True
            self._worker.kill()

    @property
    def _seconds(self) -> float:
        """Processor seconds that the worker may take now."""
        own = self._module.body_max_ms / 1000 if self._compiled else COMPILE_SECONDS
        return own + LATE_SECONDS

    def _why_it_ended(self) -> ModuleError:
        name = self._module.name
        if not self._killed:
            return ModuleError(name, 0, b"the process that checked the module has ended")
        return slow_body(name, self._module.body_max_ms) if self._compiled else slow_compile(name)
