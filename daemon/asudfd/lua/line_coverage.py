"""Which lines of each module have run: for the coverage of tests. A worker notes them, and the node writes them to a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from asudfd.lua.context import LuaContext
from asudfd.lua.line_marks import LineMarks
from asudfd.lua.line_watch import LineWatch, program

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asudfd.lua.context import ContextSettings


class LineCoverage:
    """The lines that run in the contexts of a worker."""

    def __init__(self) -> None:
        program()  # before files are out of reach
        self.marks = LineMarks()
        self._known: set[tuple[str, int]] = set()  # chunk and number of each line that was told
        self._watches: dict[LuaContext, LineWatch] = {}

    def context(self, settings: ContextSettings, required: set[bytes]) -> LuaContext:
        """A new context whose lines are noted."""
        watch = LineWatch(marks=self.marks)
        context = LuaContext(settings._replace(prelude=watch.attach), required)
        self._watches[context] = watch
        return context

    def news(self, context: LuaContext) -> dict[str, list[int]]:
        """The lines that have run in ``context`` and were not told, by the name of their chunk."""
        lines: dict[str, list[int]] = {}
        for line in self._watches[context].lines():
            if (line.chunk, line.line) not in self._known:
                self._known.add((line.chunk, line.line))
                lines.setdefault(line.chunk, []).append(line.line)
        return lines

    def forget(self, context: LuaContext) -> None:
        """A context is about to be closed."""
        del self._watches[context]


class CoverageFile:
    """The lines of a node. They go to a file in ``directory`` when it has stopped."""

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory)
        self._lines: dict[str, set[int]] = {}
        self._followed: dict[str, str] = {}

    def add(self, lines: Mapping[str, Iterable[int]], followed: Mapping[str, str]) -> None:
        """Add what a worker has told."""
        for chunk, numbers in lines.items():
            self._lines.setdefault(chunk, set()).update(numbers)
        self._followed.update(followed)

    def write(self) -> None:
        """Write the file, when no call runs any more. Raises OSError."""
        write_lines(self._directory / f"node-{os.getpid()}-{id(self):x}.json", self._lines, self._followed)


def write_lines(path: Path, lines: dict[str, set[int]], followed: dict[str, str]) -> None:
    """Write the lines of modules, and why some have no marks. Raises OSError."""
    content = {"lines": {chunk: sorted(numbers) for chunk, numbers in lines.items()}, "followed": followed}
    path.write_text(json.dumps(content), encoding="utf-8")
