"""The journal of a keyspace: a file of the changes since it was empty, from which it comes back.

    magic       12 bytes
    entry ...   length and CRC-32 of the payload (4 bytes each, big-endian), then the payload: commands in RESP

An entry has all changes that were made between two writes, so a transaction or a function is there as a whole or not at all. A
file that ends in the midst of an entry was cut off as its process or machine ended: that entry was never acknowledged. Anything
else that does not fit is damage, and the node does not start.

When half of a file is outdated it is written anew beside the work (see `journal.lua`), and takes its place by a rename.
"""

from __future__ import annotations

import os
from struct import Struct
from typing import TYPE_CHECKING
from zlib import crc32

from asinfo.wire.resp import RequestLimits, RequestParser
from asudfd.errors import StartError
from asudfd.process.work_directory import sync_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from asudfd.network.reactor import Reactor
    from asudfd.valkey.engine import KeyspaceEngine

MAGIC = b"asudfd-resp1"
_HEAD = Struct(">II")

COMPACT_MIN = 16 << 20
"""Bytes below which a journal is not written anew: to read them takes a start a second."""

COMPACT_KEYS = 100
"""Keys that a compaction writes before other work has its turn: some 200 us, for values of common size."""

RETRY_SECONDS = 1.0
"""How long after a write that failed the next one is tried."""


class KeyspaceJournal:
    """The journal of one keyspace in the file ``path``; ``warn`` is told what an operator should know.

    With ``sync`` the disk confirms each write. ``waits`` says whether there are changes that have not been written; ``refusal`` is
    what writing commands are answered while the file cannot be written. ``now`` is the time in ms.
    """

    def __init__(
        self, path: Path, engine: KeyspaceEngine, reactor: Reactor, warn: Callable[[str], None], *, sync: bool
    ) -> None:
        self.waits = False
        self.refusal = ""
        self._path = path
        self._lua = engine.lua
        self._engine = engine
        self._reactor = reactor
        self._warn = warn
        self._sync = sync
        self._fd = -1
        self._size = self._compacted_size = 0
        self._unwritten = b""
        self._new = -1

    def open(self, now: Callable[[], float]) -> int:
        """Make the changes of the file again, and go on behind them; returns their number. Raises StartError."""
        try:
            self._path.with_suffix(".new").unlink(missing_ok=True)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            data = self._path.read_bytes()
            end, count = self._replay(data, now)
            if end < len(data):
                self._warn(
                    f"{self._path}: {len(data) - end} bytes of a change that was not finished are cut off"
                )
                os.ftruncate(self._fd, end)
            if not end:
                os.pwrite(self._fd, MAGIC, 0)
                os.fsync(self._fd)
                sync_directory(self._path.parent)
        except OSError as error:
            raise StartError(f"cannot use the journal {self._path}: {error.strerror}") from error
        self._size = self._compacted_size = max(end, len(MAGIC))
        self._lua[b"keep_journal"]()
        return count

    def flush(self) -> bool:
        """Write what has changed; says whether it is in the file, and on the disk if it has to be."""
        self.waits = False
        body = self._lua[b"take_changes"]()
        self._unwritten += _HEAD.pack(len(body), crc32(body)) + body
        return self._write()

    def compact_if_due(self) -> None:
        """Begin to write the journal anew if half of it is outdated."""
        if self._new < 0 and not self.refusal and self._size > max(COMPACT_MIN, 2 * self._compacted_size):
            self._new = os.open(
                self._path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
            )
            os.write(self._new, MAGIC)
            self._lua[b"begin_compaction"]()
            self._reactor.call_later(0, self._compact_some)

    def close(self) -> None:
        """Write what is left, and release the file."""
        if self._fd >= 0:
            if self.waits:
                self.flush()
            os.fsync(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _write(self) -> bool:
        """Write ``_unwritten``, all of it or nothing."""
        try:
            written = os.pwrite(self._fd, self._unwritten, self._size)
            if written < len(self._unwritten):
                os.pwrite(self._fd, self._unwritten[written:], self._size + written)  # says why
            if self._sync:
                os.fdatasync(self._fd)
        except OSError as error:
            self._fail(error)
            return False
        self._size += len(self._unwritten)
        self._unwritten = b""
        if self.refusal:
            self._refuse("")
            self._warn("the journal of the Valkey face can be written again")
        return True

    def _fail(self, error: OSError) -> None:
        if not self.refusal:
            self._warn(
                f"the journal {self._path} cannot be written, so changes are refused: {error.strerror}"
            )
        self._refuse(f"MISCONF Errors writing to the AOF file: {error.strerror}")
        self._reactor.call_later(RETRY_SECONDS, self._retry)

    def _retry(self) -> None:
        self._write()

    def _refuse(self, text: str) -> None:
        self.refusal = text
        self._lua[b"refuse_writes"](text.encode() or None)

    def _compact_some(self) -> None:
        """Write some keys into the new journal, and let it take the place of this one when it has all."""
        try:
            done = self._lua[b"compact_some"](COMPACT_KEYS)
            body = self._lua[b"take_compacted"]()
            if body:
                os.write(self._new, _HEAD.pack(len(body), crc32(body)) + body)
            if done:
                self._replace()
            else:
                self._reactor.call_later(0, self._compact_some)
        except OSError as error:
            self._lua[b"give_up_compaction"]()
            os.close(self._new)
            self._new = -1
            self._compacted_size = self._size  # the next try comes when it has doubled
            self._warn(f"the journal {self._path} cannot be written anew: {error.strerror}")

    def _replace(self) -> None:
        if self.waits:
            self.flush()  # nothing that is only in the old one
            body = self._lua[b"take_compacted"]()
            os.write(self._new, _HEAD.pack(len(body), crc32(body)) + body)
        self._lua[b"give_up_compaction"]()
        os.fsync(self._new)
        self._path.with_suffix(".new").rename(self._path)
        sync_directory(self._path.parent)
        os.close(self._fd)
        self._fd, self._new = self._new, -1
        self._size = self._compacted_size = os.fstat(self._fd).st_size

    def _replay(self, data: bytes, now: Callable[[], float]) -> tuple[int, int]:
        """Make the changes again; returns where the last whole entry ends and the number of commands. Raises StartError."""
        if len(data) < len(MAGIC) and MAGIC.startswith(data):
            return 0, 0
        if not data.startswith(MAGIC):
            raise StartError(
                f"{self._path} is no journal of a Valkey keyspace; move it away to start without it"
            )
        end, count = len(MAGIC), 0
        for start, body in self._entries(data):
            count += self._run(body, now())
            end = start + len(body)
        return end, count

    def _entries(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        at = len(MAGIC)
        while at + _HEAD.size <= len(data):
            size, check = _HEAD.unpack_from(data, at)
            start = at + _HEAD.size
            body = data[start : start + size]
            if len(body) < size:
                return
            if crc32(body) != check:
                if start + size >= len(data):
                    return  # the last one, as a crash of the machine leaves it
                raise StartError(
                    f"{self._path} is damaged at byte {at}: restore it from a copy, or move it away to start without its keys"
                )
            yield start, body
            at = start + size

    def _run(self, body: bytes, now: float) -> int:
        """Make the changes of one entry."""
        database, count = 0, 0
        for arguments in RequestParser(RequestLimits(bulk=1 << 40)).feed(body):
            if arguments[0] == b"SELECT":
                database = int(arguments[1])
                continue
            self._engine.run(now, database, arguments)
            count += 1
        return count
