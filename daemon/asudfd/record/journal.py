"""The write-ahead journal of a namespace's file: the writes that were acknowledged and are not in the file yet.

A journal is a file that is written from its beginning, entry after entry of one epoch, and then again from its
beginning with the entries of a later epoch. Once all of an epoch is in the namespace's file, and that file says so,
its entries mean nothing. The bytes, and what is said of damaged ones, are in `asudfd.record.entries`.

The room is made once and stays, full of zeros: to overwrite takes the disk one flush, to grow takes several.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from contextlib import suppress
from mmap import ACCESS_WRITE, mmap
from threading import Lock
from typing import TYPE_CHECKING
from zlib import crc32

from asinfo.files import FileError, open_file
from asudfd.errors import StartError
from asudfd.record.entries import (
    BODY,
    ENTRIES,
    NOTE_SIZE,
    NOTES,
    START,
    JournalHeader,
    boot,
    pack_head,
    pack_note,
)

if TYPE_CHECKING:
    from pathlib import Path

ROOM = 8 << 20
"""Bytes that a journal keeps, and beyond which it is time to bring its entries to the namespace's file."""

_start, _body = START.pack, BODY.pack

_PLACES = [slice(place, place + NOTE_SIZE) for place in NOTES]


class Journal:
    """One journal file, kept open and locked.

    ``size`` is where the next entry goes, ``entries`` how many there are in this epoch. Nothing is written before
    ``begin``: what is there has to be read first. Notes only grow within an epoch.
    """

    __slots__ = (
        "_closed",
        "_fd",
        "_lock",
        "_map",
        "_note",
        "_noted",
        "_seed",
        "_synced",
        "_tag",
        "entries",
        "epoch",
        "path",
        "size",
    )

    def __init__(self, path: Path) -> None:
        """Open ``path`` or make it. Raises StartError when that fails or another process has it."""
        self.path = path
        self.epoch = self.entries = 0
        self.size = ENTRIES
        self._tag = self._seed = self._note = 0
        self._noted = self._synced = ENTRIES, 0
        self._closed = False
        self._lock = Lock()
        self._map: mmap | None = None
        self._fd = lock(path)

    def begin(self, epoch: int, identity: int) -> None:
        """Write from the beginning; what stood there must have become meaningless.

        ``identity`` is that of the namespace's file. Raises OSError, and the journal is as before.
        """
        self._make_room()
        if os.fstat(self._fd).st_size > ROOM:
            os.ftruncate(self._fd, ROOM)
        tag, seed = secrets.randbits(32), secrets.randbits(32)
        # one page: neither the end of the process nor that of the machine can leave half of it
        _write(self._fd, pack_head(JournalHeader(identity, epoch, tag, seed, boot())), 0)
        self.epoch, self.size, self.entries = epoch, ENTRIES, 0
        self._tag, self._seed, self._closed = tag, seed, False
        self._noted = self._synced = ENTRIES, 0

    def _make_room(self) -> None:
        there = os.fstat(self._fd).st_size
        if there < ROOM:
            _write(self._fd, bytes(ROOM - there), there)
            os.fsync(self._fd)
        if self._map is None:
            self._map = mmap(self._fd, ENTRIES, access=ACCESS_WRITE)

    def append(self, digest: bytes, value: bytes) -> None:
        """Write an entry; an empty value is a removal. When it returns, the death of this process takes nothing away.

        Raises OSError, and the journal is as before.
        """
        body = _body(self.entries, len(value), digest)
        entry = b"".join((_start(self._tag, crc32(value, crc32(body, self._seed))), body, value))
        if os.pwrite(self._fd, entry, self.size) != len(entry):
            _write(self._fd, entry, self.size)  # says why, or does it after all
        self.size += len(entry)
        self.entries += 1

    def note(self) -> None:
        """Note that all entries up to now are about to be acknowledged, so that their loss can be told from a torn one.

        Into mapped memory, which outlives the process: half a microsecond, where a write takes five. Without the lock:
        nobody closes the journal that is written.
        """
        self._noted = self.size, self.entries
        assert self._map is not None
        note = self._packed_note()
        self._map[_PLACES[self._note]] = note

    def note_synced(self, end: int, entries: int) -> None:
        """Note that the disk has the entries up to ``end``, and that they are about to be acknowledged."""
        with self._lock:
            self._synced = end, entries
            self._noted = max(self._noted, self._synced)
            self._write_note()

    def note_closed(self) -> None:
        """Note that the next epoch has been begun, durably, in the other journal; from any thread."""
        with self._lock:
            self._noted, self._closed = (self.size, self.entries), True
            self._write_note()

    def _write_note(self) -> None:
        """Write the note as entries are written: where a flush comes often, mapped memory makes each of them dearer.

        A disk that refuses keeps the note before it: less is known then, and nothing is lost.
        """
        note = self._packed_note()
        with suppress(OSError):
            _write(self._fd, note, NOTES[self._note])

    def _packed_note(self) -> bytes:
        """The note for the place whose turn it is."""
        self._note ^= 1
        packed = pack_note(*self._noted, *self._synced, self._closed)
        return packed + crc32(packed, self._seed).to_bytes(4, "big")

    def sync(self) -> None:
        """Bring every entry to the disk; blocks. Raises OSError."""
        os.fdatasync(self._fd)

    def sync_beginning(self) -> None:
        """Bring the beginning of an epoch to the disk, and the file's size; blocks. Raises OSError."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Release the file."""
        if self._map is not None:
            self._map.close()
        os.close(self._fd)


def lock(path: Path) -> int:
    """Open ``path``, or make it, and lock it. Raises StartError when that fails or another process has it."""
    try:
        number = open_file(path, os.O_RDWR | os.O_CREAT)
    except FileError as error:
        raise StartError(f"cannot open {error}") from error
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(number)
        if error.errno == errno.EWOULDBLOCK:
            raise StartError(f"{path} is in use by another process") from error
        raise StartError(f"cannot lock {path}: {error.strerror}") from error
    return number


def _write(fd: int, data: bytes, offset: int) -> None:
    """Write all of ``data``. Raises OSError: what takes only a part says why when it is asked for the rest."""
    written = os.pwrite(fd, data, offset)
    if written < len(data) and os.pwrite(fd, data[written:], offset + written) != len(data) - written:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
