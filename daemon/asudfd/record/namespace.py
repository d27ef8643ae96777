"""A namespace: its records, and the rules that every access to them obeys.

Everything here is called on the event loop and returns at once; a request's `get`, its decision and its `put` are
one turn of the loop and need no lock. Whoever needs longer (a UDF in a thread) holds the digest's lock meanwhile:

    if digest in namespace.locks:       another request works on it: wait in line
        async with namespace.hold(digest): ...

A record that has expired or was truncated is gone at once: the first who meets it removes it, the sweep the others.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from asinfo.wire.result import Result
from asudfd.clock import now_milliseconds
from asudfd.config.change import SETS_MAX
from asudfd.record import ttl as ttl_rules
from asudfd.record.counters import counters
from asudfd.record.latency import Latencies
from asudfd.record.locks import Locks
from asudfd.record.record import GENERATION_MAX, Record, pack_parts, set_of, times, unpack
from asudfd.record.refused import RequestRefused
from asudfd.record.sweep import Sweeper
from asudfd.record.truncation import Truncation
from asudfd.record.ttl import now_seconds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator
    from contextlib import AbstractAsyncContextManager

    from asudfd.config import schema
    from asudfd.record.indexes import Index
    from asudfd.record.store import Storage

RECORD_SIZE_MAX = 8 << 20
"""Largest record where max-record-size is 0, in bytes: the real server's write block."""


