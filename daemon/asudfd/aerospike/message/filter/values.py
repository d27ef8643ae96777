"""Values of expressions: a number, a truth value, the bytes of a particle; and as bins and lists have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire import expression as x
from asinfo.wire import msgpack
from asinfo.wire import particle as particles
from asinfo.wire.msgpack import Raw
from asudfd.aerospike.message.cost import BesideBudget
from asudfd.aerospike.message.filter.scope import ANY, NIL

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from asudfd.aerospike.message.filter.scope import Value

PARTICLES = {
    x.NIL: particles.NULL,
    x.BOOL: particles.BOOL,
    x.INTEGER: particles.INTEGER,
    x.FLOAT: particles.FLOAT,
    x.STRING: particles.STRING,
    x.BLOB: particles.BLOB,
    x.LIST: particles.LIST,
    x.MAP: particles.MAP,
    x.GEOJSON: particles.GEOJSON,
    x.HLL: particles.HLL,
}

COLLECTIONS = frozenset({x.LIST, x.MAP})

_NUMBERS = frozenset({particles.INTEGER, particles.FLOAT, particles.BOOL})


def value_of(kind: int, data: bytes) -> Value:
    """What a particle is in an expression."""
    if kind == particles.NULL:
        return NIL
    return particles.unpack(kind, data) if kind in _NUMBERS else data


def particle_of(value: Value, kind: int) -> tuple[int, bytes]:
    """The particle of a value of an expression of type ``kind``."""
    if value is NIL:
        return particles.NULL, b""
    if isinstance(value, bytes):
        return PARTICLES[kind], value
    return particles.pack(value)


def geo_particle(text: bytes) -> bytes:
    """The particle of a geo JSON text of an expression, as it is stored. Raises WireError."""
    return particles.stored_geo(bytes(3) + text, BesideBudget().charge_text)


def packed_as(kind: int) -> Callable[[Any], bytes]:
    """What makes an element of a list of a value of type ``kind``."""
    return _PACKED.get(kind, bytes)


_PACKED: dict[int, Callable[[Any], bytes]] = {
    **dict.fromkeys((x.BOOL, x.INTEGER, x.FLOAT, x.BLOB), msgpack.pack),
    x.NIL: lambda _: b"\xc0",
    x.STRING: lambda text: msgpack.pack(Raw(b"\x03" + text)),
    x.GEOJSON: lambda data: msgpack.pack(Raw(b"\x17" + particles.geo_text(data))),
    x.HLL: lambda data: msgpack.pack(Raw(b"\x12" + data)),
    **dict.fromkeys((x.LIST, x.MAP, ANY), lambda data: data),
}
"""For each type; what has none is never known."""
