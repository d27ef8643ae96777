"""The checks of modules that are put: in workers, a few at a time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asudfd.lua.context import REQUIRED_MAX
from asudfd.lua.errors import ModuleError
from asudfd.lua.worker.checker import ModuleChecker
from asudfd.lua.worker.frames import ModuleCheck
from asudfd.lua.worker.supply import NoWorkerError

if TYPE_CHECKING:
    from asudfd.config.schema.lua import ModLua
    from asudfd.lua.module_sources import ModuleSources
    from asudfd.lua.worker.supply import WorkerSupply
    from asudfd.lua.worker_telling import WorkerTelling


class ModuleValidator:
    """Checks modules in workers of ``supply``. ``asked`` gets the names that modules require, up to REQUIRED_MAX."""

    def __init__(
        self,
        settings: ModLua,
        sources: ModuleSources,
        telling: WorkerTelling,
        supply: WorkerSupply,
        asked: set[bytes],
    ) -> None:
        self._body_max_ms = settings.body_max_ms
        self._asked = asked
        self._checker = ModuleChecker(
            supply, telling.settings, telling.news, sources.by_name, self._note_required
        )

    async def validate(self, name: bytes, content: bytes) -> None:
        """Load ``content`` and run it, as `udf-put` does. Raises ModuleError."""
        try:
            await self._checker.check(ModuleCheck(name, content, self._body_max_ms))
        except NoWorkerError as error:
            raise ModuleError(name, 0, os.fsencode(f"the module cannot be checked: {error}")) from None

    def stop(self) -> None:
        """End the checks."""
        self._checker.stop()

    def _note_required(self, name: bytes) -> None:
        if len(self._asked) < REQUIRED_MAX:
            self._asked.add(name)
