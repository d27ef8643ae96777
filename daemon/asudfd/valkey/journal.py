"""The journal of a keyspace: a file of the changes since it was empty, from which it comes back.

    magic       12 bytes
    entry ...   length and CRC-32 of the payload (4 bytes each, big-endian), then the payload: commands in RESP

An entry has all changes that were made between two writes, so a transaction or a function is there as a whole or not at all; it
begins with the time of the first (TIME, in ms), and SELECT says for which database the next ones are. A
file that ends in the midst of an entry was cut off as its process or machine ended: that entry was never acknowledged. Anything
else that does not fit is damage, and the node does not start.

When half of a file is outdated it is written anew beside the work (see `journal.lua`), and takes its place by a rename.
"""

from __future__ import annotations

import os
import threading
from struct import Struct
from typing import TYPE_CHECKING
from zlib import crc32

from asinfo.wire.resp import RequestLimits, RequestParser
from asudfd.errors import StartError
from asudfd.process.work_directory import sync_directory
from asudfd.valkey.engine import LUA_ERROR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from asudfd.network.reactor import Reactor
    from asudfd.valkey.engine import KeyspaceEngine

MAGIC = b"asudfd-resp1"
_HEAD = Struct(">II")
_DATABASES = frozenset(b"%d" % number for number in range(16))

COMPACT_MIN = 16 << 20
"""Bytes below which a journal is not written anew: to read them takes a start a second."""

COMPACT_KEYS = 100
"""Keys that a compaction writes before other work has its turn: some 200 us, for values of common size."""

COMPACT_BYTES = 1 << 20
"""Bytes after which it leaves off sooner: some ms to write."""

ALWAYS, EVERY_SECOND = "always", "everysec"
"""Values of appendfsync: when the disk confirms what is written; `no` leaves that to the system."""

CONFIRM_SECONDS = 1.0
"""Pause between two confirmations of everysec."""

RETRY_SECONDS = 1.0
"""How long after a write that failed the next one is tried."""

BUSY_SECONDS = 0.1
"""How long a compaction waits before it looks again whether a function has ended."""

NO_LIMITS = RequestLimits(bulk=1 << 40, arguments=1 << 40)
"""An effect may be longer than what a client may send: SPOP of a million members, for instance."""


