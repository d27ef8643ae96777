"""Selection of elements of lists and maps, and the order in which they are shown."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire import cdt
from asinfo.wire.collection import order
from asinfo.wire.msgpack import ORDERED
from asinfo.wire.particle import LIST, MAP
from asinfo.wire.pattern import WILDCARD, PatternTree, compare, has_wildcard
from asinfo.wire.pieces import distinct, give_back
from asudfd.aerospike.message.cdt.collection import NIL, clipped, place_of, span
from asudfd.aerospike.message.cdt.heap import last_of_heap
from asudfd.aerospike.message.cost import LOOK_STEPS, ORDER_STEPS, WILDCARD_STEPS

if TYPE_CHECKING:
    from asinfo.wire.collection import Order
    from asudfd.aerospike.message.cdt.collection import Collection

FEW = 3
"""So many values are looked for one by one; for more of them all elements are put into a table, which costs as much as
three searches of 100 or 1,000 elements."""

HEAP_MAX = 1000
"""Most elements of a list in which equal ones have the ranks that a sort by a heap gives them, as on the real server: to
take half of 1,000 costs 2 ms. In longer lists they have them in their order."""

Ranges = Callable[[], tuple[range, ...]]


class ElementPositions(NamedTuple):
    """Places of elements: where they stand in the collection, counted from its start."""

    places: list[int]
    """In the order in which values and keys are shown."""

    by_index: list[int] | None = None
    """The order in which indexes are shown; None: ascending."""

    by_rank: list[int] | None = None
    """The order in which ranks are shown; None: ascending."""

    indexes: tuple[range, ...] = ()
    """The indexes where they are known as ranges, two of them for what is inverted."""

    ranks: Ranges | None = None
    """Gives the ranks where they are ranges: to find them takes time, and most requests do not ask for them."""

    share_ranks: bool = False
    """Whether equal elements of a list are shown with one rank, that of the first of them."""


def by_index(collection: Collection, index: bytes) -> ElementPositions:
    """The element at an index."""
    places = [place_of(collection, index)]
    return ElementPositions(places, by_rank=places, share_ranks=True)


def by_index_range(collection: Collection, index: bytes, count: bytes | None = None) -> ElementPositions:
    """Elements from an index on."""
    return _indexes(collection, span(len(collection.values), index, count))


def _indexes(collection: Collection, within: range) -> ElementPositions:
    collection.budget.charge(LOOK_STEPS * len(within))
    places = list(within)
    if (collection.kind == LIST and collection.flags & ORDERED) or len(places) == len(collection.values):
        return _neighbours(places, within)
    if not places:
        return ElementPositions(places, indexes=(within,), ranks=lambda: (range(0),))
    return ElementPositions(places, by_rank=places, indexes=(within,), share_ranks=True)


def by_rank(collection: Collection, rank: bytes) -> ElementPositions:
    """The element with a rank."""
    place = place_of(collection, rank)
    return _ranks(collection, range(place, place + 1))


def by_rank_range(collection: Collection, rank: bytes, count: bytes | None = None) -> ElementPositions:
    """Elements from a rank on."""
    return _ranks(collection, span(len(collection.values), rank, count))


def _ranks(collection: Collection, within: range) -> ElementPositions:
    ranked = collection.ranked()
    collection.budget.charge(LOOK_STEPS * len(within))
    places = ranked[within.start : within.stop]
    if collection.kind == MAP:
        return ElementPositions(places, by_index=places, ranks=lambda: (within,))
    if collection.flags & ORDERED:
        return _neighbours(places, within)
    if _ties(collection, ranked, within):
        places = last_of_heap(collection, within)
    if within.start <= len(ranked) - within.stop:
        places = places[::-1]
    return ElementPositions(places, ranks=lambda: (within,))


def _ties(collection: Collection, ranked: list[int], within: range) -> bool:
    """Whether elements within and outside a range of ranks are equal."""
    orders = collection.orders()
    ends = (within.start, within.stop)
    return (
        len(within) > 0
        and len(ranked) <= HEAP_MAX
        and any(0 < end < len(ranked) and orders[ranked[end - 1]] == orders[ranked[end]] for end in ends)
    )


def by_first_value(collection: Collection, value: bytes) -> ElementPositions:
    """The first element that equals a value."""
    places = _equal_to(collection, order(value))[:1]
    return ElementPositions(places, by_rank=places, share_ranks=True)


def by_value(collection: Collection, value: bytes) -> ElementPositions:
    """All elements that equal a value."""
    wanted = order(value)
    return _values(collection, _equal_to(collection, wanted), wanted)


def by_values(collection: Collection, values: bytes) -> ElementPositions:
    """All elements that equal one of several values."""
    wanted = [order(value) for value in cdt.elements(values).elements]
    asked = _each_equal(collection, wanted)
    if not asked:
        return _values(collection, [], order(NIL))
    collection.budget.charge(LOOK_STEPS * sum(map(len, asked)))
    in_turn = collection.distinct(chain.from_iterable(asked))
    give_back(wanted, len(wanted))
    for places in asked:
        give_back(places, len(places))
    return ElementPositions(collection.ascending(in_turn), by_rank=in_turn)


def by_value_interval(collection: Collection, low: bytes, high: bytes | None = None) -> ElementPositions:
    """Elements from one value to before another."""
    least, end = order(low), None if high is None else order(high)
    orders = collection.orders()
    if has_wildcard(least) or (end and has_wildcard(end)):
        collection.budget.charge(2 * WILDCARD_STEPS * collection.weight)
        places = [
            place
            for place, each in enumerate(orders)
            if compare(each, least) >= 0 and (end is None or compare(each, end) < 0)
        ]
    else:
        places = [place for place, each in enumerate(orders) if each >= least and (end is None or each < end)]
    return _values(collection, places, least)


def _values(collection: Collection, places: list[int], least: Order) -> ElementPositions:
    """Elements with neighbouring ranks, from that of a value on."""

    def within() -> range:
        start = _first_rank(collection, least)
        return range(start, start + len(places))

    if collection.kind == LIST and collection.flags & ORDERED:
        return _neighbours(places, range(places[0], places[0] + len(places)) if places else range(0))
    return ElementPositions(places, ranks=lambda: (within(),))


def _neighbours(places: list[int], within: range) -> ElementPositions:
    """Elements that stand side by side and have neighbouring ranks."""
    ranges = (within or range(0),)
    return ElementPositions(places, indexes=ranges, ranks=lambda: ranges)


def by_relative_rank(
    collection: Collection, value: bytes, rank: bytes, count: bytes | None = None
) -> ElementPositions:
    """Elements with ranks from that of a value on."""
    base = _first_rank(collection, order(value))
    return _ranks(collection, _relative(base, len(collection.values), rank, count))


def by_key(collection: Collection, key: bytes) -> ElementPositions:
    """The entry with a key."""
    place, there = collection.place_of_key(order(key))
    return ElementPositions([place] if there else [])


def by_keys(collection: Collection, keys: bytes) -> ElementPositions:
    """The entries with one of several keys."""
    wanted = [order(key) for key in cdt.elements(keys).elements]
    in_turn = collection.distinct(place for place, there in collection.places_of_keys(wanted) if there)
    return ElementPositions(collection.ascending(in_turn), by_index=in_turn)


def by_key_interval(collection: Collection, low: bytes, high: bytes | None = None) -> ElementPositions:
    """Entries from one key to before another."""
    least, bound = order(low), None if high is None else order(high)
    start = collection.place_of_key(least).place
    end = len(collection.keys) if bound is None else collection.place_of_key(bound).place
    if bound is not None and bound < least != WILDCARD:
        return _neighbours([], range(0))
    collection.budget.charge(LOOK_STEPS * max(0, end - start))
    places = list(range(start, end))
    return ElementPositions(places, by_rank=places, indexes=(range(start, start + len(places)),))


def by_relative_index(
    collection: Collection, key: bytes, index: bytes, count: bytes | None = None
) -> ElementPositions:
    """Entries with indexes from that of a key on."""
    base = collection.place_of_key(order(key)).place
    return _indexes(collection, _relative(base, len(collection.keys), index, count))


def inverted(collection: Collection, found: ElementPositions) -> ElementPositions:
    """All elements but these."""
    size = len(collection.values)
    if collection.kind == MAP and found.by_index == [] and found.ranks is not None:
        return _ranks(collection, range(size))
    places = [place for place, gone in enumerate(collection.marks(found.places)) if not gone]
    ranks = places if found.by_rank is not None and found.indexes else None
    known = found.ranks
    return ElementPositions(
        places,
        by_rank=ranks,
        indexes=_around(found.indexes, size),
        ranks=None if known is None else lambda: _around(known(), size),
        share_ranks=found.share_ranks,
    )


def _around(within: tuple[range, ...], size: int) -> tuple[range, ...]:
    """What is before and after a range."""
    return tuple(part for each in within for part in (range(each.start), range(each.stop, size)))


def _relative(base: int, size: int, offset: bytes, count: bytes | None) -> range:
    return clipped(base + cdt.integer(offset), count, size)


def _each_equal(collection: Collection, wanted: list[Order]) -> list[list[int]]:
    """For each value the places of the elements that equal it; only once for values that the same elements equal."""
    wanted = distinct(wanted)
    patterns = [each for each in wanted if has_wildcard(each)]
    exact = [each for each in wanted if not has_wildcard(each)] if patterns else wanted
    found: dict[Order, list[int]] = {}
    if exact and len(exact) <= FEW:
        collection.charge_looks(len(exact))
        found |= _equal_to_few(collection, exact)
    elif exact:
        found |= _equal_to_many(collection, exact)
    if patterns:
        found |= _equal_to_patterns(collection, patterns)
    asked = [found.get(each, []) for each in wanted]
    return list({id(places): places for places in asked}.values())


def _equal_to(collection: Collection, wanted: Order) -> list[int]:
    """The places of the elements that equal a value."""
    find = _equal_to_patterns if has_wildcard(wanted) else _equal_to_few
    return find(collection, [wanted])[wanted]


def _equal_to_few(collection: Collection, wanted: list[Order]) -> dict[Order, list[int]]:
    """By value the places of the elements that equal it: each value is compared with all elements."""
    return {
        value: [place for place, each in enumerate(collection.orders()) if each == value] for value in wanted
    }


def _equal_to_many(collection: Collection, wanted: list[Order]) -> dict[Order, list[int]]:
    """The same from a table of all elements."""
    found: dict[Order, list[int]] = {}
    orders = collection.orders()
    collection.charge_table(len(wanted))
    for place, each in enumerate(orders):
        found.setdefault(each, []).append(place)
    return found


def _equal_to_patterns(collection: Collection, patterns: list[Order]) -> dict[Order, list[int]]:
    """The same for values with wildcards: each element is looked at once, however many they are."""
    orders = collection.orders()
    collection.budget.charge(WILDCARD_STEPS * collection.weight)
    tree = PatternTree()
    found: dict[Order, list[int]] = {}
    for pattern in patterns:
        places = tree.add(pattern)
        if places is None:
            collection.budget.charge(WILDCARD_STEPS * collection.weight)
            places = [place for place, each in enumerate(orders) if not compare(each, pattern)]
        found[pattern] = places
    undecided = [place for place, each in enumerate(orders) if not tree.find(each, place)]
    if undecided:
        size = sum(len(collection.values[place]) for place in undecided)  # a value takes a byte at least
        for pattern, places in {id(places): (pattern, places) for pattern, places in found.items()}.values():
            collection.budget.charge(WILDCARD_STEPS * min(collection.weight, size))
            more = [place for place in undecided if not compare(orders[place], pattern)]
            places[:] = sorted({*places, *more})
    return found


def _first_rank(collection: Collection, wanted: Order) -> int:
    """The rank of the first element that is not less than a value."""
    ranked, orders = collection.ranked(), collection.orders()
    collection.budget.charge(ORDER_STEPS * len(ranked).bit_length())
    if not has_wildcard(wanted):
        return bisect_left(ranked, wanted, key=orders.__getitem__)
    collection.budget.charge(WILDCARD_STEPS * collection.weight)
    return bisect_left(ranked, 0, key=lambda place: compare(orders[place], wanted))
