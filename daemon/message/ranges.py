"""The range of a query (field 22): which values of a bin it asks for, and whether an index allows it.

    u8 1 · u8 size of the name · name of the bin · u8 particle type · u32 size · low · u32 size · high

Integers have 8 bytes; strings and blobs stand twice, for they are compared for equality only.
Source: the wire specification, sections 3.2 and 4.7.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception reads like one
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import cdt, msgpack
from asinfo.wire.message import (
    FIELD_INDEX_CONTEXT,
    FIELD_INDEX_EXPRESSION,
    FIELD_INDEX_NAME,
    FIELD_INDEX_RANGE,
    FIELD_INDEX_TYPE,
    FIELD_SET,
)
from asinfo.wire.particle import BLOB, GEOJSON, INTEGER, LIST, MAP, STRING, pack
from asinfo.wire.result import Result
from daemon.message.bins import particle, split
from daemon.message.cdt.collection import SIZE_MAX
from daemon.record.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from daemon.record.namespace import Namespace
    from daemon.record.record import Record

_SIZE = Struct("!I")
_ELEMENTS, _KEYS = 1, 2  # types of an index, in the numbers of the wire; 3 is values of a map


class Range:
    """The values that a query asks for."""

    __slots__ = ("_high", "_low", "_name", "_particle", "_type", "index_name")

    def __init__(self, namespace: Namespace, fields: dict[int, bytes]) -> None:
        """Raises Refused: 4 for what is no range, 201 when no index allows it, 16 for what is not offered."""
        if FIELD_INDEX_CONTEXT in fields or FIELD_INDEX_EXPRESSION in fields:
            raise Refused(Result.UNSUPPORTED_FEATURE, "indexes within collections, or on expressions")
        self._name, self._particle, self._low, self._high = _read(fields[FIELD_INDEX_RANGE])
        self._type = int.from_bytes(fields.get(FIELD_INDEX_TYPE, b""), "big")
        if self._particle == GEOJSON:
            raise Refused(Result.INDEX_NOT_FOUND, "there are no geo indexes")
        set_name, asked = fields.get(FIELD_SET, b""), fields.get(FIELD_INDEX_NAME)
        covering = (
            name
            for name, index in namespace.indexes.items()
            if asked in {None, b"", name} and index.covers(set_name, self._name, self._particle, self._type)
        )
        self.index_name = next(covering, b"").decode("utf-8", "replace")
        if not self.index_name:
            raise Refused(Result.INDEX_NOT_FOUND, "no index covers this bin and these values")

    def find(self, record: Record) -> bytes | None:
        """The value of field 15 when a value of ``record`` is within the range, else None. Raises Refused."""
        bin_ = split(record.bins).get(self._name)
        if bin_ is None:
            return None
        for kind, data in self._values(*particle(bin_)):
            if kind == self._particle:
                value = _comparable(kind, data)
                if self._low <= value <= self._high:
                    return data[::-1] if kind == INTEGER else bytes(8)
        return None

    def _values(self, kind: int, data: bytes) -> Iterable[tuple[int, bytes]]:
        """Particles in a bin that an index of this type has."""
        if not self._type:
            return [(kind, data)]
        if kind != (LIST if self._type == _ELEMENTS else MAP):
            return []
        if len(data) > SIZE_MAX:
            raise Refused(
                Result.UNSUPPORTED_FEATURE, f"an index on a collection of more than {SIZE_MAX} bytes"
            )
        if self._type == _ELEMENTS:
            parts = cdt.elements(data)[1]
        else:
            _, keys, values = cdt.entries(data)
            parts = keys if self._type == _KEYS else values
        return [pack(value) for value in map(msgpack.unpack, parts) if isinstance(value, int | str | bytes)]


def _comparable(kind: int, data: bytes) -> Any:
    """An integer, or bytes; values are compared only with those of the same kind."""
    return int.from_bytes(data, "big", signed=True) if kind == INTEGER else data


def _read(data: bytes) -> tuple[bytes, int, Any, Any]:
    """Bin, particle type, low and high of a range. Raises Refused."""
    try:
        return _parts(data)
    except (StructError, IndexError, WireError) as error:
        raise Refused(Result.PARAMETER, "what should be a range is none") from error


def _parts(data: bytes) -> tuple[bytes, int, Any, Any]:
    name_end = 2 + data[1]
    kind = data[name_end]
    low, position = _bound(data, name_end + 1)
    high, end = _bound(data, position)
    sizes = {len(low), len(high)}
    if data[0] != 1 or end != len(data) or (kind == INTEGER and sizes != {8}):
        raise WireError("not one range")
    if kind not in {INTEGER, STRING, BLOB, GEOJSON} or (kind != INTEGER and low != high):
        raise WireError("a range of such values")
    return data[2:name_end], kind, _comparable(kind, low), _comparable(kind, high)


def _bound(data: bytes, position: int) -> tuple[bytes, int]:
    start = position + _SIZE.size
    end = start + _SIZE.unpack_from(data, position)[0]
    if end > len(data):
        raise WireError("a range ends early")
    return data[start:end], end
