"""`asudfd --recover`: save what is whole of damaged files, without serving.

Every part of the daemon that keeps files has a recoverer, listed below. A recoverer changes nothing that is whole,
never deletes a damaged file but leaves it beside under another name, and tells the report what it saved and what not.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from asudfd.errors import StartError
from asudfd.process.lock import WorkDirectory
from asudfd.record.recover import recover as recover_records
from asudfd.recovery_report import RecoveryReport
from asudfd.smd.recover import recover as recover_metadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.config.schema import Config

    Recoverer = Callable[[Config, RecoveryReport], None]

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
