"""What there is in a record, in filter expressions: its bins, its key and its digest."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import expression as x
from asinfo.wire import particle as particles
from asinfo.wire.message import BIN_NAME_SIZE_MAX
from asudfd.aerospike.message.cdt.collection import element
from asudfd.aerospike.message.filter.filter_record import PathElement
from asudfd.aerospike.message.filter.values import PARTICLES, value_of

if TYPE_CHECKING:
    from typing import Any

    from asudfd.aerospike.message.filter.filter_record import FilterRecord
    from asudfd.aerospike.message.filter.scope import Scope, Typed, Value

_NO_BIN = (particles.NULL, b"")
"""The particle of a bin that a record does not have."""

_INT32 = Struct("!i")


def bin_value(arguments: list[Any], _: Scope) -> Typed:
    """The value of a bin; unknown where it is missing or of another type. Raises WireError."""
    kind, name = arguments
    wanted = PARTICLES.get(kind)
    if wanted is None or len(name) > BIN_NAME_SIZE_MAX:
        raise WireError("a bin of no such type or name")

    def run(record: FilterRecord) -> Value:
        found = record.bin(name)
        if found is None:
            return None
        particle, data = found
        return value_of(particle, data) if particle == wanted else None

    return kind, run


def path_element(arguments: list[Any], _: Scope) -> Typed:
    """Key, value or index of the element of a path that is asked about; unknown where it is of another type."""
    kind, part = arguments
    wanted = PARTICLES.get(kind)
    if wanted is None or not 0 <= part < len(PathElement._fields):
        raise WireError("an element of a path of no such type or part")

    def run(record: FilterRecord) -> Value:
        found = record.element and record.element[part]
        if isinstance(found, bytes):
            particle, data = element(found)
            return value_of(particle, data) if particle == wanted else None
        return found if kind == x.INTEGER else None

    return kind, run


def bin_type(arguments: list[Any], _: Scope) -> Typed:
    """The particle type of a bin; that of nil where there is none."""
    name = arguments[0]

    def run(record: FilterRecord) -> Value:
        kind, _ = record.bin(name) or _NO_BIN
        return kind

    return x.INTEGER, run


def key_value(arguments: list[Any], _: Scope) -> Typed:
    """The user key, where it is stored and of this type. Raises WireError."""
    kind = arguments[0]
    if kind not in {x.INTEGER, x.STRING, x.BLOB}:
        raise WireError("a key of no such type")
    wanted = PARTICLES[kind]

    def run(record: FilterRecord) -> Value:
        key = record.record.key
        return value_of(key[0], key[1:]) if key and key[0] == wanted else None

    return kind, run


def digest_mod(arguments: list[Any], _: Scope) -> Typed:
    """The remainder of a part of the digest. Raises WireError."""
    (modulus,) = _INT32.unpack((arguments[0] & 0xFFFF_FFFF).to_bytes(4, "big"))
    if not modulus:
        raise WireError("a remainder of a division by zero")
    return x.INTEGER, lambda record: int.from_bytes(record.digest[16:], "little") % abs(modulus)
