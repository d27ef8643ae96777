"""How often each line of each module has run, over all contexts of a host: for the coverage of tests."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from asudfd.lua.context import LuaContext
from asudfd.lua.line_watch import LineWatch

if TYPE_CHECKING:
    from asudfd.lua.context import ContextSettings


class LineCounts:
    """The counts of a host. They go to a file in ``directory`` when the host has stopped."""

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory)
        self._lock = Lock()
        self._counts: dict[str, Counter[int]] = {}
        self._watches: dict[LuaContext, LineWatch] = {}

    def context(self, settings: ContextSettings, required: set[bytes]) -> LuaContext:
        """A new context whose lines are counted."""
        watch = LineWatch(count=True)
        context = LuaContext(settings._replace(prelude=watch.attach), required)
        with self._lock:
            self._watches[context] = watch
        return context

    def take(self, context: LuaContext) -> None:
        """Add the counts of a context that is about to be closed."""
        with self._lock:
            watch = self._watches.pop(context, None)
            if watch is None:
                return
            watch.settle()
            for line in watch.lines():
                self._counts.setdefault(line.chunk, Counter())[line.line] += line.calls

    def write(self) -> None:
        """Write the file, when no call runs any more. Raises OSError."""
        for context in list(self._watches):
            self.take(context)
        path = self._directory / f"node-{os.getpid()}-{id(self):x}.json"
        path.write_text(json.dumps(self._counts), encoding="utf-8")
