"""Contexts: the way from a bin to a list or map within it, a step for each level.

    0x10 index, 0x11 rank, 0x13 value of a list;  0x20 index, 0x21 rank, 0x22 key, 0x23 value of a map

Without 0x10 and 0x20 a step fits both. Steps by index of a list and by key of a map may make what is not there; the bits
0xC0 say what the list or map that such a step looks in is made as, if it has to be made, too. 0x100, a kept index, changes
nothing that is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import WireError
from asinfo.wire import cdt
from asinfo.wire.collection import has_open_ends, stored_element
from asinfo.wire.extent import list_start, map_start
from asinfo.wire.msgpack import DEPTH_MAX, ORDERED, VALUE_ORDERED
from asinfo.wire.particle import LIST, MAP
from asudfd.aerospike.message.cdt import find
from asudfd.aerospike.message.cdt.collection import (
    Collection,
    empty,
    key_order,
    not_applicable,
    not_this_kind,
)
from asudfd.aerospike.message.cdt.lists import INDEX_MAX, pad
from asudfd.aerospike.message.cost import CostExceededError
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from asinfo.wire.collection import Order
    from asudfd.aerospike.message.cdt.find import ElementPositions
    from asudfd.aerospike.message.cost import CostBudget

INDEX, RANK, KEY, VALUE = range(4)
"""What a step goes by."""

OF_LIST, OF_MAP = 0x10, 0x20
_KINDS = {OF_LIST: LIST, OF_MAP: MAP}

KEPT_INDEX = 0x100
"""A bit of the first step only."""

CREATE = 0xC0
"""The bits that make what is not there."""

PADDED = 0x80
"""Makes an unordered list, and fills the gap up to an index with nils."""

_LIST_FLAGS = {0: 0, 0x40: 0, PADDED: 0, CREATE: ORDERED}
_MAP_FLAGS = {0: 0, 0x40: 0, 0x80: ORDERED, CREATE: ORDERED | VALUE_ORDERED}
_IDS = frozenset(
    {of | by for of in (0, OF_LIST, OF_MAP) for by in (INDEX, RANK, KEY, VALUE)} - {OF_LIST | KEY}
)


class Step(NamedTuple):
    """A step from a list or map to one of its elements."""

    of: int
    by: int
    create: int
    value: bytes

    @property
    def makes(self) -> bool:
        """Whether it is of a kind that can make what is not there."""
        return (self.of, self.by) in {(OF_LIST, INDEX), (OF_MAP, KEY)}

    def fits(self, kind: int) -> bool:
        """Whether a collection of this kind has elements that are found so."""
        known = self.of or not self.create
        return bool(known) and _KINDS.get(self.of, kind) == kind and not (kind == LIST and self.by == KEY)

    def new(self, budget: CostBudget) -> Collection:
        """The list or map that this step looks in, where there is none."""
        if self.of == OF_LIST:
            return empty(LIST, _LIST_FLAGS[self.create], budget)
        return empty(MAP, _MAP_FLAGS[self.create], budget)


def steps_of(context: bytes, *, modifies: bool) -> tuple[Step, ...]:
    """The steps that a context says. Raises WireError."""
    parts = cdt.elements(context).elements
    if not parts or len(parts) % 2 or len(parts) >= 2 * DEPTH_MAX:
        raise WireError("a context without steps, or with a step without value, or too deep")
    numbers = [cdt.integer(number) for number in parts[::2]]
    if any(number & KEPT_INDEX for number in numbers[1:]):
        raise WireError("an index is kept of a whole bin only")
    steps = tuple(_step(number, value) for number, value in zip(numbers, parts[1::2], strict=True))
    if modifies and any(has_open_ends(step.value) for step in steps):
        raise WireError("a wildcard or infinity in the context of a change")
    return steps


def _step(number: int, value: bytes) -> Step:
    where = number & 0x3F
    if where not in _IDS:
        raise WireError(f"a context has no step {number}")
    return Step(where & ~0x0F, where & 0x0F, number & CREATE, value)


def place(collection: Collection, step: Step) -> int:
    """Where the element is to which a step leads. Raises RequestRefused when it is nowhere."""
    if not step.fits(collection.kind):
        raise not_applicable()
    if step.by == VALUE:
        collection.charge_looks(1)
    try:
        found = _FINDERS[step.by](collection, step.value)
    except CostExceededError:
        raise
    except WireError as error:
        raise not_applicable() from error
    if not found.places:
        raise not_applicable()
    return found.places[0]


class Way(NamedTuple):
    """A list or map that a context leads through, and the element at which it goes on."""

    collection: Collection
    step: Step
    place: int
    there: bool
    weight: float
    """That of the element, 0 for one that is not there."""

    def put(self, changed: Collection) -> None:
        """Put the element back that was changed, or made."""
        collection, step, place, there, weight = self
        _put(collection, step, place, changed.pack(), there=there)
        collection.weight += changed.weight - weight
        collection.size += changed.size
        collection.forget()


def inner(collection: Collection, steps: tuple[Step, ...]) -> Collection:
    """The list or map in a collection to which steps lead. Raises RequestRefused."""
    for number, step in enumerate(steps, 1):
        collection = _opened(collection, place(collection, step), last=number == len(steps))
    return collection


def inner_to_change(
    collection: Collection | None, steps: tuple[Step, ...], budget: CostBudget
) -> tuple[list[Way], Collection | None]:
    """The way to the list or map to which steps lead, and that; None for one that is to be made. Raises RequestRefused.

    Once something is to be made, all further steps make what is not there. Nothing is changed yet.
    """
    ways: list[Way] = []
    made = False
    for number, step in enumerate(steps, 1):
        makes = step.makes and (made or bool(step.create))
        if collection is None:
            if not makes:
                raise not_applicable()
            made = True
            collection = step.new(budget)
            at, there = _new_place(collection, step), False
        elif makes and step.fits(collection.kind):
            at, there = _place_to_make(collection, step)
            made = not there
        else:
            at, there = place(collection, step), True
        element = _opened(collection, at, last=number == len(steps)) if there else None
        ways.append(Way(collection, step, at, there, element.weight if element else 0))
        collection = element
    return ways, collection


def _opened(collection: Collection, at: int, *, last: bool) -> Collection:
    """The list or map that an element is. Raises RequestRefused."""
    element = collection.values[at]
    for kind, start in ((LIST, list_start), (MAP, map_start)):
        if start(element, 0):
            return Collection(kind, element, collection.budget)
    raise not_this_kind() if last else not_applicable()


def _place_to_make(collection: Collection, step: Step) -> tuple[int, bool]:
    """Where an element is, or is to be made, and whether it is there. Raises RequestRefused."""
    if step.of == OF_MAP:
        return collection.place_of_key(_key(step))
    index, size = _index(step), len(collection.values)
    if index < 0:
        index += size or _last_of_none(step)
    if index >= size and collection.flags & ORDERED:
        return size, False  # where it comes to is a matter of its value
    if not 0 <= index <= INDEX_MAX or (index > size and step.create != PADDED):
        raise not_applicable()
    return index, index < size


def _new_place(collection: Collection, step: Step) -> int:
    """Where the only element of a list or map that is made is to be. Raises RequestRefused."""
    if step.of == OF_MAP:
        _key(step)
        return 0
    index = _index(step)
    if collection.flags & ORDERED and index >= 0:
        return 0  # where it comes to is a matter of its value
    at, _ = _place_to_make(collection, step)
    return at


def _last_of_none(step: Step) -> int:
    """What is to be added to -1, the last of no elements, for the first: padding begins at the start only."""
    return int(step.create != PADDED)


def _key(step: Step) -> Order:
    try:
        return key_order(step.value)
    except (RequestRefused, WireError) as error:
        raise not_applicable() from error


def _index(step: Step) -> int:
    try:
        return cdt.integer(step.value)
    except WireError as error:
        raise not_applicable() from error


def _put(collection: Collection, step: Step, at: int, value: bytes, *, there: bool) -> None:
    if collection.kind == MAP:
        if there:
            collection.values[at] = value
        else:
            collection.add([(at, stored_element(step.value), value)])
    elif collection.flags & ORDERED:
        if there:
            collection.remove([at])
        collection.put_in_order(value)
    else:
        pad(collection, at + (not there))
        collection.values[at] = value


_FINDERS: dict[int, Callable[[Collection, bytes], ElementPositions]] = {
    INDEX: find.by_index,
    RANK: find.by_rank,
    KEY: find.by_key,
    VALUE: find.by_first_value,
}
