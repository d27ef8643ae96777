"""A list or map in pieces, and what all operations on them share."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from asinfo.wire import cdt, msgpack
from asinfo.wire.collection import list_start, map_start, order
from asinfo.wire.expression import Unsupported
from asinfo.wire.msgpack import DEPTH_MAX, ORDERED, VALUE_ORDERED
from asinfo.wire.particle import LIST, MAP, pack
from asinfo.wire.result import Result
from daemon.message.arithmetic import wrap
from daemon.message.work import ENTRY_STEPS, LOOK_STEPS, MOVE_STEPS, ORDER_STEPS, SORT_STEPS
from daemon.record.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection as Places

    from asinfo.wire.collection import Order
    from daemon.message.work import Work

    Particle = tuple[int, bytes]
    Operation = Callable[..., Particle | None]

SIZE_MAX = 256 << 10
"""Largest list or map, in bytes, that an operation takes apart: that happens in the event loop. Our own limit."""

FEW = 16
"""So many elements are put in or taken out one by one; more of them all at once."""

NIL = b"\xc0"


class Collection:
    """A list or map in pieces: elements, or values and their keys.

    Orders and ranks are kept once they are known, until `forget`. All work is charged to ``work``; ``weight`` is the
    number of values in it, at any depth.
    """

    __slots__ = ("_orders", "_ranked", "flags", "keys", "kind", "values", "weight", "work")

    def __init__(self, kind: int, data: bytes, work: Work) -> None:
        """Raises WireError, and Unsupported for one that is too large."""
        if len(data) > SIZE_MAX:
            raise Unsupported(f"operations on lists and maps of more than {SIZE_MAX} bytes are not supported")
        self.kind = kind
        self.work = work
        self.keys: list[bytes] = []
        self._orders: list[Order] | None = None
        self._ranked: list[int] | None = None
        before = work.left
        if kind == LIST:
            self.flags, self.values = cdt.elements(data, work.charge)
            self.weight = before - work.left
            return
        self.flags, entries = cdt.entries(data, work.charge)
        self.weight = before - work.left
        if not self.flags & ORDERED:
            work.charge(ORDER_STEPS * len(entries))
            self._charge_sort(len(entries))
            entries.sort(key=lambda entry: order(entry[0]))  # places in a map are those of its keys in order
        self.keys = [key for key, _ in entries]
        self.values = [value for _, value in entries]

    def pack(self) -> bytes:
        """The collection as it is stored."""
        self.work.charge(self.weight)
        if self.kind == LIST:
            return cdt.join_list(self.values, self.flags)
        return cdt.join_map(list(zip(self.keys, self.values, strict=True)), self.flags)

    def forget(self) -> None:
        """An element has changed: orders and ranks are to be found anew."""
        self._orders = self._ranked = None

    def _charge_sort(self, values: float) -> None:
        """Charge for comparing so many values, at any depth, to bring them into order."""
        self.work.charge(values * int(values).bit_length() * SORT_STEPS)

    def orders(self) -> list[Order]:
        """What each element is compared by."""
        if self._orders is None:
            self.work.charge(ORDER_STEPS * self.weight)
            self._orders = [order(value) for value in self.values]
        self.work.charge(LOOK_STEPS * len(self.values))
        return self._orders

    def ranked(self) -> list[int]:
        """Places by the order of values."""
        if self._ranked is None:
            orders = self.orders()
            self._charge_sort(self.weight)
            self._ranked = sorted(range(len(orders)), key=orders.__getitem__)
        return self._ranked

    def put_in_order(self, value: bytes) -> None:
        """Put an element into an ordered list, after those that are equal."""
        self.values.insert(bisect_right(self.values, order(value), key=self._order_of), value)

    def _order_of(self, value: bytes) -> Order:
        deep = list_start(value, 0) or map_start(value, 0)
        self.work.charge((ORDER_STEPS + 1) * (min(len(value), self.weight) if deep else 1))
        return order(value)

    def add(self, entries: list[tuple[int, bytes, bytes]]) -> None:
        """Put new entries, with their places among the old ones, in order, into a map."""
        self.work.charge(ENTRY_STEPS * len(entries))
        if len(entries) <= FEW:
            self._move(len(entries))
            for place, key, value in reversed(entries):
                self.keys.insert(place, key)
                self.values.insert(place, value)
            return
        self.work.charge(LOOK_STEPS * len(self.keys))
        keys, values = self.keys, self.values
        self.keys, self.values = [], []
        done = 0
        for place, key, value in entries:
            self.keys += [*keys[done:place], key]
            self.values += [*values[done:place], value]
            done = place
        self.keys += keys[done:]
        self.values += values[done:]

    def _move(self, times: int) -> None:
        """Charge for moving all elements so many times."""
        self.work.charge(times * len(self.values) * MOVE_STEPS)

    def pay(self, values: int) -> None:
        """Charge for values that an operation makes."""
        self.work.charge(values)
        self.weight += values

    def place_of_key(self, wanted: Order) -> tuple[int, bool]:
        """Where an entry of a map is, or has to be put, and whether it is there."""
        self.work.charge((ORDER_STEPS + 1) * len(self.keys).bit_length() + 1)
        place = bisect_left(self.keys, wanted, key=order)
        return place, place < len(self.keys) and order(self.keys[place]) == wanted

    def remove(self, places: Places[int]) -> None:
        """Take elements out."""
        if len(places) <= FEW:
            self._move(len(places))
            for place in sorted(places, reverse=True):
                del self.values[place]
                del self.keys[place : place + 1]
            return
        gone = set(places)
        self.work.charge(2 * LOOK_STEPS * len(self.values))
        self.values = [value for place, value in enumerate(self.values) if place not in gone]
        if self.kind == MAP:
            self.keys = [key for place, key in enumerate(self.keys) if place not in gone]


def flags_of(data: bytes) -> int:
    """The flags of a collection that an argument says. Raises Refused for one that is not supported."""
    flags = cdt.integer(data)
    if flags & ~(ORDERED | VALUE_ORDERED):
        raise Refused(Result.UNSUPPORTED_FEATURE, "flags of a list or map that are not supported")
    return flags


def check_element(data: bytes) -> None:
    """Raise WireError for a value that no list or map can have in it."""
    order(data, DEPTH_MAX - 1)


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
    for kind, start in ((LIST, list_start), (MAP, map_start)):
        if start(data, 0):
            return kind, data
    return pack(msgpack.unpack(data))


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


def key_order(data: bytes) -> Order:
    """What a key is compared by; a list or map is none."""
    deep = list_start(data, 0) or map_start(data, 0)
    if deep or not isinstance(msgpack.unpack(data), int | str | bytes) or data[0] in {0xC2, 0xC3}:
        raise Refused(Result.PARAMETER, "a key of a map is an integer, a string or bytes")
    return order(data)
