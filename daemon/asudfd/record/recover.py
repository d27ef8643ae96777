"""Saves the records that are whole in damaged files of namespaces; see `asudfd.recover`.

A file with its journals is judged as at a start, and every record in it is read. Where all is whole nothing is done.
Else the damaged files are kept under other names, and then, in one step,

    the file is whole      it takes what is whole of the journals
    the file is damaged    a new one, with all that is whole of file and journals, takes its place

and says that its journals mean nothing: the next start makes them anew. Whoever is interrupted begins again.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from asudfd.errors import StartError
from asudfd.manifest import Manifest
from asudfd.process.work_directory import open_own, sync_directory
from asudfd.record import entries
from asudfd.record.check import passes
from asudfd.record.database import Database, DatabaseError, insert, merged
from asudfd.record.disk import reason
from asudfd.record.entries import JournalHeaderError
from asudfd.record.journal import lock
from asudfd.record.journals import (
    ExpectedJournals,
    JournalDamage,
    JournalPair,
    blank,
    contents,
    examine,
    state_of,
)
from asudfd.record.opening import count, insist, journal_paths
from asudfd.record.record import set_of
from asudfd.record.salvage import DatabaseSalvage, salvage
from asudfd.record.sets import Sets
from asudfd.record.spaces import guarded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asudfd.config import schema
    from asudfd.record.database import Layer
    from asudfd.recovery_report import RecoveryReport

BATCH = 10_000
"""Records of one transaction: some MB, so that a file of any size is rebuilt in bounded memory."""

SHOWN_MAX = 20
"""Most damaged records that are named one by one."""

_NODE = re.compile(r"-[0-9A-F]{1,16}")


def recover(config: schema.Config, report: RecoveryReport) -> None:
    """Save the records of every namespace of ``config`` that is kept in a file, of every node of the process."""
    directory = Path(config.service.work_directory)
    manifest = Manifest(directory)
    engines = {
        directory / one.storage_engine.file[0]: one for one in config.namespaces if one.storage_engine.file
    }
    for path, namespace in engines.items():
        for each in sorted({path, *_of_nodes(path, manifest)} - (engines.keys() - {path})):
            _Recovery(each, namespace, report, manifest).run()


def _of_nodes(path: Path, manifest: Manifest) -> Iterator[Path]:
    """The files of several nodes in one process, with those that are gone: the node's id follows the name."""
    gone = [
        each for each in manifest.paths() if each.parent == path.parent and each.name.startswith(path.name)
    ]
    for found in [*path.parent.glob(f"{path.name}-*"), *gone]:
        name = re.sub(r"\.journal[01]$", "", found.name)
        if _NODE.fullmatch(name[len(path.name) :]):
            yield found.with_name(name)


