"""What workers are given and what they tell, beside results: their settings, lines for the log, and lines that have run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from asudfd.lua.worker.frames import WorkerSettings
from asudfd.lua.worker.module_worker import WorkerNews

if TYPE_CHECKING:
    from asudfd.config.schema.lua import ModLua
    from asudfd.lua.context import LuaLog
    from asudfd.lua.crossing import Crossing
    from asudfd.lua.line_coverage import CoverageFile
    from asudfd.lua.worker.frames import LinesRan, WorkerLine

SPARE_MEMORY = 128 << 20
"""Bytes for Python beside Lua: a module of the largest size is in a worker three times while it is compiled."""

NICENESS = 4
"""How much less urgent a worker is than the node at first, in steps of nice(2): with 10 a machine that is busy with other programs gives it
next to nothing, and the first call of a module took over a second."""


class WorkerTelling:
    """Between the workers of a node and its log. With a directory for coverage, the lines that have run are gathered."""

    def __init__(self, settings: ModLua, log: LuaLog, crossing: Crossing[Any]) -> None:
        self._log = log
        self._crossing = crossing
        self._coverage = _coverage(settings.coverage_directory)
        contexts = min(settings.context_memory * settings.context_count, settings.memory_max)
        self.settings = WorkerSettings(
            os.fsencode(settings.user_path),
            settings.context_memory,
            settings.allow_unsafe_lua,
            address_space=max(contexts, settings.context_memory) + SPARE_MEMORY,
            niceness=NICENESS,
            coverage=self._coverage is not None,
        )
        self.news = WorkerNews(self.line, self._ran)

    def line(self, line: WorkerLine) -> None:
        """Log a line of a worker."""
        crossing = self._crossing
        context = crossing.stream_log_context if line.of_stream else crossing.log_context
        self._log(line.level, line.place, line.text, context)

    def _ran(self, ran: LinesRan) -> None:
        if self._coverage is not None:
            self._coverage.add(ran.lines, ran.followed)

    def write_coverage(self) -> None:
        """Write which lines have run, where that is asked for; when nothing runs any more."""
        if self._coverage is None:
            return
        try:
            self._coverage.write()
        except OSError as error:
            self._log(1, "", f"which lines have run cannot be written: {error}", self._crossing.log_context)


def _coverage(directory: str) -> CoverageFile | None:
    if not directory:
        return None
    from asudfd.lua.line_coverage import CoverageFile  # for the coverage of tests alone

    return CoverageFile(directory)
