"""The storage engine `device`: records in a file.

    put     the journal, at once (its own death takes nothing away from then on), and `fresh` in memory
    reply   with commit-to-device it waits for the journal's flush: one for all who wait (group commit)
    get     `fresh`, else `committing`, else the file
    commit  `fresh` becomes `committing`, which a thread brings to the file in one synced transaction; new writes
            go to the other journal. Then the first journal means nothing any more, and neither does `committing`

The journal is why an acknowledged write costs one flush of the disk, or none, and yet no crash can damage the file:
LMDB without its own syncs would survive the death of the process, but not that of the machine.

At the start file and journals must fit (`asudfd.record.journals`); else nothing is touched and the start is refused.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire.digest import partition
from asinfo.wire.result import Result
from asudfd.errors import RECOVER
from asudfd.record.database import DatabaseError, Layer, NoRoomError, insert
from asudfd.record.disk import DiskFault, reason
from asudfd.record.journal import ROOM, Journal
from asudfd.record.journals import ExpectedJournals
from asudfd.record.opening import insist, open_files
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from asudfd.config.schema import StorageEngine
    from asudfd.manifest import Manifest

JOURNAL_SIZE_MAX = 256 << 20
"""Most bytes of one journal. While a commit runs, writes to one record over and over make the journal grow, not what
waits in memory; at the next start all of it is read."""

TOLD_MAX = 100
"""Most damaged places that the log is told of; all others are the same news."""

RETRY_SECONDS = 1.0
"""After so long a commit that failed is tried again."""


class _FlushFuture(asyncio.Future[int]):
    """The future that all writers of one flush wait for; a writer that is cancelled does not cancel the others."""

    def cancel(self, msg: object = None) -> bool:  # noqa: ARG002 - the signature of Future
        return False


class _FlushPoint(NamedTuple):
    """The end of a flush of a journal: its length when the flush began."""

    journal: Journal
    epoch: int
    end: int
    entries: int


class _JournalCommit(NamedTuple):
    """A commit of a journal to the file: the epoch of the journal ``old``; ``new`` takes the writes meanwhile."""

    old: Journal
    new: Journal
    layer: Layer
    figures: dict[bytes, tuple[int, int]]


class Device:
    """Values in an LMDB file behind two journals; see Storage."""

    def __init__(
        self,
        path: Path,
        namespace: bytes,
        engine: StorageEngine,
        warn: Callable[[str], None],
        manifest: Manifest | None = None,
    ) -> None:
        """Open the file, which ``manifest`` may know, and bring what the journals have into it. Raises StartError when that is impossible."""
        self._engine = engine
        self._path = path
        self._warn = warn
        self.total_bytes = engine.filesize * len(engine.file)
        self._database, self._journals, self.sets = open_files(
            path, self.total_bytes, namespace, warn, manifest
        )
        self._identity = self._database.state.identity
        self._fresh: Layer = {}
        self._committing: Layer = {}
        self._fresh_bytes = self._committing_bytes = 0
        self._refusing: Result | None = None
        self._told: set[str] = set()
        self._closed = False
        self._failing = False  # the last commit failed, and will be tried again
        self._filed_bytes = self.sets.data_used_bytes  # of the records in the file, as it is seen
        self._journal = self._journals[0]
        self._unsynced: set[Journal] = set()
        self._flushing: _FlushFuture | None = None
        self._next: _FlushFuture | None = None
        self._commit: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="record")  # a flush must not wait for a commit

    @property
    def used_bytes(self) -> int:
        """See Storage."""
        return self.sets.data_used_bytes

    @property
    def taken_bytes(self) -> int:
        """See Storage. Pages of the file that are in use, and by how much the records have grown since."""
        return self._database.pages_bytes + self.sets.data_used_bytes - self._filed_bytes

    def get(self, digest: bytes) -> bytes | None:
        """See Storage."""
        number = partition(digest)
        for layer in (self._fresh, self._committing):
            if number in layer and (value := layer[number].get(digest)) is not None:
                return value or None
        try:
            return self._database.get(number, digest)
        except DatabaseError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: DatabaseError) -> RequestRefused:
        """What is answered for a record that is damaged: never altered data. The log has it once."""
        if not self._database.is_open:
            return RequestRefused(Result.SERVER_ERROR, f"{self._path} is closed")
        text = f"{self._path} is damaged: {error}. {RECOVER}"
        if text not in self._told and len(self._told) < TOLD_MAX:
            self._told.add(text)
            self._warn(text)
        return RequestRefused(Result.SERVER_ERROR, text)

    def put(self, digest: bytes, value: bytes) -> int:
        """See Storage."""
        old = self.get(digest)
        self._write(digest, value)
        return len(old) if old else 0

    def pop(self, digest: bytes) -> bytes | None:
        """See Storage."""
        old = self.get(digest)
        if old is not None:
            self._write(digest, b"")
        return old

    def _write(self, digest: bytes, value: bytes) -> None:
        if self._refusing is not None:
            raise RequestRefused(self._refusing, "the disk takes no writes at the moment")
        if self._fresh_bytes + self._committing_bytes > self._engine.max_write_cache:
            raise RequestRefused(Result.DEVICE_OVERLOAD, "more than max-write-cache waits for the disk")
        if self._journal.size > JOURNAL_SIZE_MAX:
            raise RequestRefused(Result.DEVICE_OVERLOAD, "the disk does not keep up with the journal")
        try:
            self._journal.append(digest, value)
        except OSError as error:
            why = reason(error, self._path)
            code = Result.OUT_OF_SPACE if why.full else Result.SERVER_ERROR
            raise RequestRefused(code, f"{self._journal.path}: {why.text}") from error
        if not self._engine.commit_to_device:
            self._journal.note()
        self._fresh_bytes += insert(self._fresh, digest, value)
        self._unsynced.add(self._journal)
        if self._timer is None:
            self._schedule(self._engine.flush_max_ms / 1000)
        elif self._journal.size > ROOM and self._commit is None:
            self._schedule(0)

    def digests(self, number: int) -> Sequence[bytes]:
        """See Storage."""
        try:
            found = dict.fromkeys(self._database.digests(number), b"=")
        except DatabaseError as error:
            raise self._unreadable(error) from error
        for layer in (self._committing, self._fresh):
            found.update(layer.get(number, {}))
        return sorted(digest for digest, value in found.items() if value)

    def durable(self) -> Awaitable[int] | None:
        """See Namespace.durable."""
        if not self._engine.commit_to_device:
            return None
        if not self._unsynced:
            return self._flushing
        if self._next is None:
            loop = asyncio.get_running_loop()
            self._next = _FlushFuture(loop=loop)
            if self._flushing is None:
                loop.call_soon(self._flush)  # after this turn, with all its writes
        return self._next

    def _flush(self) -> None:
        """Bring the journals to the disk for all who wait."""
        self._flushing, self._next = self._next, None
        marks = [
            _FlushPoint(journal, journal.epoch, journal.size, journal.entries) for journal in self._unsynced
        ]
        self._unsynced = set()
        done = asyncio.get_running_loop().run_in_executor(self._pool, _sync, marks)
        done.add_done_callback(lambda done: self._flushed(done, marks))

    def _flushed(self, done: asyncio.Future[None], marks: Sequence[_FlushPoint]) -> None:
        result = Result.OK
        if error := done.exception():
            # whether those writes are durable nobody can know; the commit that comes now will tell
            why = self._reason(error)
            result = Result.OUT_OF_SPACE if why.full else Result.SERVER_ERROR
            self._refusing = result if self._fresh or self._committing else self._refusing
            self._warn(f"cannot flush the journals of {self._path}: {why.text}")
            self._schedule(0)
        else:
            for mark in marks:
                if mark.journal.epoch == mark.epoch:  # else all of it is in the file already
                    mark.journal.note_synced(mark.end, mark.entries)
        if self._flushing is not None:
            self._flushing.set_result(result)
            self._flushing = None
        if self._next is not None:
            self._flush()

    def _schedule(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._begin_commit)

    def _begin_commit(self) -> None:
        """Bring all that is fresh to the file, unless a commit runs; its end looks again."""
        if self._commit is not None:
            return
        self._timer = None
        if self._fresh:
            old, new = self._journal, self._journals[self._journal is self._journals[0]]
            try:
                new.begin(old.epoch + 1, self._identity)
            except OSError as error:
                self._fail(error)
                self._schedule(RETRY_SECONDS)
                return
            self._journal = new
            self._committing, self._fresh = self._fresh, {}
            self._committing_bytes, self._fresh_bytes = self._fresh_bytes, 0
            self._try_commit(_JournalCommit(old, new, self._committing, self.sets.figures()))

    def _try_commit(self, commit: _JournalCommit) -> None:
        if not self._database.is_open:
            try:
                self._database.reopen()
            except DatabaseError as error:
                self._retry(commit, error)
                return
        loop = asyncio.get_running_loop()
        self._commit = loop.run_in_executor(self._pool, self._bring, commit)
        self._commit.add_done_callback(lambda done: self._committed(done, commit))

    def _bring(self, commit: _JournalCommit) -> None:
        """Bring an epoch to the file; blocks. The file is never of a later epoch than both journals, at any moment."""
        commit.new.sync_beginning()
        commit.old.note_closed()
        self._database.commit(commit.layer, commit.figures, commit.old.epoch)

    def _committed(self, done: asyncio.Future[None], commit: _JournalCommit) -> None:
        error = done.exception()
        if error is None:
            self._database.refresh()
            self._committing, self._committing_bytes = {}, 0
            self._filed_bytes = sum(size for _, size in commit.figures.values())
            self._commit = self._timer = self._refusing = None
            self._failing = False
            if self._fresh:
                self._schedule(0 if self._journal.size > ROOM else self._engine.flush_max_ms / 1000)
        elif isinstance(error, NoRoomError):
            self._database.grow()
            self._try_commit(commit)
        else:
            self._retry(commit, error)

    def _retry(self, commit: _JournalCommit, error: BaseException) -> None:
        self._fail(error)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(RETRY_SECONDS, self._try_commit, commit)

    def _fail(self, error: BaseException) -> None:
        """Take no more writes until a commit succeeds; all that was acknowledged is in the journals."""
        why = self._reason(error)
        if not self._failing:
            self._warn(f"cannot write {self._path}, writes are refused: {why.text}")
        self._failing = True
        self._refusing = Result.OUT_OF_SPACE if why.full else Result.SERVER_ERROR
        if self._database.is_open:
            with suppress(DatabaseError):
                self._database.reopen()

    def _reason(self, error: BaseException) -> DiskFault:
        if isinstance(error, OSError):
            return reason(error, self._path)
        return DiskFault(str(error), isinstance(error, DatabaseError) and error.full)

    async def start(self) -> None:
        """Nothing to do: work begins with the first write."""

    async def stop(self) -> None:
        """See Storage. What a full disk does not take stays in the journals, for the next start."""
        while (self._fresh or self._committing) and not self._failing:
            self._begin_commit()
            if self._commit is not None:
                await asyncio.wait({self._commit})
        if self._timer is not None:
            self._timer.cancel()
        while waited := {one for one in (self._flushing, self._next, self._running) if one is not None}:
            await asyncio.wait(waited)
        if not self._failing and not self._closed:
            try:
                insist(self._database, lambda: self._database.expect(ExpectedJournals.CLOSED))
            except DatabaseError as error:
                self._warn(
                    f"cannot write {self._path}: {error}; nothing is lost, its journals are read at the next start"
                )
        self.close()

    @property
    def _running(self) -> asyncio.Future[None] | None:
        """The commit that runs."""
        return self._commit if self._commit is not None and not self._commit.done() else None

    def close(self) -> None:
        """Release the files as they are; what is not in the namespace's file is in the journals. Then all is refused."""
        if self._closed:
            return
        self._closed = True
        self._refusing = Result.SERVER_ERROR
        self._unsynced.clear()
        if self._timer is not None:
            self._timer.cancel()
        self._pool.shutdown()
        self._database.close()
        for journal in self._journals:
            journal.close()


def _sync(marks: Sequence[_FlushPoint]) -> None:
    for mark in marks:
        mark.journal.sync()
