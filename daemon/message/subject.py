"""A record as filter expressions see it: its bins and its metadata.

Source: what the real server's expressions give; sizes are those of this node's storage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire import expression as x
from daemon.message.bins import particle, split
from daemon.record.record import EPOCH_SECONDS, now_milliseconds, pack
from daemon.record.ttl import now_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from daemon.record.namespace import Namespace
    from daemon.record.record import Record


class Subject:
    """A record as expressions see it."""

    __slots__ = ("_bins", "digest", "in_memory", "record", "variables")

    def __init__(self, namespace: Namespace, digest: bytes, record: Record) -> None:
        self.in_memory = namespace.config.storage_engine.kind == "memory"
        self.digest = digest
        self.record = record
        self.variables: dict[int, Any] = {}
        self._bins: dict[bytes, bytes] | None = None

    def bin(self, name: bytes) -> tuple[int, bytes] | None:
        """Particle type and bytes of a bin."""
        if self._bins is None:
            self._bins = split(self.record.bins)
        found = self._bins.get(name)
        return None if found is None else particle(found)


def _void_time(subject: Subject) -> int:
    void_time = subject.record.void_time
    return (EPOCH_SECONDS + void_time) * 1_000_000_000 if void_time else -1


def _ttl(subject: Subject) -> int:
    void_time = subject.record.void_time
    return max(0, void_time - now_seconds()) if void_time else -1


def _last_update(subject: Subject) -> int:
    return (EPOCH_SECONDS * 1000 + subject.record.last_update) * 1_000_000


def _since_update(subject: Subject) -> int:
    return max(0, now_milliseconds() - subject.record.last_update)


def _size(subject: Subject) -> int:
    return len(pack(subject.record))


METADATA: dict[int, tuple[int, Callable[[Subject], Any]]] = {
    x.VOID_TIME: (x.INTEGER, _void_time),
    x.TTL: (x.INTEGER, _ttl),
    x.LAST_UPDATE: (x.INTEGER, _last_update),
    x.SINCE_UPDATE: (x.INTEGER, _since_update),
    x.SET_NAME: (x.STRING, lambda subject: subject.record.set_name),
    x.KEY_EXISTS: (x.BOOL, lambda subject: bool(subject.record.key)),
    x.IS_TOMBSTONE: (x.BOOL, lambda _: False),
    x.RECORD_SIZE: (x.INTEGER, _size),
    x.MEMORY_SIZE: (x.INTEGER, lambda subject: _size(subject) if subject.in_memory else 0),
    x.DEVICE_SIZE: (x.INTEGER, lambda subject: 0 if subject.in_memory else _size(subject)),
}
"""Calls without arguments: the type of what they give, and how they find it."""
