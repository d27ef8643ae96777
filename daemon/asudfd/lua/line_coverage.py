"""Which lines of each module have run, over all contexts of a host: for the coverage of tests."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from asudfd.lua.context import LuaContext
from asudfd.lua.line_marks import LineMarks
from asudfd.lua.line_watch import LineWatch

if TYPE_CHECKING:
    from asudfd.lua.context import ContextSettings


class LineCoverage:
    """The lines of a host. They go to a file in ``directory`` when the host has stopped."""

    def __init__(self, directory: str) -> None:
        self.marks = LineMarks()
        self._directory = Path(directory)
        self._lock = Lock()
        self._lines: dict[str, set[int]] = {}
        self._watches: dict[LuaContext, LineWatch] = {}

    def context(self, settings: ContextSettings, required: set[bytes]) -> LuaContext:
        """A new context whose lines are noted."""
        watch = LineWatch(marks=self.marks)
        context = LuaContext(settings._replace(prelude=watch.attach), required)
        with self._lock:
            self._watches[context] = watch
        return context

    def take(self, context: LuaContext) -> None:
        """Add the lines of a context that is about to be closed."""
        with self._lock:
            watch = self._watches.pop(context, None)
            if watch is None:
                return
            watch.settle()
            for line in watch.lines():
                self._lines.setdefault(line.chunk, set()).add(line.line)

    def write(self) -> None:
        """Write the file, when no call runs any more. Raises OSError."""
        for context in list(self._watches):
            self.take(context)
        write_lines(
            self._directory / f"node-{os.getpid()}-{id(self):x}.json", self._lines, self.marks.followed
        )


def write_lines(path: Path, lines: dict[str, set[int]], followed: dict[str, str]) -> None:
    """Write the lines of modules, and why some have no marks. Raises OSError."""
    content = {"lines": {chunk: sorted(numbers) for chunk, numbers in lines.items()}, "followed": followed}
    path.write_text(json.dumps(content), encoding="utf-8")
