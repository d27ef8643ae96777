"""Particles: the values of bins and keys, a type byte beside the bytes.

    integer   8 bytes, signed, big-endian (a write may also have 1, 2 or 4)
    float     8 bytes, IEEE 754
    string    text, taken for UTF-8 and never checked
    bool      1 byte, 0 or 1
    list, map   msgpack, see ``asinfo.wire.msgpack``
    geo JSON  flags (1 byte, 0), number of cells (2 bytes), 8 bytes for each cell, text

Source: the specification of the wire protocol, section 3.4.
"""

from __future__ import annotations

from struct import Struct

from asinfo.errors import WireError
from asinfo.wire import msgpack
from asinfo.wire.collection import stored_list, stored_map
from asinfo.wire.msgpack import GeoJSON, Raw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Value: TypeAlias = "msgpack.Value | Opaque"

NULL = 0
INTEGER = 1
FLOAT = 2
STRING = 3
BLOB = 4
JAVA_BLOB = 7
CSHARP_BLOB = 8
PYTHON_BLOB = 9
RUBY_BLOB = 10
PHP_BLOB = 11
ERLANG_BLOB = 12
VECTOR = 16
BOOL = 17
HLL = 18
MAP = 19
LIST = 20
GEOJSON = 23

OPAQUE = frozenset({
    JAVA_BLOB, CSHARP_BLOB, PYTHON_BLOB, RUBY_BLOB, PHP_BLOB, ERLANG_BLOB, VECTOR, HLL,
})  # fmt: skip
"""Types whose bytes nobody here looks into."""

_OPAQUE_MARKS = frozenset(bytes([kind]) for kind in OPAQUE)
"""First bytes of such values in a list or map."""

_PARAMETER, _SERVER_ERROR, _GEOJSON_INVALID = (
    4,
    1,
    160,
)  # asinfo.wire.result has them; its enum costs a tool's start

_INT64 = Struct(">q")
_FLOAT64 = Struct(">d")
_GEO_HEAD = Struct(">BH")


class Opaque:
    """A value that Python has no type for: its particle type and its bytes."""

    __slots__ = ("data", "kind")

    def __init__(self, kind: int, data: bytes) -> None:
        self.kind = kind
        self.data = data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and (self.kind, self.data) == (other.kind, other.data)

    def __hash__(self) -> int:
        return hash((self.kind, self.data))

    def __repr__(self) -> str:
        return f"Opaque({self.kind}, {self.data!r})"


