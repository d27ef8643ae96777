"""The journal in front of a namespace's file: what was acknowledged and is not in the file yet.

    u32  CRC-32 of what follows, begun with the identity of the namespace's file
    u32  size of the value; 0 is a removal
    u64  epoch
    20   digest
    ...  value, all big-endian

A journal is a file that is written from its beginning, entry after entry of one epoch, and then again from its
beginning with the entries of a later epoch. What an earlier epoch has left behind the last entry ends the reading,
as a torn entry does. Once all of an epoch is in the namespace's file, and that file says so, its entries mean nothing.

The room is made once and stays, full of zeros: to overwrite takes the disk one flush, to grow takes several.
"""

from __future__ import annotations

import errno
import fcntl
import os
from struct import Struct
from typing import TYPE_CHECKING
from zlib import crc32

from daemon.errors import StartError

if TYPE_CHECKING:
    from pathlib import Path

ROOM = 8 << 20
"""Bytes that a journal keeps, and beyond which it is time to bring its entries to the namespace's file."""

_CRC = Struct("!I")
_HEADER = Struct("!IQ20s")
_START = _CRC.size + _HEADER.size
_crc, _header, _parse = _CRC.pack, _HEADER.pack, _HEADER.unpack_from


class Journal:
    """One journal file, kept open and locked.

    ``seed`` is the identity of the namespace's file, so that a journal of another file says nothing to it.
    ``size`` is the bytes of this epoch's entries.
    """

    __slots__ = ("_fd", "_path", "epoch", "seed", "size")

    def __init__(self, path: Path) -> None:
        """Open ``path`` or make it. Raises StartError when that fails or another process has it."""
        self._path = path
        self.seed = self.epoch = self.size = 0
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(f"cannot open {path}: {error.strerror}") from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._make_room()
        except OSError as error:
            os.close(self._fd)
            if error.errno == errno.EWOULDBLOCK:
                raise StartError(f"{path} is in use by another process") from error
            raise StartError(f"cannot write {path}: {error.strerror}") from error

    def _make_room(self) -> None:
        missing = ROOM - os.fstat(self._fd).st_size
        if missing > 0:
            os.pwrite(self._fd, bytes(missing), ROOM - missing)
            os.fsync(self._fd)

    def begin(self, epoch: int) -> None:
        """Write from the beginning; what stood there must have become meaningless."""
        self.epoch, self.size = epoch, 0
        if os.fstat(self._fd).st_size > ROOM:
            os.ftruncate(self._fd, ROOM)

    def append(self, digest: bytes, value: bytes) -> None:
        """Write an entry; an empty value is a removal. When it returns, the death of this process takes nothing away.

        Raises OSError, and the journal is as before.
        """
        header = _header(len(value), self.epoch, digest)
        entry = b"".join((_crc(crc32(value, crc32(header, self.seed))), header, value))
        if os.pwrite(self._fd, entry, self.size) != len(entry):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.size += len(entry)

    def sync(self) -> None:
        """Bring every entry to the disk; blocks. Raises OSError."""
        os.fdatasync(self._fd)

    def read(self) -> tuple[int, dict[bytes, bytes]]:
        """The epoch that the file holds, and the last value of every digest in it; 0 when it holds nothing."""
        content = self._path.read_bytes()
        values: dict[bytes, bytes] = {}
        position = first = 0
        while position + _START <= len(content):
            size, epoch, digest = _parse(content, position + _CRC.size)
            end = position + _START + size
            if epoch != (first or epoch) or not epoch or end > len(content):
                break
            if (
                crc32(content[position + _CRC.size : end], self.seed)
                != _CRC.unpack_from(content, position)[0]
            ):
                break
            first = epoch
            values[digest] = content[position + _START : end]
            position = end
        return first, values

    def close(self) -> None:
        """Release the file."""
        os.close(self._fd)
