"""Which records a query is about: those of a set that pass its filter and have a value within its range.

A range means a secondary index on a real server. Here an index is a name and a rule (`asudfd.record.indexes`): the
records of a partition are looked through one by one, whatever the query asks for. What has a value within the range
is then put in the order of the index, by value and digest, for that is how a client goes on with the next page.
"""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire.message import FIELD_FILTER, FIELD_INDEX_RANGE, FIELD_RECORDS_PER_SECOND, FIELD_SET
from asinfo.wire.result import Result
from asudfd.aerospike.message.beside import left_to_thread
from asudfd.aerospike.message.cost import CostExceededError
from asudfd.aerospike.message.filter.cache import filter_of, own_filter
from asudfd.aerospike.message.many.ranges import IndexRange
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    from asudfd.aerospike.message.beside import LeftToThread
    from asudfd.aerospike.message.cost import CostBudget
    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record

PAUSE_MAX = 0.1
"""Longest pause of a throttled query in seconds: then it looks whether somebody wants it to end."""

_PAUSE_MIN = 0.01
"""Shortest pause of a throttled query in seconds: below, it is not worth a turn of the event loop."""


class IndexPosition(NamedTuple):
    """An entry of an index, by which its order is known. Without an index only the digest counts."""

    value: int
    digest: bytes


START = IndexPosition(-1 << 63, b"")
"""What is before all entries."""


class SelectedRecord(NamedTuple):
    """A record, and the value by which an index has it: None without an index."""

    digest: bytes
    record: Record
    value: int | None = None


if TYPE_CHECKING:
    Found: TypeAlias = SelectedRecord | LeftToThread[Any] | None
    """A record; what is to be awaited before the next one; or None, where others may have a turn."""


class Selection:
    """The records of one query in one namespace."""

    __slots__ = ("_filter", "_namespace", "_own_filter", "_range", "_set_name", "index_name", "kind")

    def __init__(self, namespace: Namespace, fields: dict[int, bytes]) -> None:
        """Raises RequestRefused for a filter that is none, and for a range that no index allows."""
        self._namespace = namespace
        self._set_name = fields.get(FIELD_SET)
        self._filter = filter_of(fields)
        self._own_filter = own_filter(fields.get(FIELD_FILTER, b""))
        self._range = IndexRange(namespace, fields) if FIELD_INDEX_RANGE in fields else None
        self.index_name = "" if self._range is None else self._range.index_name
        self.kind = "pi" if self._range is None else "si"
        """What names of counters begin with: queries of the primary index, or of a secondary one."""

    def candidates(self, partition: int, after: IndexPosition = START) -> Iterator[Found]:
        """The records after a place, before the filter is asked.

        They come in the order of their digests; with a range by value, then by digest.
        """
        if self._range is None:
            return self._by_digest(partition, after.digest)
        return self._by_value(self._range, partition, after)

    def _by_digest(self, partition: int, after: bytes) -> Iterator[Found]:
        for digest, record in self._namespace.scan(partition, after):
            yield SelectedRecord(digest, record) if self._is_of_set(record) else None

    def _by_value(self, within: IndexRange, partition: int, after: IndexPosition) -> Iterator[Found]:
        """Each record is read again when it is its turn: what was found of it may be long ago."""
        places: list[IndexPosition] = []
        for digest, record in self._namespace.scan(partition):
            value = None
            if self._is_of_set(record):
                try:
                    value = within.find(digest, record)
                except CostExceededError:
                    value = yield from left_to_thread(partial(within.find_beside, digest, record))
            if value is not None and (place := IndexPosition(value, digest)) > after:
                places.append(place)
            yield None
        places.sort()
        for value, digest in places:
            now = self._namespace.get(digest)
            if now is None:
                yield None
                continue
            try:
                there = within.find(digest, now) is not None
            except CostExceededError:
                there = (yield from left_to_thread(partial(within.find_beside, digest, now))) is not None
            yield SelectedRecord(digest, now, value) if there else None

    def _is_of_set(self, record: Record) -> bool:
        return not self._set_name or record.set_name == self._set_name

    def records(self, partition: int, after: IndexPosition = START) -> Iterator[Found]:
        """The same for records that also pass the filter."""
        wanted = self._filter
        if wanted is None:
            yield from self.candidates(partition, after)
            return
        for found in self.candidates(partition, after):
            if not isinstance(found, SelectedRecord):
                yield found
                continue
            try:
                passes = wanted.passes(self._namespace, found.digest, found.record)
            except CostExceededError:
                passes = yield from left_to_thread(partial(self._passes_beside, found))
            yield found if passes else None

    def _passes_beside(self, found: SelectedRecord, budget: CostBudget) -> bool:
        return self._own_filter().passes(self._namespace, found.digest, found.record, budget)


class Throttle:
    """Holds a query to ``rate`` records in a second; 0 is as fast as it goes."""

    __slots__ = ("_start", "count", "rate")

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.count = 0
        self._start = monotonic()

    def pause(self) -> float:
        """Seconds to wait before the next record, 0 for none; at most PAUSE_MAX, then ask again."""
        if not self.rate:
            return 0
        ahead = self.count / self.rate - (monotonic() - self._start)
        return 0 if ahead < _PAUSE_MIN else min(ahead, PAUSE_MAX)


def rate_of(fields: dict[int, bytes]) -> int:
    """Records per second that a query asks for, 0 for no limit. Raises RequestRefused."""
    data = fields.get(FIELD_RECORDS_PER_SECOND, bytes(4))
    if len(data) != 4:
        raise RequestRefused(Result.PARAMETER, "records per second are no number of 32 bits")
    return int.from_bytes(data, "big")
