"""Which records a query is about: those of a set that pass its filter and have a value within its range.

A range means a secondary index on a real server. Here an index is a name and a rule (`daemon.record.indexes`): records
are looked through one by one, whatever the query asks for.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from asinfo.wire.message import FIELD_RECORDS_PER_SECOND, FIELD_SET
from asinfo.wire.result import Result
from daemon.message.filter import filter_of
from daemon.record.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.record.namespace import Namespace
    from daemon.record.record import Record

PAUSE_MAX = 0.1
"""Longest pause of a throttled query in seconds: then it looks whether somebody wants it to end."""

_PAUSE_MIN = 0.01


class Selection:
    """The records of one query in one namespace."""

    __slots__ = ("_filter", "_namespace", "_set_name")

    def __init__(self, namespace: Namespace, fields: dict[int, bytes]) -> None:
        """Raises Refused for a filter that is none."""
        self._namespace = namespace
        self._set_name = fields.get(FIELD_SET)
        self._filter = filter_of(fields)

    def records(self, partition: int, after: bytes = b"") -> Iterator[tuple[bytes, Record] | None]:
        """The records of a partition in the order of their digests; None for one that is not selected.

        Raises Refused for a filter that would take too long.
        """
        namespace, wanted, passes = self._namespace, self._set_name, self._filter
        for digest, record in namespace.scan(partition, after):
            if (wanted and record.set_name != wanted) or (
                passes is not None and not passes.passes(namespace, digest, record)
            ):
                yield None
            else:
                yield digest, record


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
