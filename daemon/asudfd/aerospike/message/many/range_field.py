"""The range of a query (field 22), as the wire has it: which values of a bin it asks for.

    u8 1 · u8 size of the name · name of the bin · u8 particle type · u32 size · low · u32 size · high

Integers have 8 bytes; strings and blobs stand twice, for they are compared for equality only. So does geo JSON: of a region
the points in it are meant, of a point the regions that it is in.
Source: the wire specification, section 3.2.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception reads like one
from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import WireError
from asinfo.wire.particle import BLOB, GEOJSON, INTEGER, STRING
from asinfo.wire.result import Result
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from typing import Any

_SIZE = Struct("!I")


class RangeField(NamedTuple):
    """A bin, the particle type of what is looked for, and the least and largest: integers, or the same bytes twice."""

    bin_name: bytes
    particle: int
    low: Any
    high: Any


def range_field(data: bytes) -> RangeField:
    """What the field says. Raises RequestRefused."""
    try:
        return _parts(data)
    except (StructError, IndexError, WireError) as error:
        raise RequestRefused(Result.PARAMETER, "what should be a range is none") from error


def _parts(data: bytes) -> RangeField:
    name_end = 2 + data[1]
    kind = data[name_end]
    low, position = _bound(data, name_end + 1)
    high, end = _bound(data, position)
    sizes = {len(low), len(high)}
    if data[0] != 1 or end != len(data) or (kind == INTEGER and sizes != {8}):
        raise WireError("not one range")
    if kind not in {INTEGER, STRING, BLOB, GEOJSON} or (kind != INTEGER and low != high):
        raise WireError("a range of such values")
    return RangeField(data[2:name_end], kind, _comparable(kind, low), _comparable(kind, high))


def _bound(data: bytes, position: int) -> tuple[bytes, int]:
    start = position + _SIZE.size
    end = start + _SIZE.unpack_from(data, position)[0]
    if end > len(data):
        raise WireError("a range ends early")
    return data[start:end], end


def _comparable(kind: int, data: bytes) -> Any:
    """An integer, or bytes; values are compared only with those of the same kind."""
    return int.from_bytes(data, "big", signed=True) if kind == INTEGER else data