class KeyspaceJournal:
    """The journal of one keyspace in the file ``path``; ``warn`` is told what an operator should know.

    ``appendfsync`` says when the disk confirms what is written. ``waits`` says whether there are changes that have not been written; ``refusal`` is
    what writing commands are answered while the file cannot be written.
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
        self.appendfsync = ALWAYS if sync else "no"
        self._unconfirmed = False
        self._confirmed = 0.0
        self._confirming: threading.Thread | None = None
        self._fd = -1
        self._size = self._compacted_size = 0
        self._unwritten = b""
        self._new = -1
        self.compaction_failed = False
        """Whether the last attempt to write it anew has failed."""
        self._retries = False
        self._abandoned = False

    def open(self) -> int:
        """Make the changes of the file again, and go on behind them; returns their number. Raises StartError."""
        try:
            self._path.with_suffix(".new").unlink(missing_ok=True)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            data = self._path.read_bytes()
            end, count = self._replay(data)
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
        if self._abandoned:
            self.waits = False
            return False
        with self._engine.unbounded():
            self._unwritten += _entry(self._lua[b"take_changes"]())
        self.waits = False
        return self._write()

    def abandon(self) -> None:
        """Write nothing more: the node ends in the midst of a function, of which nothing is to stay."""
        self._abandoned = True

    def compact_if_due(self) -> None:
        """Begin to write the journal anew if half of it is outdated."""
        if not self.is_compacting and self._size > max(COMPACT_MIN, 2 * self._compacted_size):
            self.compact()

    @property
    def is_compacting(self) -> bool:
        """Whether it is being written anew."""
        return self._new >= 0

    @property
    def sizes(self) -> tuple[int, int]:
        """Its bytes now, and after it was last written anew."""
        return self._size, self._compacted_size

    def compact(self) -> bool:
        """Begin to write the journal anew, unless that goes on already; says whether it goes on."""
        if self.is_compacting or self.refusal:
            return self.is_compacting
        try:
            self._new = os.open(
                self._path.with_suffix(".new"), os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
            )
            _write_all(self._new, MAGIC)
        except OSError as error:
            self._give_up(error)
            return False
        self.compaction_failed = False
        self._lua[b"begin_compaction"]()
        self._reactor.call_later(0, self._compact_some)
        return True

    def confirm_if_due(self, now: float) -> None:
        """Have the disk confirm what has been written, in a thread, if appendfsync asks for that every second."""
        if (
            self.appendfsync != EVERY_SECOND
            or not self._unconfirmed
            or now - self._confirmed < CONFIRM_SECONDS
        ):
            return
        if self._confirming is None or not self._confirming.is_alive():
            self._unconfirmed, self._confirmed = False, now
            self._confirming = threading.Thread(
                target=self._confirm, args=(os.dup(self._fd),), name="valkey-fsync", daemon=True
            )
            self._confirming.start()

    def _confirm(self, descriptor: int) -> None:
        """Wait for the disk, which may take seconds, and give the descriptor back: the journal may be another by then."""
        try:
            os.fdatasync(descriptor)
        except OSError as error:
            self._warn(f"the disk does not confirm the journal {self._path}: {error.strerror}")
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """Remove the file, which nobody has open. Raises StartError."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise StartError(f"cannot remove the journal {self._path}: {error.strerror}") from error

    def close(self) -> None:
        """Write what is left, and release the file."""
        if self._confirming is not None:
            self._confirming.join()
        if self._fd >= 0:
            if self._new >= 0:
                self._drop_new()
            if self.waits or self._unwritten:
                self.flush()
            os.fsync(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _write(self) -> bool:
        """Write ``_unwritten``, all of it or nothing."""
        try:
            _write_all(self._fd, self._unwritten, self._size)
            if self.appendfsync == ALWAYS:
                os.fdatasync(self._fd)
        except OSError as error:
            self._fail(error)
            return False
        self._unconfirmed = True
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
        if not self._retries:
            self._retries = True
            self._reactor.call_later(RETRY_SECONDS, self._retry)

    def _retry(self) -> None:
        self._retries = False
        if self._unwritten and self._fd >= 0:
            self._write()

    def _refuse(self, text: str) -> None:
        self.refusal = text
        self._lua[b"refuse_writes"](text.encode() or None, b"journal")

    def _compact_some(self) -> None:
        """Write some keys into the new journal, and let it take the place of this one when it has all."""
        if self._new < 0:
            return
        if self._engine.lua[b"state"][b"script"]:
            # called from inside a function, in the midst of whatever Lua does
            self._reactor.call_later(BUSY_SECONDS, self._compact_some)
            return
        try:
            with self._engine.unbounded():
                progress = self._lua[b"compact_some"](COMPACT_KEYS, COMPACT_BYTES)
                body = self._lua[b"take_compacted"]() if progress != b"anew" else b""
            if progress == b"anew":
                os.ftruncate(self._new, len(MAGIC))
                os.lseek(self._new, 0, os.SEEK_END)
            elif body:
                _write_all(self._new, _entry(body))
            if progress == b"done":
                self._replace()
            else:
                self._reactor.call_later(0, self._compact_some)
        except (OSError, MemoryError, LUA_ERROR) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._drop_new()
        self.compaction_failed = True
        self._compacted_size = self._size  # the next try comes when it has doubled
        self._warn(
            f"the journal {self._path} cannot be written anew: {getattr(error, 'strerror', None) or error}"
        )

    def _drop_new(self) -> None:
        self._lua[b"give_up_compaction"]()
        if self._new >= 0:
            os.close(self._new)
            self._new = -1
            self._path.with_suffix(".new").unlink(missing_ok=True)

    def _replace(self) -> None:
        if self.waits and not self.flush():
            self._reactor.call_later(RETRY_SECONDS, self._compact_some)
            return
        os.fsync(self._new)
        self._path.with_suffix(".new").rename(self._path)
        self._lua[b"give_up_compaction"]()
        os.close(self._fd)
        self._fd, self._new = self._new, -1
        self._size = self._compacted_size = os.fstat(self._fd).st_size
        self._unwritten = b""  # it is in the new one
        sync_directory(self._path.parent)

    def _replay(self, data: bytes) -> tuple[int, int]:
        """Make the changes again; returns where the last whole entry ends and the number of commands. Raises StartError."""
        if len(data) < len(MAGIC) and MAGIC.startswith(data):
            return 0, 0
        if not data.startswith(MAGIC):
            raise StartError(
                f"{self._path} is no journal of a Valkey keyspace; move it away to start without it"
            )
        end, count = len(MAGIC), 0
        with self._engine.without_limit():
            for start, body in self._entries(data):
                count += self._run(body, end)
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

    def _run(self, body: bytes, at: int) -> int:
        """Make the changes of the entry at byte ``at``, at the time when they were made. Raises StartError.

        At a later time a key would be lost that was about to expire, and then was prolonged.
        """
        now, database, count = 0.0, 0, 0
        parser = RequestParser(NO_LIMITS)
        for arguments in parser.feed(body):
            if arguments[0] == b"SELECT" and arguments[1] in _DATABASES:
                database = int(arguments[1])
                continue
            if arguments[0] == b"TIME" and len(arguments) > 1:
                now = float(arguments[1])
                continue
            reply = self._engine.run(now, database, arguments)
            if not reply or reply.startswith(b"-"):
                raise self._stuck(at, b" ".join(arguments[:2]), reply or b"it is no command of the keyspace")
            count += 1
        if parser.error is not None or parser.held:
            raise self._stuck(at, b"", b"it is no command")
        return count

    def _stuck(self, at: int, command: bytes, why: bytes) -> StartError:
        shown, reason = (each[:200].decode("utf-8", "backslashreplace").strip() for each in (command, why))
        return StartError(
            f"{self._path}: the change at byte {at} cannot be made again ({shown}: {reason}); if memory is the reason, raise "
            "lua-memory-max; else restore the file from a copy, or move it away to start without its keys"
        )


def _entry(body: bytes) -> bytes:
    return _HEAD.pack(len(body), crc32(body)) + body


def _write_all(descriptor: int, data: bytes, at: int | None = None) -> None:
    """Write all of ``data``, at the offset ``at`` or where the descriptor is; a write may take a part only."""
    rest = memoryview(data)
    while rest:
        written = os.write(descriptor, rest) if at is None else os.pwrite(descriptor, rest, at)
        rest = rest[written:]
        at = None if at is None else at + written
