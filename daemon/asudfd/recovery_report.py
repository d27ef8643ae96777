"""The report of `asudfd --recover`: what is saved and what is lost."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pathlib import Path


EXIT_SAVED = 0
EXIT_LOST = 1


class RecoveryReport:
    """Writes the report of a recovery, line by line. ``beside`` gives the names under which damaged files are kept."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lost = False
        self._indent = ""
        self._suffix = f".damaged-{datetime.now():%Y%m%d-%H%M%S}"  # noqa: DTZ005 - for people, in their time

    def begin(self, what: str) -> None:
        """The lines that follow are about ``what``."""
        self._indent = ""
        self.say(what)
        self._indent = "  "

    def say(self, text: str) -> None:
        """Tell what is whole, what was saved, and where the damaged file is now."""
        self._out.write(f"{self._indent}{text}\n")
        self._out.flush()

    def lost(self, text: str) -> None:
        """Tell what could not be saved; the exit code is 1 then."""
        self._lost = True
        self.say(f"lost: {text}")

    def beside(self, path: Path) -> Path:
        """A name, free as yet, for the damaged file ``path`` beside it."""
        name = f"{path.name}{self._suffix}"
        number = 1
        while path.with_name(name).exists():
            number += 1
            name = f"{path.name}{self._suffix}-{number}"
        return path.with_name(name)

    @property
    def status(self) -> int:
        """The exit code."""
        return EXIT_LOST if self._lost else EXIT_SAVED
