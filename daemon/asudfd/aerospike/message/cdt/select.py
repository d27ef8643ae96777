"""Operations that find elements, show them as the return type says, and take them out if they are to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire import cdt, msgpack
from asinfo.wire.msgpack import ORDERED, PRESERVE_ORDER
from asinfo.wire.particle import LIST, MAP, pack
from asudfd.aerospike.message.cdt import find
from asudfd.aerospike.message.cdt.collection import Collection, Operation, integer, not_applicable
from asudfd.aerospike.message.cost import LOOK_STEPS, PACK_STEPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.aerospike.message.cdt.collection import Particle
    from asudfd.aerospike.message.cdt.find import ElementPositions

NONE, INDEX, REVERSE_INDEX, RANK, REVERSE_RANK, COUNT, KEY, VALUE, KEY_VALUE = range(9)
INDEX_RANGE, REVERSE_INDEX_RANGE, RANK_RANGE, REVERSE_RANK_RANGE, EXISTS = range(9, 14)
UNORDERED_MAP, ORDERED_MAP = 16, 17
"""Return types."""

INVERTED = 0x10000
"""Return type flag: all elements but these."""

_PLACES = frozenset({INDEX, REVERSE_INDEX, RANK, REVERSE_RANK})
_MAPS = {KEY_VALUE: PRESERVE_ORDER, UNORDERED_MAP: 0, ORDERED_MAP: ORDERED}
"""Return types that are maps, and the flags of those."""

_ANY = frozenset({NONE, COUNT, VALUE, EXISTS}) | _PLACES
_OF_KIND = {LIST: _ANY, MAP: _ANY | {KEY} | _MAPS.keys()}
_NO_RANGES: frozenset[int] = frozenset()
_INDEXES = frozenset({INDEX_RANGE, REVERSE_INDEX_RANGE})
_RANKS = frozenset({RANK_RANGE, REVERSE_RANK_RANGE})


class ElementSelector(NamedTuple):
    """A way to find elements."""

    gets: int
    removes: int
    """Codes of the operations."""

    find: Callable[..., ElementPositions]
    least: int
    most: int
    """Arguments beside the return type."""

    single: bool = False
    ranges: frozenset[int] = _NO_RANGES
    """Return types that say a range."""

    ranks: bool = True
    """Whether the return types of ranks are known to it."""


def _selects(selector: ElementSelector, kind: int, *, removes: bool) -> Operation:
    """An operation that finds elements, shows them and, where it ``removes``, takes them out."""
    allowed = _OF_KIND[kind] | selector.ranges
    if not selector.ranks:
        allowed -= {RANK, REVERSE_RANK}

    def run(collection: Collection, wanted: bytes, *arguments: bytes) -> Particle | None:
        asked = cdt.integer(wanted)
        return_type = asked & 0xFFFF
        if return_type not in allowed or (asked & INVERTED and selector.single):
            raise not_applicable()
        found = selector.find(collection, *arguments)
        alone = bool(asked & INVERTED) and return_type == EXISTS and _by_rank_alone(found)
        none = not found.places
        if asked & INVERTED:
            found = find.inverted(collection, found)
        collection.budget.charge(LOOK_STEPS * len(found.places))
        if alone:
            shown: Particle | None = pack(none)  # that there is none of them, not whether there are others
        else:
            shown = (_show_single if selector.single else _show)(collection, found, return_type)
        if removes:
            collection.remove(found.places)
        return shown

    return Operation(kind, run, 1 + selector.least, 1 + selector.most, modifies=removes)


def _by_rank_alone(found: ElementPositions) -> bool:
    return found.ranks is not None and not found.indexes and found.by_index is None


# ---- what is shown


def _show_single(collection: Collection, found: ElementPositions, wanted: int) -> Particle | None:
    """What there is of one element, or of none, as a return type says."""
    if wanted in {VALUE, KEY}:
        source = collection.values if wanted == VALUE else collection.keys
        return collection.show(source[found.places[0]]) if found.places else None
    if wanted in _PLACES:
        number, *_ = _numbers(collection, found, wanted) if found.places else (-1,)
        return integer(number)
    return _show(collection, found, wanted)


def _show(collection: Collection, found: ElementPositions, wanted: int) -> Particle | None:
    """What there is of elements, as a return type says."""
    places = found.places
    if wanted == NONE:
        return None
    if wanted == COUNT:
        return integer(len(places))
    if wanted == EXISTS:
        return pack(bool(places))
    if wanted in {VALUE, KEY}:
        source = collection.values if wanted == VALUE else collection.keys
        return LIST, cdt.join_list(collection.show_all(source, places))
    if wanted in _MAPS:
        return _show_map(collection, places, _MAPS[wanted])
    if wanted in _PLACES:
        collection.budget.charge(PACK_STEPS * len(places))
        return LIST, cdt.join_list([msgpack.pack(each) for each in _numbers(collection, found, wanted)])
    return pack(_range(collection, found, wanted))


def _show_map(collection: Collection, places: list[int], flags: int) -> Particle:
    if flags == ORDERED:
        places = collection.ascending(places)
    keys = collection.show_all(collection.keys, places)
    return MAP, cdt.join_map(keys, collection.show_all(collection.values, places), flags)


def _numbers(collection: Collection, found: ElementPositions, wanted: int) -> list[int]:
    """Indexes or ranks, from the start or the end, in the order in which they are shown."""
    size = len(collection.values)
    of_index = wanted in {INDEX, REVERSE_INDEX}
    reverse = wanted in {REVERSE_INDEX, REVERSE_RANK}
    ranges = _ranges(found, of_index=of_index)
    if ranges:
        return [number for each in ranges for number in (_mirrored(each, size) if reverse else each)]
    if of_index:
        numbers = collection.ascending(found.places) if found.by_index is None else found.by_index
    else:
        numbers = _ranks_of(collection, found)
    return [size - 1 - number for number in numbers] if reverse else numbers


def _ranges(found: ElementPositions, *, of_index: bool) -> tuple[range, ...]:
    if of_index or found.ranks is None:
        return found.indexes if of_index else ()
    return found.ranks()


def _mirrored(numbers: range, size: int) -> range:
    """The same elements, counted from the other end."""
    return range(size - numbers.stop, size - numbers.start)


def _ranks_of(collection: Collection, found: ElementPositions) -> list[int]:
    """Ranks of elements that do not have neighbouring ones."""
    if found.by_rank is None:
        ranks = collection.ranks()
        return collection.ascending([ranks[place] for place in found.places])
    shared = collection.kind == LIST and found.share_ranks
    ranks = collection.least_ranks() if shared else collection.ranks()
    return [ranks[place] for place in found.by_rank]


def _range(collection: Collection, found: ElementPositions, wanted: int) -> list[int]:
    """First index or rank, and how many."""
    count = len(found.places)
    of_index = wanted in {INDEX_RANGE, REVERSE_INDEX_RANGE}
    ranges = _ranges(found, of_index=of_index)
    start = (
        ranges[0].start
        if ranges
        else min(_numbers(collection, found, INDEX if of_index else RANK), default=0)
    )
    reverse = wanted in {REVERSE_INDEX_RANGE, REVERSE_RANK_RANGE}
    return [len(collection.values) - start - count if reverse else start, count]


_LISTS = (
    ElementSelector(cdt.LIST_GET_BY_INDEX, 32, find.by_index, 1, 1, single=True, ranges=_INDEXES),
    ElementSelector(20, 33, find.by_first_value, 1, 1, single=True),
    ElementSelector(cdt.LIST_GET_BY_RANK, 34, find.by_rank, 1, 1, single=True, ranges=_RANKS),
    ElementSelector(cdt.LIST_GET_BY_VALUE, 35, find.by_value, 1, 1, ranges=_RANKS),
    ElementSelector(cdt.LIST_GET_BY_VALUE_LIST, 36, find.by_values, 1, 1),
    ElementSelector(cdt.LIST_GET_BY_INDEX_RANGE, 37, find.by_index_range, 1, 2, ranges=_INDEXES),
    ElementSelector(cdt.LIST_GET_BY_VALUE_INTERVAL, 38, find.by_value_interval, 1, 2, ranges=_RANKS),
    ElementSelector(cdt.LIST_GET_BY_RANK_RANGE, 39, find.by_rank_range, 1, 2, ranges=_RANKS),
    ElementSelector(27, 40, find.by_relative_rank, 2, 3, ranges=_RANKS),
)
_MAPS_ = (
    ElementSelector(cdt.MAP_GET_BY_KEY, 76, find.by_key, 1, 1, single=True, ranges=_INDEXES),
    ElementSelector(cdt.MAP_GET_BY_INDEX, 77, find.by_index, 1, 1, single=True, ranges=_INDEXES),
    ElementSelector(99, 78, find.by_first_value, 1, 1, single=True, ranges=_RANKS),
    ElementSelector(cdt.MAP_GET_BY_RANK, 79, find.by_rank, 1, 1, single=True, ranges=_RANKS),
    ElementSelector(cdt.MAP_GET_BY_KEY_LIST, 81, find.by_keys, 1, 1, ranks=False),
    ElementSelector(cdt.MAP_GET_BY_VALUE, 82, find.by_value, 1, 1, ranges=_RANKS),
    ElementSelector(cdt.MAP_GET_BY_VALUE_LIST, 83, find.by_values, 1, 1),
    ElementSelector(cdt.MAP_GET_BY_KEY_INTERVAL, 84, find.by_key_interval, 1, 2, ranges=_INDEXES),
    ElementSelector(cdt.MAP_GET_BY_INDEX_RANGE, 85, find.by_index_range, 1, 2, ranges=_INDEXES),
    ElementSelector(cdt.MAP_GET_BY_VALUE_INTERVAL, 86, find.by_value_interval, 1, 2, ranges=_RANKS),
    ElementSelector(cdt.MAP_GET_BY_RANK_RANGE, 87, find.by_rank_range, 1, 2, ranges=_RANKS),
    ElementSelector(109, 88, find.by_relative_index, 2, 3, ranges=_INDEXES),
    ElementSelector(110, 89, find.by_relative_rank, 2, 3, ranges=_RANKS),
)

SELECTIONS: dict[int, Operation] = {
    code: _selects(selector, kind, removes=removes)
    for kind, selectors in ((LIST, _LISTS), (MAP, _MAPS_))
    for selector in selectors
    for code, removes in ((selector.gets, False), (selector.removes, True))
}
