"""The checks of modules that are put: in worker processes, and in threads where there are none."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from asudfd.lua.context import REQUIRED_MAX
from asudfd.lua.worker.checker import ModuleChecker
from asudfd.lua.worker.frames import ModuleCheck
from asudfd.lua.worker.supply import NoWorkerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.config.schema.lua import ModLua
    from asudfd.lua.context import LuaLog
    from asudfd.lua.runner import Runner
    from asudfd.lua.worker.frames import WorkerLine
    from asudfd.lua.worker.supply import WorkerSupply

VALIDATIONS_MAX = 4
"""Threads that check modules: their own, so that neither calls nor `udf-put` wait for the others' threads."""


class ModuleValidator:
    """Checks modules in the workers of ``supply``, or with ``runner`` in threads, which ``be_nice`` begins.

    ``asked`` gets the names that modules require, up to REQUIRED_MAX.
    """

    def __init__(
        self,
        settings: ModLua,
        runner: Runner,
        log: LuaLog,
        *,
        asked: set[bytes],
        be_nice: Callable[[], None],
        supply: WorkerSupply | None,
    ) -> None:
        self._settings = settings
        self._runner = runner
        self._log = log
        self._asked = asked
        self._threads = ThreadPoolExecutor(VALIDATIONS_MAX, "lua-put", initializer=be_nice)
        self._told = False  # that there are no workers
        self._checker: ModuleChecker | None = None
        # with coverage it is this process that notes which lines of a body ran
        if supply is not None and not settings.coverage_directory:
            self._checker = ModuleChecker(supply, runner.text_of, self._log_line, self._note_required)

    async def validate(self, name: bytes, content: bytes) -> None:
        """Load ``content`` and run it, as `udf-put` does. Raises ModuleError."""
        if self._checker is not None:
            try:
                await self._checker.check(self._check_of(name, content))
            except NoWorkerError as error:
                self._tell(error)
            else:
                self._told = False
                return
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self._runner.validate, name, content)

    def stop(self) -> None:
        """Begin no further check; `join` waits for what is under way in threads."""
        if self._checker is not None:
            self._checker.stop()
        self._threads.shutdown(wait=False)

    def join(self) -> None:
        """Wait for the threads."""
        self._threads.shutdown()

    def _check_of(self, name: bytes, content: bytes) -> ModuleCheck:
        settings = self._settings
        return ModuleCheck(
            name,
            content,
            os.fsencode(settings.user_path),
            settings.context_memory,
            settings.body_max_ms,
            settings.allow_unsafe_lua,
        )

    def _tell(self, error: NoWorkerError) -> None:
        """Log once that threads check modules, until a worker does again."""
        if not self._told:
            self._told = True
            self._write(1, "", f"threads check modules meanwhile: {error}")

    def _note_required(self, name: bytes) -> None:
        if len(self._asked) < REQUIRED_MAX:
            self._asked.add(name)

    def _log_line(self, line: WorkerLine) -> None:
        self._write(line.level, line.place, line.text)

    def _write(self, level: int, place: str, text: str) -> None:
        self._log(level, place, text, self._runner.crossing.log_context)