class Refused(WireError):  # noqa: N818 - named for what the node does
    """A value that a node does not store; ``code`` is the result code it answers with."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


# ---- particles to values and back


def unpack(kind: int, data: bytes) -> Value:
    """The value of a particle. Raises WireError for an unknown type and for bytes that are not of the type."""
    reader = _READERS.get(kind)
    if reader is None:
        raise WireError(f"unknown particle type {kind}")
    return reader(kind, data)


def pack(value: Value) -> tuple[int, bytes]:
    """Particle type and bytes of a value. Raises WireError for what a bin cannot hold."""
    for type_, kind, packer in _PACKERS:
        if isinstance(value, type_):
            return kind, packer(value)
    if isinstance(value, Opaque):
        return value.kind, value.data
    if isinstance(value, Raw) and value.data[:1] in _OPAQUE_MARKS:  # of a list or map
        return value.data[0], value.data[1:]
    raise WireError(f"a {type(value).__name__} is no value of a bin")


def _integer(_: int, data: bytes) -> int:
    if len(data) not in _INTEGER_SIZES:
        raise WireError(f"an integer of {len(data)} bytes")
    return int.from_bytes(data, "big", signed=True)


def _float(_: int, data: bytes) -> float:
    if len(data) != 8:
        raise WireError(f"a float of {len(data)} bytes")
    number: float = _FLOAT64.unpack(data)[0]
    return number


def _bool(_: int, data: bytes) -> bool:
    if data not in {b"\0", b"\1"}:
        raise WireError("a bool that is neither 0 nor 1")
    return data == b"\1"


def _list(_: int, data: bytes) -> list[Any]:
    value = msgpack.unpack(data)
    if not isinstance(value, list):
        raise WireError("a list that is none")
    return value


def _map(_: int, data: bytes) -> dict[Any, Any]:
    value = msgpack.unpack(data)
    if not isinstance(value, dict):
        raise WireError("a map that is none")
    return value


def _geojson(_: int, data: bytes) -> GeoJSON:
    return GeoJSON(geo_text(data), "utf-8", "surrogateescape")


def geo_text(data: bytes) -> bytes:
    """The text of a geo JSON particle. Raises WireError."""
    if len(data) < _GEO_HEAD.size:
        raise WireError("a geo JSON value without its head")
    start = _GEO_HEAD.size + 8 * _GEO_HEAD.unpack_from(data)[1]
    if start > len(data):
        raise WireError("the cells of a geo JSON value do not end within it")
    return data[start:]


def _pack_integer(value: int) -> bytes:
    if not -1 << 63 <= value < 1 << 63:
        raise WireError("an integer of more than 64 bits")
    return _INT64.pack(value)


_INTEGER_SIZES = frozenset({1, 2, 4, 8})
_GEO_NO_CELLS = bytes(_GEO_HEAD.size)

_READERS: dict[int, Callable[[int, bytes], Value]] = {
    **dict.fromkeys(OPAQUE, Opaque),
    NULL: lambda _kind, _data: None,
    INTEGER: _integer,
    FLOAT: _float,
    STRING: lambda _, data: data.decode("utf-8", "surrogateescape"),
    BLOB: lambda _, data: data,
    BOOL: _bool,
    MAP: _map,
    LIST: _list,
    GEOJSON: _geojson,
}

_PACKERS: tuple[tuple[type, int, Callable[[Any], bytes]], ...] = (
    (type(None), NULL, lambda _: b""),
    (bool, BOOL, lambda value: bytes([value])),
    (int, INTEGER, _pack_integer),
    (float, FLOAT, _FLOAT64.pack),
    (GeoJSON, GEOJSON, lambda value: _GEO_NO_CELLS + msgpack.utf8(value)),
    (str, STRING, msgpack.utf8),
    (bytes, BLOB, bytes),
    (list, LIST, msgpack.pack),
    (dict, MAP, msgpack.pack),
)
"""Tried from above: a bool is also an int, a geo JSON text also a string."""


# ---- what a node stores


def stored(kind: int, data: bytes) -> bytes:
    """The bytes that a node keeps of a particle in a write: an integer has 8, a point in geo JSON its cell.

    Regions have no cells.

    Raises Refused with the result code: 4 for unknown types and bytes that are not of the type, 1 for a list or map
    that it would not store, 160 for a geo JSON text that is neither a point nor a region.
    """
    if kind in _AS_THEY_ARE or (kind == INTEGER and len(data) == 8):
        return data
    rule = _STORED.get(kind)
    if rule is None:
        raise Refused(_PARAMETER, f"particle type {kind} cannot be stored")
    code, store = rule
    try:
        return store(data)
    except WireError as error:
        raise Refused(code, str(error)) from None


def _stored_integer(data: bytes) -> bytes:
    return _INT64.pack(_integer(INTEGER, data))


def _stored_float(data: bytes) -> bytes:
    _float(FLOAT, data)
    return data


def _stored_bool(data: bytes) -> bytes:
    _bool(BOOL, data)
    return data


def stored_geo(data: bytes, charge: Callable[[int], None]) -> bytes:
    """As `stored` for a geo JSON value.

    ``charge`` gets how much of the text is being looked at, in characters, piece by piece. Raises WireError for what is refused,
    and what ``charge`` raises.
    """
    from asinfo.wire.geo_json import GeoOutline
    from asinfo.wire.json_pieces import JsonError

    text = geo_text(data)
    outline = GeoOutline(text, charge)
    if outline.kind != "Point" or outline.within_feature:
        return _GEO_NO_CELLS + text
    try:
        place = outline.coordinates().place()
    except JsonError:
        return _GEO_NO_CELLS + text
    return (_in_cell(*place) if len(place) == 2 else _GEO_NO_CELLS) + text


def _in_cell(longitude: float, latitude: float) -> bytes:
    """What is stored before the text of a point: the cell that it is in."""
    from asinfo.wire.geo_cell import leaf_cell

    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        return _GEO_NO_CELLS
    return _GEO_HEAD.pack(0, 1) + leaf_cell(longitude, latitude).to_bytes(8, "big")


_AS_THEY_ARE = (OPAQUE - {VECTOR}) | {STRING, BLOB}

_STORED: dict[int, tuple[int, Callable[[bytes], bytes]]] = {
    INTEGER: (_PARAMETER, _stored_integer),
    FLOAT: (_PARAMETER, _stored_float),
    BOOL: (_PARAMETER, _stored_bool),
    LIST: (_SERVER_ERROR, stored_list),
    MAP: (_SERVER_ERROR, stored_map),
    GEOJSON: (_GEOJSON_INVALID, lambda data: stored_geo(data, lambda _: None)),
}
