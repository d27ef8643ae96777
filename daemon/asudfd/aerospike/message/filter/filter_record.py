"""A record as filter expressions see it: its bins and its metadata.

Source: what the real server's expressions give; sizes are those of this node's storage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire import expression as x
from asinfo.wire.extent import pass_over
from asinfo.wire.message import EPOCH
from asudfd.aerospike.message.cdt import OpenCollections
from asudfd.aerospike.message.cost import COPY_STEPS, LOOK_STEPS, ORDER_STEPS
from asudfd.aerospike.message.filter.ordered import ordered
from asudfd.aerospike.message.single.bins import particle, split
from asudfd.clock import now_milliseconds
from asudfd.record.stored_size import stored_size
from asudfd.record.ttl import now_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from asudfd.aerospike.message.cost import CostBudget
    from asudfd.aerospike.message.filter.ordered import Ordered
    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record


class PathElement(NamedTuple):
    """An element of a list or map, as the expressions of a path see it: packed key, None in a list, packed value, index."""

    key: bytes | None
    value: bytes
    place: int


class FilterRecord:
    """A record as expressions see it."""

    __slots__ = (
        "_bins",
        "_found",
        "_orders",
        "collections",
        "digest",
        "element",
        "in_memory",
        "record",
        "size",
        "variables",
    )

    def __init__(
        self,
        namespace: Namespace,
        digest: bytes,
        record: Record,
        *,
        bins: dict[bytes, bytes] | None = None,
        collections: OpenCollections | None = None,
        budget: CostBudget | None = None,
    ) -> None:
        """``bins`` where they are no longer those of the record, ``collections`` for what is to be shared with others; else ``budget``."""
        self.in_memory = namespace.in_memory
        self.digest = digest
        self.record = record
        self.element: PathElement | None = None
        self.variables: dict[int, Any] = {}
        self.collections = collections or OpenCollections(budget)
        if budget is not None:  # that of a turn of the event loop does not come so far
            budget.nils = namespace.record_size_max
        self.size = 0
        self._bins = bins
        self._found: dict[bytes, tuple[int, bytes]] = {}
        self._orders: dict[int, tuple[bytes, Ordered]] = {}

    def bin(self, name: bytes) -> tuple[int, bytes] | None:
        """Particle type and bytes of a bin: the same object each time."""
        known = self._found.get(name)
        if known is not None:
            return known
        if self._bins is None:
            self._bins = split(self.record.bins)
        found = self._bins.get(name)
        if found is None:
            return None
        known = self._found[name] = particle(found)
        return known

    def order(self, data: bytes) -> Ordered:
        """What a list or map is compared by. Raises CostExceededError."""
        budget = self.collections.budget
        known = self._orders.get(id(data))
        if known is None:
            budget.charge(len(data) * COPY_STEPS)
            before = budget.left
            pass_over(data, 0, budget.charge)
            values = round(before - budget.left)
            budget.charge(ORDER_STEPS * values)
            found = ordered(data, values)
            known = self._orders[id(data)] = (data, found)  # data is held, so the id stays its own
        _, order = known
        budget.charge(LOOK_STEPS * order.values)
        return order


def _void_time(record: FilterRecord) -> int:
    void_time = record.record.void_time
    return (EPOCH + void_time) * 1_000_000_000 if void_time else -1


def _ttl(record: FilterRecord) -> int:
    void_time = record.record.void_time
    return max(0, void_time - now_seconds()) if void_time else -1


def _last_update(record: FilterRecord) -> int:
    return (EPOCH * 1000 + record.record.last_update) * 1_000_000


def _since_update(record: FilterRecord) -> int:
    return max(0, now_milliseconds() - record.record.last_update)


def _size(record: FilterRecord) -> int:
    if not record.size:
        record.size = stored_size(record.record)
    return record.size


METADATA: dict[int, tuple[int, Callable[[FilterRecord], Any]]] = {
    x.VOID_TIME: (x.INTEGER, _void_time),
    x.TTL: (x.INTEGER, _ttl),
    x.LAST_UPDATE: (x.INTEGER, _last_update),
    x.SINCE_UPDATE: (x.INTEGER, _since_update),
    x.SET_NAME: (x.STRING, lambda record: record.record.set_name),
    x.KEY_EXISTS: (x.BOOL, lambda record: bool(record.record.key)),
    x.IS_TOMBSTONE: (x.BOOL, lambda _: False),
    x.RECORD_SIZE: (x.INTEGER, _size),
    x.MEMORY_SIZE: (x.INTEGER, lambda record: _size(record) if record.in_memory else 0),
    x.DEVICE_SIZE: (x.INTEGER, lambda record: 0 if record.in_memory else _size(record)),
}
"""Calls without arguments: the type of what they give, and how they find it."""
