"""`asudfd --recover`: save what is whole of damaged files, without serving.

Every part of the daemon that keeps files has a recoverer, listed below. A recoverer changes nothing that is whole,
never deletes a damaged file but leaves it beside under another name, and tells the report what it saved and what not.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from asudfd.errors import StartError
from asudfd.process.lock import WorkDirectory
from asudfd.record.recover import recover as recover_records
from asudfd.smd.recover import recover as recover_metadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.config.schema import Config

    Recoverer = Callable[[Config, "RecoveryReport"], None]

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


RECOVERERS: tuple[Recoverer, ...] = (
    # one line for each part of the daemon that keeps files
    recover_records,
    recover_metadata,
)


def recover(config: Config, out: TextIO) -> int:
    """Save what can be saved in the files of ``config`` and tell ``out``; returns the exit code.

    Raises StartError when there is no work directory or a daemon runs in it.
    """
    path = Path(config.service.work_directory)
    if not path.is_dir():
        raise StartError(f"there is no work directory {path}: say with --work-directory which one")
    work_directory = WorkDirectory(path)
    try:
        report = RecoveryReport(out)
        for each in RECOVERERS:
            each(config, report)
    finally:
        work_directory.release()
    return report.status
