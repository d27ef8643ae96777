"""The values that a query asks for, and whether an index allows it.

An index has its entries in the order of numbers of 64 bits: the integer itself, and for strings and blobs a hash. A
client is told the number (field 15) and gives it back to go on there, so any hash serves that stays the same. What is found
by geo JSON has the number 0, so that it comes in the order of digests.
Source: the wire specification, section 4.7.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from asinfo.wire import msgpack
from asinfo.wire.message import (
    FIELD_INDEX_CONTEXT,
    FIELD_INDEX_EXPRESSION,
    FIELD_INDEX_NAME,
    FIELD_INDEX_RANGE,
    FIELD_INDEX_TYPE,
    FIELD_SET,
)
from asinfo.wire.particle import GEOJSON, INTEGER, LIST, MAP, pack
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt.collection import Collection
from asudfd.aerospike.message.cost import CHECK_STEPS, CostBudget
from asudfd.aerospike.message.filter.cache import shape_of
from asudfd.aerospike.message.many.indexed import check_context, finders
from asudfd.aerospike.message.many.range_field import range_field
from asudfd.record.indexes import IndexedValue
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.aerospike.message.many.indexed import Particle
    from asudfd.record.indexes import Index
    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record

_ELEMENTS, _KEYS = 1, 2  # types of an index, in the numbers of the wire; 3 is values of a map


class IndexRange:
    """The values that a query asks for."""

    __slots__ = ("_beside", "_here", "_high", "_low", "_particle", "_shape", "_type", "index_name")

    def __init__(self, namespace: Namespace, fields: dict[int, bytes]) -> None:
        """Raises RequestRefused: 4 for what is no range, 160 for no geo JSON, 201 without an index, 16 for what is not offered."""
        name, self._particle, self._low, self._high = range_field(fields[FIELD_INDEX_RANGE])
        self._type = int.from_bytes(fields.get(FIELD_INDEX_TYPE, b""), "big")
        context, expression = fields.get(FIELD_INDEX_CONTEXT, b""), fields.get(FIELD_INDEX_EXPRESSION, b"")
        wanted = IndexedValue(name, self._particle, self._type, context, expression)
        set_name, asked = fields.get(FIELD_SET, b""), fields.get(FIELD_INDEX_NAME)
        covering = (
            (own, index.value)
            for own, index in namespace.indexes.items()
            if asked in {None, b"", own}
            and index.covers(set_name, _named(wanted, index) if asked else wanted)
        )
        found, value = next(covering, (b"", wanted))
        if context:
            check_context(context)
        if not found:
            raise RequestRefused(Result.INDEX_NOT_FOUND, "no index covers this bin and these values")
        self.index_name = found.decode("utf-8", "replace")
        self._here, self._beside = finders(namespace, value)
        self._shape = shape_of(self._low) if self._particle == GEOJSON else None

    def find(self, digest: bytes, record: Record) -> int | None:
        """The number by which an index has ``record`` within the range, None when it does not.

        A list or map has one for each of its values: here the least counts, and a query gives each record once. Raises
        RequestRefused, and CostExceededError for what is too much for a turn of the event loop.
        """
        budget = CostBudget()
        return self._find(self._here(digest, record, budget), budget)

    def find_beside(self, digest: bytes, record: Record, budget: CostBudget) -> int | None:
        """The same in a thread, within its ``budget``."""
        return self._find(self._beside(digest, record, budget), budget)

    def _find(self, found: Particle | None, budget: CostBudget) -> int | None:
        """The number of a particle, or the least of those in it."""
        if found is None:
            return None
        kind, data = found
        if not self._type:
            return self._number(data, budget) if kind == self._particle else None
        parts = (part for of, part in self._parts(kind, data, budget) if of == self._particle)
        numbers = (self._number(part, budget) for part in parts)
        return min((number for number in numbers if number is not None), default=None)

    def _number(self, data: bytes, budget: CostBudget) -> int | None:
        """The number of a value of the right kind that is within the range, else None."""
        if self._shape is not None:
            # only when the first query comes: start-up time
            from asudfd.aerospike.geo.shape import stored_shape

            found = stored_shape(data, budget)
            return 0 if found is not None and found.meets(self._shape, budget) else None
        if self._particle != INTEGER:
            return _hash(data) if data == self._low else None
        value = int.from_bytes(data, "big", signed=True)
        return value if self._low <= value <= self._high else None

    def _parts(self, kind: int, data: bytes, budget: CostBudget) -> Iterator[Particle]:
        """Particles in a list or map that an index of this type has."""
        if kind != (LIST if self._type == _ELEMENTS else MAP):
            return
        collection = Collection(kind, data, budget)
        budget.charge(CHECK_STEPS * collection.weight)
        parts = collection.keys if self._type == _KEYS else collection.values
        for value in map(msgpack.unpack, parts):
            if isinstance(value, int | str | bytes):
                yield pack(value)


def _named(wanted: IndexedValue, index: Index) -> IndexedValue:
    """What a query that names its index asks for: what it does not tell is as the index has it."""
    return index.value._replace(**{key: part for key, part in wanted._asdict().items() if part != b""})


def _hash(data: bytes) -> int:
    """A number of 64 bits for a string or blob, the same on all nodes and after each start."""
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little", signed=True)
