"""A list or map in pieces, and what all operations on them share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire import cdt, msgpack
from asinfo.wire.collection import order
from asinfo.wire.expression import Unsupported
from asinfo.wire.msgpack import ORDERED, VALUE_ORDERED
from asinfo.wire.particle import LIST, MAP, pack
from asinfo.wire.result import Result
from daemon.message.arithmetic import wrap
from daemon.record.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Particle = tuple[int, bytes]
    Operation = Callable[..., Particle | None]

SIZE_MAX = 256 << 10
"""Largest list or map, in bytes, that an operation takes apart: that happens in the event loop. Our own limit."""

NIL = b"\xc0"


class Collection:
    """A list or map in pieces: elements, or values and their keys."""

    __slots__ = ("flags", "keys", "kind", "values")

    def __init__(self, kind: int, data: bytes) -> None:
        """Raises WireError, and Unsupported for one that is too large."""
        if len(data) > SIZE_MAX:
            raise Unsupported(f"operations on lists and maps of more than {SIZE_MAX} bytes are not supported")
        self.kind = kind
        self.keys: list[bytes] = []
        if kind == LIST:
            self.flags, self.values = cdt.elements(data)
            return
        self.flags, entries = cdt.entries(data)
        if not self.flags & ORDERED:
            entries.sort(key=lambda entry: order(entry[0]))  # places in a map are those of its keys in order
        self.keys = [key for key, _ in entries]
        self.values = [value for _, value in entries]

    def pack(self) -> bytes:
        """The collection as it is stored."""
        if self.kind == LIST:
            return cdt.join_list(self.values, self.flags)
        return cdt.join_map(list(zip(self.keys, self.values, strict=True)), self.flags)

    def ranked(self) -> list[int]:
        """Places by the order of values."""
        return sorted(range(len(self.values)), key=lambda place: order(self.values[place]))

    def remove(self, places: Sequence[int]) -> None:
        """Take elements out."""
        for place in sorted(places, reverse=True):
            del self.values[place]
            if self.kind == MAP:
                del self.keys[place]


def flags_of(data: bytes) -> int:
    """The flags of a collection that an argument says. Raises Refused for one that is not supported."""
    flags = cdt.integer(data)
    if flags & ~(ORDERED | VALUE_ORDERED):
        raise Refused(Result.UNSUPPORTED_FEATURE, "flags of a list or map that are not supported")
    return flags


def no_flags(data: bytes) -> None:
    """Raise Unsupported for flags of a write."""
    if cdt.integer(data):
        raise Unsupported("flags of writes to lists and maps are not supported")


def not_applicable() -> Refused:
    """What an operation on an element that is not there comes to."""
    return Refused(Result.OP_NOT_APPLICABLE, "not applicable to this list or map")


def integer(value: int) -> Particle:
    """An integer as a bin shows it."""
    return pack(value)


def element(data: bytes) -> Particle:
    """An element as a bin shows it."""
    value = msgpack.unpack(data)
    kind, plain = pack(value)
    return kind, data if kind in {LIST, MAP} else plain


def place_of(collection: Collection, index: bytes) -> int:
    """Where an index, which may count from the end, is. Raises Refused when it is nowhere."""
    size = len(collection.values)
    place = cdt.integer(index)
    place += size if place < 0 else 0
    if not 0 <= place < size:
        raise not_applicable()
    return place


def span(size: int, index: bytes, count: bytes | None) -> range:
    """The places of a range, as far as there are any."""
    start = cdt.integer(index)
    start += size if start < 0 else 0
    end = size if count is None else start + max(0, cdt.integer(count))
    return range(min(max(0, start), size), min(max(0, end), size))


def increase(collection: Collection, place: int, delta: bytes, sign: int) -> Particle:
    """Add to an element; integers to integers, floats to floats."""
    old, more = msgpack.unpack(collection.values[place]), msgpack.unpack(delta)
    if type(old) is int and type(more) is int:
        new: int | float = wrap(old + sign * more)
    elif type(old) is float and type(more) is float:
        new = old + sign * more
    elif type(old) in {int, float} and type(more) in {int, float}:
        raise Unsupported("sums of integers and floats are not supported")
    else:
        raise Refused(Result.BIN_TYPE, "only numbers can be added")
    collection.values[place] = msgpack.pack(new)
    return pack(new)


def key_order(data: bytes) -> tuple[int, object]:
    """What a key is compared by; a list or map is none."""
    if not isinstance(msgpack.unpack(data), int | str | bytes) or data[0] in {0xC2, 0xC3}:
        raise Refused(Result.PARAMETER, "a key of a map is an integer, a string or bytes")
    return order(data)
