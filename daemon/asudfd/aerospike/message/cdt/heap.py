"""Ranks of equal elements of an unordered list: those that a heap sort gives, as on the real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.aerospike.message.cost import COPY_STEPS, SORT_STEPS

if TYPE_CHECKING:
    from asinfo.wire.collection import Order
    from asudfd.aerospike.message.cdt.collection import Collection

HEAP_STEPS = 4
"""Steps to move an element down by one level of a heap: 0.3 to 0.4 us."""


def last_of_heap(collection: Collection, within: range) -> list[int]:
    """The places of the elements with these ranks, ascending by rank.

    The heap gives up the least elements first where the ranks are in the lower half, else the greatest.
    """
    orders = collection.orders()
    size = len(orders)
    ascending = within.start <= size - within.stop
    taken = within.stop if ascending else size - within.start
    collection.budget.charge((2 * size + taken * size.bit_length()) * HEAP_STEPS)
    deeper = (collection.weight - size) * SORT_STEPS + collection.size * COPY_STEPS
    collection.budget.charge(size.bit_length() * deeper)
    heap = _Heap(orders, ascending=ascending)
    places = [heap.pop() for _ in range(taken)]
    return places[within.start :] if ascending else places[size - within.stop :][::-1]


class _Heap:
    """Places of elements, the least or greatest first."""

    __slots__ = ("_ascending", "_orders", "_places")

    def __init__(self, orders: list[Order], *, ascending: bool) -> None:
        self._orders = orders
        self._ascending = ascending
        self._places = list(range(len(orders)))
        for at in reversed(range(len(orders) // 2)):
            self._sift(at)

    def pop(self) -> int:
        """Take out the first; the last comes to its place and moves down."""
        places = self._places
        first, places[0] = places[0], places[-1]
        del places[-1]
        if places:
            self._sift(0)
        return first

    def _sift(self, at: int) -> None:
        places = self._places
        moving = places[at]
        while (child := 2 * at + 1) < len(places):
            if child + 1 < len(places) and self._before(places[child + 1], places[child]):
                child += 1
            if not self._before(places[child], moving):
                break
            places[at] = places[child]
            at = child
        places[at] = moving

    def _before(self, one: int, other: int) -> bool:
        left, right = self._orders[one], self._orders[other]
        return left < right if self._ascending else left > right