class Namespace:
    """One namespace of one node.

    ``name`` is as on the wire; ``config`` its parameters, which `set-config` may change at any moment. ``counters``
    has the real server's names; whoever serves a request adds to them. ``sets`` are the figures of the sets,
    ``indexes`` the secondary indexes by their names, ``latencies`` how long requests of clients took.
    ``in_memory`` tells whether the storage engine is `memory`.
    """

    __slots__ = (
        "config",
        "counters",
        "in_memory",
        "indexes",
        "latencies",
        "locks",
        "name",
        "sets",
        "storage",
        "sweeper",
        "truncation",
    )

    def __init__(self, config: schema.NamespaceConfig, storage: Storage) -> None:
        self.name = config.name.encode()
        self.config = config
        self.storage = storage
        self.in_memory = config.storage_engine.in_memory
        self.sets = storage.sets
        self.counters = counters()
        self.indexes: dict[bytes, Index] = {}
        self.latencies = Latencies()
        self.locks = Locks()
        self.truncation = Truncation()
        self.sweeper = Sweeper(self)

    def get(self, digest: bytes) -> Record | None:
        """The record of ``digest``, None when there is none, or none any more."""
        value = self.storage.get(digest)
        if value is None:
            return None
        record = unpack(value)
        if (record.void_time or self.truncation.pending) and self.gone(value):
            with suppress(RequestRefused):  # a full disk: gone it is all the same
                self.delete(digest)
            return None
        return record

    @property
    def record_size_max(self) -> int:
        """Most bytes that a record may have in its stored form."""
        return self.config.max_record_size or RECORD_SIZE_MAX

    def put(self, digest: bytes, record: Record) -> None:
        """Write ``record``; the caller has decided its generation, void time (`void_time`) and last update (`now`).

        Raises RequestRefused, and nothing is changed then: record too big (13), out of space (8: stop-writes, a full set,
        a full disk), parameter error (4: too many sets, no set), forbidden (22), device overload (18).
        """
        self._store(digest, record.set_name, pack_parts(*record))

    def write(  # noqa: PLR0917 - the hot path calls it by position
        self, digest: bytes, old: Record | None, ttl: int, set_name: bytes, key: bytes, bins: bytes
    ) -> tuple[int, int]:
        """Write the next generation of the record ``old``; returns its generation and void time.

        ``ttl`` is as on the wire. Raises RequestRefused as `put` and `void_time` do. One frame for what nearly every write
        does: this is a third of a put.
        """
        config, latest = self.config, self.truncation.latest
        generation = 1 if old is None else old.generation % GENERATION_MAX + 1
        void_time = self.void_time(ttl, old, set_name) if ttl or config.default_ttl or config.sets else 0
        now = now_milliseconds()
        if now <= latest:
            now = latest + 1
        self._store(digest, set_name, pack_parts(generation, void_time, now, set_name, key, bins))
        return generation, void_time

    def _store(self, digest: bytes, name: bytes, value: bytes) -> None:
        config, storage, size = self.config, self.storage, len(value)
        if size > (config.max_record_size or RECORD_SIZE_MAX):
            self.counters["fail_record_too_big"] += 1
            raise RequestRefused(
                Result.RECORD_TOO_BIG, f"the record has {size} bytes, max-record-size is less"
            )
        if config.sets or name not in self.sets:
            self._check_set(name, size)
        if (storage.total_bytes or self.sweeper.system_memory_full) and self.stop_writes:
            raise RequestRefused(Result.OUT_OF_SPACE, "the namespace has stopped writes")
        if config.reject_non_xdr_writes:
            raise RequestRefused(Result.FORBIDDEN, "reject-non-xdr-writes is true")
        self.sets.written(name, storage.put(digest, value), size)

    def delete(self, digest: bytes) -> bool:
        """Remove the record of ``digest``; whether there was one. Raises RequestRefused when the disk is full."""
        value = self.storage.pop(digest)
        if value is None:
            return False
        self.sets.removed(set_of(value), len(value))
        return True

    def durable(self) -> Awaitable[int] | None:
        """What the reply to a write must wait for: None when nothing, else an awaitable.

        It stands for every write up to now and gives a result code: 0 when all are as durable as the configuration
        asks, else the error to reply. It may be awaited by many, or by nobody; to cancel a task that awaits it takes
        effect when it is done. Call it once, after the writes of a request or of a whole batch.
        """
        return self.storage.durable()

    def now(self) -> int:
        """The last update for a write now: milliseconds since 2010-01-01 UTC, later than any truncation."""
        now = now_milliseconds()
        return now if now > self.truncation.latest else self.truncation.latest + 1

    def void_time(self, ttl: int, old: Record | None, set_name: bytes) -> int:
        """The void time of a write whose request says ``ttl``, on the record ``old``; seconds since 2010, 0 is never.

        Raises RequestRefused: 4 for a time to live of more than ten years, 22 when nothing removes expired records.
        """
        if old is None:
            return ttl_rules.void_time(self.config, ttl, None, set_name)
        new = ttl_rules.void_time(self.config, ttl, old.void_time, set_name)
        if new and (new < old.void_time or not old.void_time):
            if not self.config.apply_ttl_reductions:
                self.counters["ttl_reductions_ignored"] += 1
                return old.void_time
            self.counters["ttl_reductions_applied"] += 1
        return new

    def hold(self, digest: bytes, seconds: float | None = None) -> AbstractAsyncContextManager[None]:
        """Hold the lock of ``digest`` for the time of an `async with`; waits in line for it."""
        return self.locks.hold(digest, seconds)

    def scan(self, partition: int, after: bytes = b"") -> Iterator[tuple[bytes, Record]]:
        """The records of a partition in the order of their digests, those after the digest ``after``.

        Each is read when it is its turn, so that a scan may go on for many turns of the event loop; a record that
        is written meanwhile may be in it or not.
        """
        for digest in self.storage.digests(partition):
            if digest > after and (record := self.get(digest)) is not None:
                yield digest, record

    def gone(self, value: bytes) -> bool:
        """Whether the record with the stored form ``value`` has expired or was truncated."""
        void_time, last_update, set_name = times(value)
        if void_time and void_time < now_seconds():
            return True
        return self.truncation.covers(set_name, last_update)

    @property
    def stop_writes(self) -> bool:
        """Whether the fill of the storage or of the system's memory stops writes.

        As on the real server: too many bytes of records, or too little room for more; with a limit of 0 neither.
        """
        storage, engine = self.storage, self.config.storage_engine
        if total := storage.total_bytes:
            limit = engine.stop_writes_used_pct
            if limit and storage.used_bytes * 100 >= total * limit:
                return True
            limit = engine.stop_writes_avail_pct
            if limit and (total - storage.taken_bytes) * 100 < total * limit:
                return True
        return self.sweeper.system_memory_full

    def _check_set(self, name: bytes, size: int) -> None:
        """Refuse a write of ``size`` bytes to a set that is full, or that would be one too many, or that is none."""
        if not name and self.config.disallow_null_setname:
            raise RequestRefused(Result.PARAMETER, "disallow-null-setname is true")
        figures = self.sets.get(name)
        if figures is None:
            if len(self.sets) >= SETS_MAX:
                raise RequestRefused(Result.PARAMETER, f"there are {SETS_MAX} sets already")
            return
        limits = self.config.sets.get(name)
        if limits is not None and (
            0 < limits.stop_writes_count <= figures.objects
            or 0 < limits.stop_writes_size < figures.data_used_bytes + size
        ):
            raise RequestRefused(Result.OUT_OF_SPACE, f"the set {limits.name} has reached its limit")

    async def start(self) -> None:
        """Begin the work in the background: commits and sweeps."""
        await self.storage.start()
        self.sweeper.start()

    async def stop(self) -> None:
        """Stop it, bring every write to the disk and release files."""
        await self.sweeper.stop()
        await self.storage.stop()
