"""Which records a query is about: those of a set that pass its filter and have a value within its range.

A range means a secondary index on a real server. Here an index is a name and a rule (`daemon.record.indexes`): records
are looked through one by one, whatever the query asks for.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from asinfo.wire.message import FIELD_INDEX_RANGE, FIELD_RECORDS_PER_SECOND, FIELD_SET
from asinfo.wire.result import Result
from daemon.message.filters import filter_of
from daemon.message.ranges import Range
from daemon.record.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.record.namespace import Namespace
    from daemon.record.record import Record

    Found = tuple[bytes, Record, bytes]

PAUSE_MAX = 0.1
"""Longest pause of a throttled query in seconds: then it looks whether somebody wants it to end."""

_PAUSE_MIN = 0.01


class Selection:
    """The records of one query in one namespace."""

    __slots__ = ("_filter", "_namespace", "_range", "_set_name", "index_name", "kind")

    def __init__(self, namespace: Namespace, fields: dict[int, bytes]) -> None:
        """Raises Refused for a filter that is none, and for a range that no index allows."""
        self._namespace = namespace
        self._set_name = fields.get(FIELD_SET)
        self._filter = filter_of(fields)
        self._range = Range(namespace, fields) if FIELD_INDEX_RANGE in fields else None
        self.index_name = "" if self._range is None else self._range.index_name
        self.kind = "pi" if self._range is None else "si"
        """What names of counters begin with: queries of the primary index, or of a secondary one."""

    def candidates(self, partition: int, after: bytes = b"") -> Iterator[Found | None]:
        """Digest, record and value within the range, before the filter is asked; None for a record of another kind.

        The records of a partition come in the order of their digests, those after the digest ``after``. Raises
        Refused for a collection that would take too long.
        """
        namespace, wanted, within = self._namespace, self._set_name, self._range
        for digest, record in namespace.scan(partition, after):
            if wanted and record.set_name != wanted:
                yield None
                continue
            value = b"" if within is None else within.find(record)
            yield None if value is None else (digest, record, value)

    def records(self, partition: int, after: bytes = b"") -> Iterator[Found | None]:
        """The same for records that also pass the filter. Raises Refused for one that would take too long."""
        passes = self._filter
        for found in self.candidates(partition, after):
            if passes is None or found is None or passes.passes(self._namespace, *found[:2]):
                yield found
            else:
                yield None


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
    """Records per second that a query asks for, 0 for no limit. Raises Refused."""
    data = fields.get(FIELD_RECORDS_PER_SECOND, bytes(4))
    if len(data) != 4:
        raise Refused(Result.PARAMETER, "records per second are no number of 32 bits")
    return int.from_bytes(data, "big")
