"""The append-only log of one SMD module; compaction replaces it by a shorter one in one step.

It is a log of our own and not LMDB, because only the checksum of each entry, its number and the acknowledged end tell
damage from a torn tail, and LMDB has none of them. A change costs one write and one flush, whatever the number of
modules, and a plain file can be copied, inspected and salvaged.

The order of writes makes it safe against a kill at any moment: entries are written and flushed, then the head is written
with the new end, and only then they are acknowledged. The head reaches the disk with the next flush; until then the entries
count as undamaged ones behind the end. After an error of the disk it is unknown what is on the disk: such a log takes no
further entries, and a new one is written in its place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from typing import TYPE_CHECKING

from asudfd.process.work_directory import open_own, sync_directory
from asudfd.smd import file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from asudfd.smd.interface import SmdItem

BUFFER_SIZE = 1 << 20
"""Bytes gathered for one write: a thousand small modules are a handful of calls."""


class SmdLog:
    """An open log. Every method blocks, and belongs to one thread at a time.

    ``end`` is the size of the file. ``broken`` tells that it takes no further entries.
    """

    __slots__ = ("_descriptor", "_identity", "_number", "broken", "end", "path")

    def __init__(self, path: Path, descriptor: int, identity: int) -> None:
        self.path = path
        self.end = file.START
        self.broken = False
        self._descriptor = descriptor
        self._identity = identity
        self._number = 0

    @classmethod
    def create(cls, path: Path) -> SmdLog:
        """An empty log at ``path``, instead of what is there; `seal` it before it counts. Raises OSError."""
        log = cls(path, open_own(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), secrets.randbits(64))
        try:
            _write(log._descriptor, bytes(file.START), 0)
        except OSError:
            log.close()
            raise
        return log

    @classmethod
    def resume(cls, path: Path, scan: file.LogReplay) -> SmdLog:
        """Go on with the log at ``path`` that was read as ``scan``; what is behind its whole entries goes. Raises OSError."""
        log = cls(path, open_own(path, os.O_RDWR), scan.head.identity)
        log.end, log._number = scan.end, scan.count
        try:
            if os.fstat(log._descriptor).st_size > scan.end:
                os.ftruncate(log._descriptor, scan.end)
            if scan.head.end != scan.end:
                log.seal()
        except OSError:
            log.close()
            raise
        return log

    def append(self, items: Collection[SmdItem], cluster_key: int, tid: int) -> list[int]:
        """Add ``items``, durably, as one group; returns the bytes of each entry. Raises OSError, and nothing of them is left.

        After a crash all of a group are there or none.
        """
        before = self.end, self._number
        try:
            sizes = self.add(items, cluster_key, tid, group=len(items))
            self.seal()
        except OSError:
            self.end, self._number = before
            self._rewind()
            raise
        return sizes

    def add(self, items: Iterable[SmdItem], cluster_key: int, tid: int, *, group: int = 0) -> list[int]:
        """Write entries that count only once the log is sealed; the first ``group`` of them belong together. Raises OSError."""
        sizes, batch, gathered = list[int](), list[bytes](), 0
        for item in items:
            more = len(sizes) + 1 < group
            entry = file.pack_entry(self._identity, self._number, cluster_key, tid, item, more=more)
            self._number += 1
            sizes.append(len(entry))
            batch.append(entry)
            gathered += len(entry)
            if gathered >= BUFFER_SIZE:
                self._write(batch)
                gathered = 0
        self._write(batch)
        return sizes

    def _write(self, batch: list[bytes]) -> None:
        data = b"".join(batch)
        batch.clear()
        _write(self._descriptor, data, self.end)
        self.end += len(data)

    def seal(self) -> None:
        """Flush all entries, and then have the head say that they are there. Raises OSError."""
        try:
            os.fdatasync(self._descriptor)
            _write(self._descriptor, file.pack_head(file.LogHeader(self._identity, self.end)), 0)
        except OSError:
            self.broken = True
            raise

    def _rewind(self) -> None:
        """Cut off what was written of a refused change."""
        try:
            os.ftruncate(self._descriptor, self.end)
        except OSError:
            self.broken = True

    def install(self, path: Path) -> None:
        """Put this sealed log in the place of ``path``, in one step. Raises OSError; then ``path`` tells which is there."""
        os.fsync(self._descriptor)  # the head, too
        self.path.rename(path)
        self.path = path
        try:
            sync_directory(path.parent)
        except OSError:
            self.broken = True  # after a crash the old one may be there again
            raise

    def is_in_place(self) -> bool:
        """Whether entries can be added: the file is whole as far as we know, and still the one at ``path``."""
        if self.broken:
            return False
        try:
            found = self.path.lstat()
        except OSError:
            return False
        own = os.fstat(self._descriptor)
        return (found.st_dev, found.st_ino, found.st_size) == (own.st_dev, own.st_ino, self.end)

    def close(self) -> None:
        """Release the file."""
        os.close(self._descriptor)

    def discard(self) -> None:
        """Release the file and delete it."""
        self.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def write_new(path: Path, data: bytes) -> None:
    """Make the file ``path``, durably, except for its name. Raises OSError, and FileExistsError if it is there."""
    descriptor = open_own(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        _write(descriptor, data, 0)
        os.fsync(descriptor)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes, position: int) -> None:
    """Write all of ``data``: a disk that is getting full takes a part of it first."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, position)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        view, position = view[written:], position + written
