"""Records in a file: `storage-engine device`.

    put     the journal, at once (its own death takes nothing away from then on), and `fresh` in memory
    reply   with commit-to-device it waits for the journal's flush: one for all who wait (group commit)
    get     `fresh`, else `committing`, else the file
    commit  `fresh` becomes `committing`, which a thread brings to the file in one synced transaction; new writes
            go to the other journal. Then the first journal means nothing any more, and neither does `committing`

The journal is why an acknowledged write costs one flush of the disk, or none, and yet the file can never be damaged:
LMDB without its own syncs would survive the death of the process, but not that of the machine.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from asinfo.wire.result import Result
from daemon.errors import StartError
from daemon.record.database import Database, DatabaseError, Layer, NoRoomError, insert
from daemon.record.journal import ROOM, Journal
from daemon.record.record import partition, times
from daemon.record.refused import Refused
from daemon.record.sets import Sets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from daemon.config.schema import StorageEngine

JOURNAL_SIZE_MAX = 256 << 20
"""Most bytes of one journal. While a commit runs, writes to one record over and over make the journal grow, not what
waits in memory; at the next start all of it is read."""

RETRY_SECONDS = 1.0
"""After so long a commit that failed is tried again."""


class _Group(asyncio.Future[int]):
    """What the writers of one flush wait for together: one who is cancelled must not cancel the others."""

    def cancel(self, msg: object = None) -> bool:  # noqa: ARG002 - the signature of Future
        return False


class Device:
    """Values in an LMDB file behind two journals; see Storage."""

    def __init__(
        self, path: Path, namespace: bytes, engine: StorageEngine, warn: Callable[[str], None]
    ) -> None:
        """Open the file and bring what the journals have into it. Raises StartError when that is impossible."""
        self._engine = engine
        self._path = path
        self._warn = warn
        self.sets = Sets()
        self.total_bytes = engine.filesize * len(engine.file)
        self._fresh: Layer = {}
        self._committing: Layer = {}
        self._fresh_bytes = self._committing_bytes = 0
        self._refusing: Result | None = None
        self._journals = self._open(namespace)
        self._filed_bytes = self.sets.data_used_bytes  # of the records in the file, as it is seen
        self._journal = self._journals[0]
        self._unsynced: set[Journal] = set()
        self._flushing: _Group | None = None
        self._next: _Group | None = None
        self._commit: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="record")  # a flush must not wait for a commit

    def _open(self, namespace: bytes) -> tuple[Journal, Journal]:
        paths = [self._path.with_name(f"{self._path.name}.journal{number}") for number in range(2)]
        there = [path for path in paths if path.exists()]
        empty = not self._path.exists() or not self._path.stat().st_size
        if empty and there:
            raise StartError(f"{self._path} is gone, but its journals are there: restore it, or remove them")
        journals = Journal(paths[0]), Journal(paths[1])
        try:
            self._database = Database(self._path, self.total_bytes, namespace)
            self._database.restore(self.sets)
            for journal in journals:
                journal.seed = self._database.identity
            self._recover(journals)
        except BaseException:
            for journal, path in zip(journals, paths, strict=True):
                journal.close()
                if path not in there:
                    path.unlink()  # a file that is not ours gets no company
            raise
        return journals

    def _recover(self, journals: tuple[Journal, Journal]) -> None:
        """Bring what was acknowledged before a crash into the file, and begin a new epoch."""
        layer: Layer = {}
        last = self._database.epoch
        for epoch, values in sorted((journal.read() for journal in journals), key=lambda run: run[0]):
            if epoch > self._database.epoch:
                last = epoch
                for digest, value in values.items():
                    insert(layer, digest, value)
        for number, values in layer.items():
            for digest, value in values.items():
                old = self._database.get(number, digest)
                if old:
                    self.sets.removed(times(old)[2], len(old))
                if value:
                    self.sets.written(times(value)[2], 0, len(value))
        if layer:
            self._commit_now(layer, last)
        journals[0].begin(last + 1)

    def _commit_now(self, layer: Layer, epoch: int) -> None:
        try:
            while True:
                with suppress(NoRoomError):
                    self._database.commit(layer, self._figures(), epoch)
                    break
                self._database.grow()
        except DatabaseError as error:
            raise StartError(f"cannot write {self._path}: {error}") from error
        self._database.refresh()

    def _figures(self) -> dict[bytes, tuple[int, int]]:
        return {name: (figures.objects, figures.data_used_bytes) for name, figures in self.sets.items()}

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
        return self._database.get(number, digest)

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
            raise Refused(self._refusing, "the disk takes no writes at the moment")
        if self._fresh_bytes + self._committing_bytes > self._engine.max_write_cache:
            raise Refused(Result.DEVICE_OVERLOAD, "more than max-write-cache waits for the disk")
        if self._journal.size > JOURNAL_SIZE_MAX:
            raise Refused(Result.DEVICE_OVERLOAD, "the disk does not keep up with the journal")
        try:
            self._journal.append(digest, value)
        except OSError as error:
            raise Refused(Result.OUT_OF_SPACE, f"{self._path}: {error.strerror}") from error
        self._fresh_bytes += insert(self._fresh, digest, value)
        self._unsynced.add(self._journal)
        if self._timer is None:
            self._schedule(self._engine.flush_max_ms / 1000)
        elif self._journal.size > ROOM and self._commit is None:
            self._schedule(0)

    def digests(self, number: int) -> Sequence[bytes]:
        """See Storage."""
        found = dict.fromkeys(self._database.digests(number), b"=")
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
            self._next = _Group(loop=loop)
            if self._flushing is None:
                loop.call_soon(self._flush)  # after this turn, with all its writes
        return self._next

    def _flush(self) -> None:
        """Bring the journals to the disk for all who wait."""
        self._flushing, self._next = self._next, None
        journals, self._unsynced = self._unsynced, set()
        done = asyncio.get_running_loop().run_in_executor(self._pool, _sync, journals)
        done.add_done_callback(self._flushed)

    def _flushed(self, done: asyncio.Future[None]) -> None:
        result = Result.OK
        if error := done.exception():
            # whether those writes are durable nobody can know; the commit that comes now will tell
            result = Result.SERVER_ERROR
            self._refusing = result if self._fresh or self._committing else self._refusing
            self._warn(f"cannot flush the journals of {self._path}: {error}")
            self._schedule(0)
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
        if self._commit is None:
            self._timer = None
        if self._commit is None and self._fresh:
            self._committing, self._fresh = self._fresh, {}
            self._committing_bytes, self._fresh_bytes = self._fresh_bytes, 0
            epoch = self._journal.epoch
            self._journal = self._journals[self._journal is self._journals[0]]
            self._journal.begin(epoch + 1)
            self._try_commit(self._figures(), epoch)

    def _try_commit(self, figures: dict[bytes, tuple[int, int]], epoch: int) -> None:
        loop = asyncio.get_running_loop()
        self._commit = loop.run_in_executor(
            self._pool, self._database.commit, self._committing, figures, epoch
        )
        self._commit.add_done_callback(lambda done: self._committed(done, figures, epoch))

    def _committed(
        self, done: asyncio.Future[None], figures: dict[bytes, tuple[int, int]], epoch: int
    ) -> None:
        error = done.exception()
        if error is None:
            self._database.refresh()
            self._committing, self._committing_bytes = {}, 0
            self._filed_bytes = sum(size for _, size in figures.values())
            self._commit = self._timer = self._refusing = None
            if self._fresh:
                self._schedule(0 if self._journal.size > ROOM else self._engine.flush_max_ms / 1000)
        elif isinstance(error, NoRoomError):
            self._database.grow()
            self._try_commit(figures, epoch)
        else:
            self._fail(error)
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(RETRY_SECONDS, self._try_commit, figures, epoch)

    def _fail(self, error: BaseException) -> None:
        """Take no more writes until a commit succeeds; all that was acknowledged is in the journals."""
        if self._refusing is None:
            self._warn(f"cannot write {self._path}, writes are refused: {error}")
        self._refusing = Result.OUT_OF_SPACE
        with suppress(DatabaseError):
            self._database.reopen()

    async def start(self) -> None:
        """Nothing to do: work begins with the first write."""

    async def stop(self) -> None:
        """See Storage. What a full disk does not take stays in the journals, for the next start."""
        while (self._fresh or self._committing) and self._refusing is not Result.OUT_OF_SPACE:
            self._begin_commit()
            assert self._commit is not None
            await asyncio.wait({self._commit})
        if self._timer is not None:
            self._timer.cancel()
        self.close()

    def close(self) -> None:
        """Release the files as they are; what is not in the namespace's file is in the journals."""
        self._pool.shutdown()
        self._database.close()
        for journal in self._journals:
            journal.close()


def _sync(journals: set[Journal]) -> None:
    for journal in journals:
        journal.sync()
