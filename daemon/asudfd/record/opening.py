"""Opens the files of a namespace at start: checks file and journals, then merges the journals into the file.

Nothing is written before all is judged: a start that is refused leaves every byte as it was.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from asudfd.errors import RECOVER, StartError
from asudfd.process.work_directory import sync_directory
from asudfd.record.database import Database, DatabaseError, Layer, NoRoomError, merged
from asudfd.record.disk import reason
from asudfd.record.journal import Journal
from asudfd.record.journals import ExpectedJournals, blank, contents, examine
from asudfd.record.record import set_of
from asudfd.record.sets import Sets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from asudfd.manifest import Manifest


class OpenedFiles(NamedTuple):
    """The open files of a namespace; the first journal takes the next writes."""

    database: Database
    journals: tuple[Journal, Journal]
    sets: Sets


def journal_paths(path: Path) -> tuple[Path, Path]:
    """The journals of the file ``path``."""
    return path.with_name(f"{path.name}.journal0"), path.with_name(f"{path.name}.journal1")


def open_files(
    path: Path, size: int, namespace: bytes, warn: Callable[[str], None], manifest: Manifest | None = None
) -> OpenedFiles:
    """Open the file ``path`` for ``size`` bytes, and bring what its journals have into it. Raises StartError.

    A file that ``manifest`` knows must be there; it knows this one afterwards.
    """
    paths = journal_paths(path)
    _refuse_lost(path, paths, manifest)
    journals: list[Journal] = []
    there = [journal for journal in paths if journal.exists()]
    database = None
    try:
        journals.extend(map(Journal, paths))
        database = Database(path, size, namespace)
        sets = Sets()
        database.restore(sets)
        _bring_together(path, database, journals, sets, warn)
        _tell_of_damage(path, database, warn)
        _remember(path, manifest)
    except BaseException:
        if database is not None:
            database.close()
        for journal in journals:
            journal.close()
            if journal.path not in there:
                journal.path.unlink()  # a file that is not ours gets no company
        raise
    return OpenedFiles(database, (journals[0], journals[1]), sets)


def _tell_of_damage(path: Path, database: Database, warn: Callable[[str], None]) -> None:
    """A damaged record harms no other, so that it is no reason not to start."""
    damaged = database.damaged()
    if damaged:
        warn(
            f"{path}: {len(damaged)} records are damaged or under a wrong digest, the first at {damaged[0].hex()}. {RECOVER}"
        )


def _refuse_lost(path: Path, paths: tuple[Path, Path], manifest: Manifest | None) -> None:
    if path.exists() and path.stat().st_size:
        return
    if not all(map(blank, contents(paths).values())):
        raise StartError(f"{path} is gone, but its journals are there: restore it from a copy; or {RECOVER}")
    if manifest is not None and path in manifest:
        raise StartError(
            f"{path} is gone, and its journals with it, and {manifest.path} says that it was there. Restore them from a copy, "
            f"or delete the line in {manifest.path.name} to start without the records"
        )


def _remember(path: Path, manifest: Manifest | None) -> None:
    if manifest is not None:
        try:
            manifest.add(path)
        except OSError as error:
            raise StartError(f"cannot write {error.strerror}") from error


def _bring_together(
    path: Path, database: Database, journals: list[Journal], sets: Sets, warn: Callable[[str], None]
) -> None:
    """Bring what was acknowledged before a crash into the file, and begin a new epoch. Raises StartError."""
    state = database.state
    found = examine(state, contents([journal.path for journal in journals]))
    if found.damage:
        raise StartError(
            f"{path} has a damaged journal, nothing was changed: {'; '.join(damage.text for damage in found.damage)}. "
            f"Restore the file and its journals from a copy; or {RECOVER}"
        )
    for text in found.lost:
        warn(f"the machine went down before it had flushed a write: {text}")
    layer = merged(reading.values for reading in found.readings)
    last = max([state.epoch, *(reading.epoch for reading in found.readings if reading.entries)])
    try:
        if layer:
            count(path, database, layer, sets)
            insist(database, lambda: database.commit(layer, sets.figures(), last, ExpectedJournals.NEW))
            database.refresh()
        if state.expected is ExpectedJournals.OLD:
            insist(database, database.upgrade)
        journals.sort(key=lambda journal: journal.path != found.next)
        _begin(path, database, journals, last)
    except DatabaseError as error:
        raise StartError(f"cannot write {path}: {error}") from error
    except OSError as error:
        where = journals[0].path
        raise StartError(f"cannot write {where}: {reason(error, where).text}") from error


def _begin(path: Path, database: Database, journals: list[Journal], last: int) -> None:
    """Make the journals ready, durably, before the file says that they are to be expected.

    The one that holds the epoch after the file's comes first: at any moment one does, and never both.
    """
    identity = database.state.identity
    for journal, epoch in zip(journals, (last + 1, 0), strict=True):
        journal.begin(epoch, identity)
        journal.sync_beginning()
    sync_directory(path.parent)
    insist(database, lambda: database.expect(ExpectedJournals.OPEN))


def count(path: Path, database: Database, layer: Layer, sets: Sets) -> None:
    """Count what the journals change."""
    for number, values in layer.items():
        for digest, value in values.items():
            try:
                old = database.get(number, digest)
            except DatabaseError as error:
                raise StartError(f"{path} is damaged: {error}. {RECOVER}") from error
            if old:
                sets.removed(set_of(old), len(old))
            if value:
                sets.written(set_of(value), 0, len(value))


def insist(database: Database, act: Callable[[], None]) -> None:
    """Do something in the file, which grows as long as it needs more room. Raises DatabaseError."""
    while True:
        with suppress(NoRoomError):
            act()
            return
        database.grow()