class _Recovery:
    """The recovery of one file."""

    def __init__(
        self, path: Path, namespace: schema.NamespaceConfig, report: RecoveryReport, manifest: Manifest
    ) -> None:
        self._path = path
        self._manifest = manifest
        self._namespace = namespace
        self._report = report
        self._paths = journal_paths(path)

    def run(self) -> None:
        """Do it. Raises StartError when a file is in use or cannot be written."""
        self._report.begin(f"namespace {self._namespace.name}, {self._path}")
        guarded(self._path)
        locks = [lock(path) for path in self._paths if path.exists()]
        try:
            self._judge()
        except DatabaseError as error:
            raise StartError(f"cannot write beside {self._path}: {error}") from error
        except OSError as error:
            raise StartError(f"cannot write beside {self._path}: {reason(error, self._path).text}") from error
        finally:
            for number in locks:
                os.close(number)

    def _judge(self) -> None:
        there = self._path.exists() and self._path.stat().st_size > 0
        journals = contents(self._paths)
        if not there and all(map(blank, journals.values())):
            self._tell_of_nothing()
            return
        counts: Counter[bytes] = Counter()
        read = (
            salvage(self._path, lambda _, value: counts.update((set_of(value),)))
            if there
            else DatabaseSalvage()
        )
        if self._is_strange(read):
            return
        state = state_of(read.about)
        found = examine(state, journals) if state else _without_file(journals)
        readable = (
            there
            and state is not None
            and not read.broken
            and not read.damaged
            and counts == Counter(read.figures)
        )
        whole = readable and passes(self._path)
        if whole and not found.damage:
            waiting = sum(reading.entries for reading in found.readings)
            self._report.say(f"whole, with {counts.total()} records; {waiting} writes are in its journals")
            return
        if not there:
            self._report.lost("the file is gone: of its records only those in its journals can be saved")
        if readable and not whole:
            self._report.say(
                "every record in the file can be read; it is damaged where a start or a write needs it"
            )
        self._tell_of_file(read, counts, found)
        self._tell_of_journals(found)
        self._keep([*([self._path] if there and not whole else []), *self._paths])
        layer = merged(reading.values for reading in found.readings)
        epoch = max([state.epoch if state else 0, *(reading.epoch for reading in found.readings)])
        sets = self._complete(layer, epoch) if whole else self._rebuild(there, layer)
        for name, figures in sorted(sets.items()):
            if figures.objects:
                self._report.say(f"saved: {figures.objects} records of {_set(name)}")

    def _tell_of_nothing(self) -> None:
        if self._path in self._manifest:
            self._report.lost(
                "the file is gone, and its journals with it: the next start begins without records"
            )
            self._manifest.forget(self._path)
        else:
            self._report.say("there is nothing")

    def _is_strange(self, read: DatabaseSalvage) -> bool:
        """Whether the file belongs to somebody else."""
        owner = read.about.get(b"namespace")
        if owner is None or owner == self._namespace.name.encode():
            return False
        self._report.lost(
            f"it belongs to the namespace {owner.decode(errors='backslashreplace')}, and is left alone"
        )
        return True

    def _tell_of_file(self, read: DatabaseSalvage, counts: Counter[bytes], found: JournalPair) -> None:
        """Say what is lost in the file; what its journals have is not."""
        for text in read.broken:
            self._report.lost(f"in the file, {text}")
        known = {digest for reading in found.readings for digest in reading.values}
        gone = [digest for digest in read.damaged if digest not in known]
        for digest in gone[:SHOWN_MAX]:
            self._report.lost(f"the record {digest.hex()}, which is damaged in the file")
        if len(gone) > SHOWN_MAX:
            self._report.lost(f"{len(gone) - SHOWN_MAX} more records, which are damaged in the file")
        missing = sum(read.figures.values()) - counts.total() - len(read.damaged)
        if missing > 0 and not read.broken:
            self._report.lost(f"{missing} records that the file counts and does not have")
        for name, objects in sorted(read.figures.items()):
            if counts[name] != objects:
                self._report.say(f"read: {counts[name]} of {objects} records of {_set(name)} in the file")

    def _tell_of_journals(self, found: JournalPair) -> None:
        for damage in found.damage:
            if damage.loses:
                self._report.lost(f"writes that were only in {damage.text}")
            else:
                self._report.say(f"nothing is lost with {damage.text}")
        for text in found.lost:
            self._report.say(f"not flushed when the machine went down: {text}")
        for reading in found.readings:
            if reading.entries:
                self._report.say(f"read: {reading.entries} writes of epoch {reading.epoch} in the journals")

    def _keep(self, paths: Sequence[Path]) -> None:
        """Leave the damaged files beside, under names of their own."""
        kept = []
        for path in paths:
            if path.exists():
                beside = self._report.beside(path)
                shutil.copy2(path, beside)
                _sync(beside)
                kept.append(str(beside))
        sync_directory(self._path.parent)
        if kept:
            self._report.say(f"kept: the damaged files, as {', '.join(kept)}")

    def _complete(self, layer: Layer, epoch: int) -> Sets:
        """Bring ``layer`` into the whole file."""
        sets = Sets()
        database = self._open(self._path)
        try:
            old = database.state.expected is ExpectedJournals.OLD
            database.restore(sets)
            count(self._path, database, layer, sets)
            insist(database, lambda: database.commit(layer, sets.figures(), epoch, ExpectedJournals.NEW))
            database.refresh()
            if old:
                insist(database, database.upgrade)
        finally:
            database.close()
        return sets

    def _rebuild(self, there: bool, layer: Layer) -> Sets:
        """Put a new file with all that is whole of the old one, and with ``layer``, in its place."""
        new = self._path.with_name(f"{self._path.name}.recovered")
        lock_file = new.with_name(f"{new.name}-lock")
        for path in (new, lock_file):  # of a recovery that was interrupted
            path.unlink(missing_ok=True)
        database = self._open(new)
        try:
            filling = _DatabaseWriter(new, database)
            if there:
                salvage(self._path, filling.take)
            for values in layer.values():
                for digest, value in values.items():
                    filling.take(digest, value)
            filling.commit()
        finally:
            database.close()
        new.replace(self._path)
        lock_file.unlink(missing_ok=True)
        sync_directory(self._path.parent)
        return filling.sets

    def _open(self, path: Path) -> Database:
        engine = self._namespace.storage_engine
        return Database(path, engine.filesize * len(engine.file), self._namespace.name.encode())


class _DatabaseWriter:
    """Fills a new file, some thousand records at a time."""

    def __init__(self, path: Path, database: Database) -> None:
        self.sets = Sets()
        self._path = path
        self._database = database
        self._layer: Layer = {}
        self._waiting = 0

    def take(self, digest: bytes, value: bytes) -> None:
        """Keep ``value`` for ``digest``; an empty one is a removal."""
        insert(self._layer, digest, value)
        self._waiting += 1
        if self._waiting >= BATCH:
            self.commit()

    def commit(self) -> None:
        """Write what was taken. Raises DatabaseError."""
        count(self._path, self._database, self._layer, self.sets)
        insist(
            self._database,
            lambda: self._database.commit(self._layer, self.sets.figures(), 0, ExpectedJournals.NEW),
        )
        self._database.refresh()
        self._layer, self._waiting = {}, 0


def _without_file(journals: dict[Path, bytes]) -> JournalPair:
    """What the journals hold of a file that says nothing any more."""
    found = JournalPair()
    for path, content in journals.items():
        try:
            head, note = entries.parse_head(content)
        except JournalHeaderError as error:
            found.damage.append(JournalDamage(f"{path}, at offset 0: {error}"))
            continue
        reading = entries.read(content, head, note)
        found.readings.append(reading)
        found.damage.extend(JournalDamage(f"{path}, {gap}") for gap in reading.gaps)
    found.readings.sort(key=lambda reading: reading.epoch)
    return found


def _set(name: bytes) -> str:
    return f"the set {_text(name)}" if name else "no set"


def _text(name: bytes) -> str:
    return name.decode(errors="backslashreplace")


def _sync(path: Path) -> None:
    number = open_own(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
