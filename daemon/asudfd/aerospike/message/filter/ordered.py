"""Lists and maps as filters compare them: in the order of the real server's, with wildcards and infinities.

A wildcard equals anything and ends the comparison, so that [1, *] equals every list that begins with 1 and has more in
it; infinity is larger than all else. Both come with constants, and in what a client has stored.
Source: the specification of operations on collections, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asinfo.wire.collection import order
from asinfo.wire.extent import map_start, marker, pass_over
from asinfo.wire.msgpack import ORDERED
from asinfo.wire.pattern import compare, has_wildcard
from asinfo.wire.pieces import FREED_AT_ONCE, give_back
from asudfd.aerospike.message.cost import LOOK_STEPS, PATTERN_STEPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from asinfo.wire.collection import Order
    from asudfd.aerospike.message.cost import CostBudget

_WILDCARD = b"\xd4\xff\0"


@dataclass(slots=True)
class Ordered:
    """A value as it is compared."""

    order: Order
    values: int
    """How many there are in it, at any depth."""

    has_wildcard: bool

    def __del__(self) -> None:
        """Give a large list or map back in pieces."""
        if self.values > FREED_AT_ONCE:
            kind, content = self.order
            of_map = isinstance(content[0], int)
            items = list(content[1] if of_map else content)
            del content
            self.order = kind, ()
            give_back(items, self.values)


def count(data: bytes) -> int:
    """How many values there are in one. Raises WireError for what is none."""
    found = 0

    def add(values: int) -> None:
        nonlocal found
        found += values

    pass_over(data, 0, add)
    return found


def is_ordered_map(data: bytes) -> bool:
    """Whether a map is kept in the order of its keys: only such are compared, as on the real server."""
    count, position = map_start(data, 0) or (0, 0)
    flags, _ = marker(data, position, count)
    return bool(flags & ORDERED)


def ordered(data: bytes, values: int) -> Ordered:
    """A value that has so many in it. Raises WireError for one that a node would not store."""
    found = order(data)
    return Ordered(found, values, _WILDCARD in data and has_wildcard(found))


def test_of(
    test: Callable[[Order | int, Order | int], bool], left: Ordered, right: Ordered, budget: CostBudget
) -> bool:
    """What a test for equal, less or greater says of two values. Raises CostExceededError."""
    if left.has_wildcard or right.has_wildcard:
        budget.charge(PATTERN_STEPS * min(left.values, right.values))
        return test(compare(left.order, right.order), 0)
    return test(left.order, right.order)


def has_element(found: Ordered, wanted: Ordered, budget: CostBudget) -> bool:
    """Whether a list has an element that equals a value. Raises CostExceededError."""
    items = found.order[1]
    if found.has_wildcard or wanted.has_wildcard:
        budget.charge(PATTERN_STEPS * found.values)
        return any(not compare(item, wanted.order) for item in items)
    budget.charge(LOOK_STEPS * len(items))
    return wanted.order in items
