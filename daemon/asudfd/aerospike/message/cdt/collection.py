"""A list or map in pieces, and what all operations on them share."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire import cdt, msgpack
from asinfo.wire.collection import KEYS, order, orders
from asinfo.wire.extent import list_start, map_start
from asinfo.wire.msgpack import DEPTH_MAX, ORDERED, VALUE_ORDERED
from asinfo.wire.particle import INTEGER, LIST, MAP, pack
from asinfo.wire.pattern import WILDCARD
from asinfo.wire.pieces import AT_ONCE, FREED_AT_ONCE, ascending, give_back, sorted_places
from asinfo.wire.result import Result
from asudfd.aerospike.message.cost import (
    COPY_STEPS,
    ENTRY_STEPS,
    HASH_STEPS,
    LOOK_STEPS,
    MOVE_STEPS,
    ORDER_STEPS,
    SHOW_STEPS,
    SORT_STEPS,
)
from asudfd.aerospike.message.filter.arithmetic import wrap
from asudfd.aerospike.message.operation import Operation
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asinfo.wire.collection import Order
    from asudfd.aerospike.message.cost import CostBudget

    Particle = tuple[int, bytes]

FEW = 16
"""So many elements are put in or taken out one by one; more of them all at once."""

SMALL = 32_768
"""In maps of fewer bytes keys are looked at without a look at their sizes: all of them together are copied in 3 us."""

NIL = b"\xc0"


class MapPlace(NamedTuple):
    """Where an entry of a map is, or has to be put, and whether it is there."""

    place: int
    there: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CollectionOperation(Operation):
    """An operation on a list or map. ``run`` gets that and the arguments, each as it stands, and gives what is shown."""

    kind: int
    creates: bool = False
    """Whether it makes a list or map that is not there."""

    flags_at: int | None = None
    """Which argument says the flags of what it makes; None where none does."""

    missing: Result = Result.OK
    """The error of a write that makes none: OK where nothing is done then."""

    returns: frozenset[int] = frozenset()
    """The return types that the first argument may say; none where it says something else."""


class Collection:
    """A list or map in pieces: elements, or values and their keys.

    Orders and ranks are kept once they are known, until `forget`. All work is charged to ``budget``; ``weight`` is the
    number of values in it, at any depth, ``size`` of their bytes, at most, ``room`` how deep its elements may be nested.
    """

    __slots__ = ("_orders", "_ranked", "budget", "flags", "keys", "kind", "room", "size", "values", "weight")

    def __init__(self, kind: int, data: bytes, budget: CostBudget) -> None:
        """Raises WireError."""
        self.kind = kind
        self.budget = budget
        self.keys: list[bytes] = []
        self.values: list[bytes] = []
        self.room = DEPTH_MAX - 1
        self.weight: float = 0
        self.size = len(data)
        self._orders: list[Order] | None = None
        self._ranked: list[int] | None = None
        budget.charge(self.size * COPY_STEPS)
        before = budget.left
        if kind == LIST:
            self.flags, self.values = cdt.elements(data, budget.charge)
            self.weight = before - budget.left
            return
        self.flags, self.keys, self.values = cdt.entries(data, budget.charge)
        self.weight = before - budget.left
        if not self.flags & ORDERED:
            self._sort_keys()

    def __del__(self) -> None:
        """Give a large collection back in pieces: to free a million values is one call of 40 ms else."""
        if self.weight > FREED_AT_ONCE:
            for items in (self._orders or [], self._ranked or [], self.values, self.keys):
                give_back(items, self.weight)

    def pack(self) -> bytes:
        """The collection as it is stored."""
        self.budget.charge(self.weight + self.size * COPY_STEPS)
        if self.kind == LIST:
            return cdt.join_list(self.values, self.flags)
        return cdt.join_map(self.keys, self.values, self.flags)

    def _sort_keys(self) -> None:
        """Bring the entries of a map into the order of their keys: that is what places are."""
        self.budget.charge(ORDER_STEPS * len(self.keys) + self.size * COPY_STEPS)
        self.charge_sort(len(self.keys))
        found = orders(self.keys)
        if not ascending(found):  # what was stored before maps were kept in order
            places = sorted_places(found, len(found))
            self.budget.charge(2 * LOOK_STEPS * len(places))
            self.keys = [self.keys[place] for place in places]
            self.values = [self.values[place] for place in places]

    def forget(self) -> None:
        """An element has changed: orders and ranks are to be found anew."""
        self._orders = self._ranked = None

    def charge_sort(self, values: float) -> None:
        """Charge for comparing so many values, at any depth, to bring them into order."""
        self.budget.charge(int(values).bit_length() * (values * SORT_STEPS + self.size * COPY_STEPS))

    def orders(self) -> list[Order]:
        """What each element is compared by. Who looks at all of them pays for that."""
        if self._orders is None:
            self.budget.charge(ORDER_STEPS * self.weight + self.size * COPY_STEPS)
            self._orders = orders(self.values)
        return self._orders

    def charge_looks(self, times: float) -> None:
        """Charge for so many looks at each element."""
        self.budget.charge(times * LOOK_STEPS * len(self.values))

    def ranked(self) -> list[int]:
        """Places by the order of values."""
        if self._ranked is None:
            found = self.orders()
            self.charge_sort(self.weight)
            self._ranked = sorted_places(found, self.weight)
        return self._ranked

    def put_in_order(self, value: bytes) -> None:
        """Put an element into an ordered list, after those that are equal."""
        self.move()
        self.values.insert(bisect_right(self.values, self._order_of(value), key=self._order_of), value)

    def _order_of(self, value: bytes) -> Order:
        deep = list_start(value, 0) or map_start(value, 0)
        values = min(len(value), self.weight) if deep else 1
        self.budget.charge((ORDER_STEPS + 1) * values + len(value) * COPY_STEPS)
        return order(value)

    def add(self, entries: list[tuple[int, bytes, bytes]]) -> None:
        """Put new entries, with their places among the old ones, in order, into a map."""
        self.budget.charge(ENTRY_STEPS * len(entries))
        if len(entries) <= FEW:
            self.move(len(entries))
            for place, key, value in reversed(entries):
                self.keys.insert(place, key)
                self.values.insert(place, value)
            return
        self.budget.charge(LOOK_STEPS * len(self.keys))
        keys, values = self.keys, self.values
        self.keys, self.values = [], []
        done = 0
        for place, key, value in entries:
            self.keys += [*keys[done:place], key]
            self.values += [*values[done:place], value]
            done = place
        self.keys += keys[done:]
        self.values += values[done:]

    def move(self, times: int = 1) -> None:
        """Charge for moving all elements so many times: what is put in or taken out moves the rest."""
        self.budget.charge(times * (len(self.values) + len(self.keys)) * MOVE_STEPS)

    def pay(self, values: int) -> None:
        """Charge for values of a byte that an operation makes."""
        self.budget.charge(values)
        self.weight += values
        self.size += values

    def show(self, item: bytes) -> Particle:
        """A key or value as a bin shows it."""
        self.budget.charge(len(item) * SHOW_STEPS)
        return element(item)

    def show_all(self, items: list[bytes], places: Sequence[int]) -> list[bytes]:
        """The keys or values at these places, for a list or map that is shown."""
        self.budget.charge(LOOK_STEPS * len(places))
        found = [items[place] for place in places]
        self.budget.charge(sum(len(item) for item in found) * COPY_STEPS)
        return found

    def charge_table(self, wanted: int) -> None:
        """Charge for a table of all values, and for looking up so many in it."""
        self.budget.charge(ORDER_STEPS * (self.weight + wanted) + self.size * HASH_STEPS)

    def marks(self, places: Iterable[int]) -> bytearray:
        """1 for each element that is at one of these places, else 0. A set of a million would be one long call."""
        self.budget.charge(LOOK_STEPS * len(self.values))
        found = bytearray(len(self.values))
        for place in places:
            found[place] = 1
        return found

    def ascending(self, numbers: Sequence[int]) -> list[int]:
        """Places or ranks in their order: many are not sorted, which would be one long call."""
        self.budget.charge(len(numbers))
        if len(numbers) <= AT_ONCE:
            return sorted(numbers)
        return [number for number, there in enumerate(self.marks(numbers)) if there]

    def ranks(self) -> dict[int, int]:
        """The rank of each place."""
        self.budget.charge(len(self.values))
        return {place: rank for rank, place in enumerate(self.ranked())}

    def least_ranks(self) -> dict[int, int]:
        """The rank of each place, the same for elements that are equal: that of the first of them."""
        self.budget.charge(2 * len(self.values))
        compared = self.orders()
        found: dict[int, int] = {}
        before = least = -1
        for rank, place in enumerate(self.ranked()):
            if before < 0 or compared[before] != compared[place]:
                least = rank
            found[place] = least
            before = place
        return found

    def place_of_key(self, wanted: Order) -> MapPlace:
        """Where the entry with a key is."""
        self.budget.charge((ORDER_STEPS + 1) * (len(self.keys).bit_length() + 1) + 1)
        if wanted == WILDCARD:  # the first entry that a binary search looks at
            return MapPlace(len(self.keys) // 2, bool(self.keys))
        look = order if self.size < SMALL else self._order_of_key
        place = bisect_left(self.keys, wanted, key=look)
        return MapPlace(place, place < len(self.keys) and look(self.keys[place]) == wanted)

    def _order_of_key(self, key: bytes) -> Order:
        self.budget.charge(len(key) * COPY_STEPS)
        return order(key)

    def remove(self, places: Sequence[int]) -> None:
        """Take elements out."""
        if len(places) <= FEW:
            self.move(len(places))
            for place in sorted(places, reverse=True):
                del self.values[place]
                del self.keys[place : place + 1]
            return
        self.budget.charge(LOOK_STEPS * (len(places) + len(self.keys)))
        marks = self.marks(places)
        self.values = [value for value, gone in zip(self.values, marks, strict=True) if not gone]
        if self.kind == MAP:
            self.keys = [key for key, gone in zip(self.keys, marks, strict=True) if not gone]


def flags_of(data: bytes, kind: int) -> int:
    """The flags of a collection that an argument says; what it says beside them changes nothing that is shown."""
    flags = cdt.integer(data)
    if kind == LIST or not flags & ORDERED:
        return flags & ORDERED
    return flags & (ORDERED | VALUE_ORDERED)


def empty(kind: int, flags: int, budget: CostBudget) -> Collection:
    """A list or map without elements."""
    return Collection(kind, cdt.join_list([], flags) if kind == LIST else cdt.join_map([], [], flags), budget)


def not_applicable() -> RequestRefused:
    """What an operation on an element that is not there comes to."""
    return RequestRefused(Result.OP_NOT_APPLICABLE, "not applicable to this list or map")


def not_this_kind() -> RequestRefused:
    """What an operation on lists or maps comes to on something else."""
    return RequestRefused(Result.BIN_TYPE, "an operation on lists or maps on something else")


def integer(value: int) -> Particle:
    """An integer as a bin shows it."""
    return INTEGER, value.to_bytes(8, "big", signed=True)


def element(data: bytes) -> Particle:
    """An element as a bin shows it."""
    lead = data[0]
    if lead < 0x80:
        return INTEGER, lead.to_bytes(8, "big")
    for kind, start in ((LIST, list_start), (MAP, map_start)):
        if start(data, 0):
            return kind, data
    return pack(msgpack.unpack(data))


def place_of(collection: Collection, index: bytes) -> int:
    """Where an index, which may count from the end, is. Raises RequestRefused when it is nowhere."""
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
    return clipped(start, count, size)


def clipped(start: int, count: bytes | None, size: int) -> range:
    """A range from ``start``, as far as it is within ``size``; a count below 0 is as good as none."""
    most = -1 if count is None else cdt.integer(count)
    end = size if most < 0 else start + most
    return range(min(max(0, start), size), min(max(0, end), size))


def number(data: bytes) -> float:
    """A number, which other numbers can be added to. Raises RequestRefused."""
    value = msgpack.unpack(data)
    if type(value) is int or type(value) is float:
        return value
    raise RequestRefused(Result.PARAMETER, "only numbers can be added")


def added(old: bytes, delta: float) -> bytes:
    """A number after an increment: it keeps its type. Raises RequestRefused."""
    value = number(old)
    if type(value) is float:
        return msgpack.pack(value + delta)
    if type(delta) is float and not -(2.0**63) <= delta < 2.0**63:  # also for NaN
        raise RequestRefused(Result.PARAMETER, "a number that no integer can be increased by")
    return msgpack.pack(wrap(int(value) + int(delta)))


def key_order(data: bytes) -> Order:
    """What a key is compared by; a list or map is none."""
    found = order(data, 0)
    rank, _ = found
    if rank not in KEYS:
        raise RequestRefused(Result.PARAMETER, "a key of a map is an integer, a string or bytes")
    return found
