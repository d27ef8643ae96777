"""Operations that find elements, show them as the return type says, and take them out if they are to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire import cdt, msgpack
from asinfo.wire.msgpack import ORDERED, PRESERVE_ORDER
from asinfo.wire.particle import LIST, MAP, pack
from asudfd.aerospike.message.cdt import find
from asudfd.aerospike.message.cdt.collection import (
    Collection,
    CollectionOperation,
    integer,
    not_applicable,
)
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

_NUMBERS_OF_INDEX = frozenset({INDEX, REVERSE_INDEX})
_NUMBERS_OF_RANK = frozenset({RANK, REVERSE_RANK})
_NUMBERS = _NUMBERS_OF_INDEX | _NUMBERS_OF_RANK
_INDEX_RANGES = frozenset({INDEX_RANGE, REVERSE_INDEX_RANGE})
_RANK_RANGES = frozenset({RANK_RANGE, REVERSE_RANK_RANGE})
_FLAGS_OF_MAPS = {KEY_VALUE: PRESERVE_ORDER, UNORDERED_MAP: 0, ORDERED_MAP: ORDERED}
"""Return types that are maps, and the flags of those."""

_OF_LISTS = frozenset({NONE, COUNT, VALUE, EXISTS}) | _NUMBERS
_LISTS_BY_INDEX = _OF_LISTS | _INDEX_RANGES
_LISTS_BY_RANK = _OF_LISTS | _RANK_RANGES
_OF_MAPS = _OF_LISTS | {KEY} | _FLAGS_OF_MAPS.keys()
_MAPS_BY_INDEX = _OF_MAPS | _INDEX_RANGES
_MAPS_BY_RANK = _OF_MAPS | _RANK_RANGES


class Selector(NamedTuple):
    """A way to find elements, which operations show, and others take out; see `Operation`."""

    kind: int
    find: Callable[..., ElementPositions]
    least: int
    most: int
    """Arguments beside the return type, which is the first one."""

    returns: frozenset[int]
    """The return types that it has."""

    single: bool = False
    """Whether it finds one element; it is not inverted then."""

    looks: int = 0


def _selects(selector: Selector, *, removes: bool) -> CollectionOperation:
    """An operation that finds elements, shows them and, where it ``removes``, takes them out."""
    finds, returns, single = selector.find, selector.returns, selector.single

    def run(collection: Collection, wanted: bytes, *arguments: bytes) -> Particle | None:
        asked = cdt.integer(wanted)
        return_type = asked & 0xFFFF
        if return_type not in returns or (asked & INVERTED and single):
            raise not_applicable()
        found = finds(collection, *arguments)
        alone = bool(asked & INVERTED) and return_type == EXISTS and _by_rank_alone(found)
        none = not found.places
        if asked & INVERTED:
            found = find.inverted(collection, found)
        collection.budget.charge(LOOK_STEPS * len(found.places))
        if alone:
            shown: Particle | None = pack(none)  # that there is none of them, not whether there are others
        else:
            shown = (_show_single if single else _show)(collection, found, return_type)
        if removes:
            collection.remove(found.places)
        return shown

    return CollectionOperation(
        run,
        1 + selector.least,
        1 + selector.most,
        modifies=removes,
        looks=selector.looks,
        kind=selector.kind,
        returns=returns,
    )


def _by_rank_alone(found: ElementPositions) -> bool:
    return found.ranks is not None and not found.indexes and found.by_index is None


# ---- what is shown


def _show_single(collection: Collection, found: ElementPositions, wanted: int) -> Particle | None:
    """What there is of one element, or of none, as a return type says."""
    if wanted in {VALUE, KEY}:
        source = collection.values if wanted == VALUE else collection.keys
        return collection.show(source[found.places[0]]) if found.places else None
    if wanted in _NUMBERS:
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
    if wanted in _FLAGS_OF_MAPS:
        return _show_map(collection, places, _FLAGS_OF_MAPS[wanted])
    if wanted in _NUMBERS:
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
    of_index = wanted in _NUMBERS_OF_INDEX
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
    of_index = wanted in _INDEX_RANGES
    ranges = _ranges(found, of_index=of_index)
    start = (
        ranges[0].start
        if ranges
        else min(_numbers(collection, found, INDEX if of_index else RANK), default=0)
    )
    reverse = wanted in {REVERSE_INDEX_RANGE, REVERSE_RANK_RANGE}
    return [len(collection.values) - start - count if reverse else start, count]


_SELECTORS: dict[int, Selector] = {
    cdt.LIST_GET_BY_INDEX: Selector(LIST, find.by_index, 1, 1, _LISTS_BY_INDEX, single=True),
    cdt.LIST_GET_BY_FIRST_VALUE: Selector(LIST, find.by_first_value, 1, 1, _OF_LISTS, single=True, looks=1),
    cdt.LIST_GET_BY_RANK: Selector(LIST, find.by_rank, 1, 1, _LISTS_BY_RANK, single=True),
    cdt.LIST_GET_BY_VALUE: Selector(LIST, find.by_value, 1, 1, _LISTS_BY_RANK, looks=1),
    cdt.LIST_GET_BY_VALUE_LIST: Selector(LIST, find.by_values, 1, 1, _OF_LISTS),
    cdt.LIST_GET_BY_INDEX_RANGE: Selector(LIST, find.by_index_range, 1, 2, _LISTS_BY_INDEX),
    cdt.LIST_GET_BY_VALUE_INTERVAL: Selector(LIST, find.by_value_interval, 1, 2, _LISTS_BY_RANK, looks=1),
    cdt.LIST_GET_BY_RANK_RANGE: Selector(LIST, find.by_rank_range, 1, 2, _LISTS_BY_RANK),
    cdt.LIST_GET_BY_RELATIVE_RANK: Selector(LIST, find.by_relative_rank, 2, 3, _LISTS_BY_RANK),
    cdt.MAP_GET_BY_KEY: Selector(MAP, find.by_key, 1, 1, _MAPS_BY_INDEX, single=True),
    cdt.MAP_GET_BY_INDEX: Selector(MAP, find.by_index, 1, 1, _MAPS_BY_INDEX, single=True),
    cdt.MAP_GET_BY_FIRST_VALUE: Selector(MAP, find.by_first_value, 1, 1, _MAPS_BY_RANK, single=True, looks=1),
    cdt.MAP_GET_BY_RANK: Selector(MAP, find.by_rank, 1, 1, _MAPS_BY_RANK, single=True),
    cdt.MAP_GET_BY_KEY_LIST: Selector(MAP, find.by_keys, 1, 1, _OF_MAPS - _NUMBERS_OF_RANK),
    cdt.MAP_GET_BY_VALUE: Selector(MAP, find.by_value, 1, 1, _MAPS_BY_RANK, looks=1),
    cdt.MAP_GET_BY_VALUE_LIST: Selector(MAP, find.by_values, 1, 1, _OF_MAPS),
    cdt.MAP_GET_BY_KEY_INTERVAL: Selector(MAP, find.by_key_interval, 1, 2, _MAPS_BY_INDEX),
    cdt.MAP_GET_BY_INDEX_RANGE: Selector(MAP, find.by_index_range, 1, 2, _MAPS_BY_INDEX),
    cdt.MAP_GET_BY_VALUE_INTERVAL: Selector(MAP, find.by_value_interval, 1, 2, _MAPS_BY_RANK, looks=1),
    cdt.MAP_GET_BY_RANK_RANGE: Selector(MAP, find.by_rank_range, 1, 2, _MAPS_BY_RANK),
    cdt.MAP_GET_BY_RELATIVE_INDEX: Selector(MAP, find.by_relative_index, 2, 3, _MAPS_BY_INDEX),
    cdt.MAP_GET_BY_RELATIVE_RANK: Selector(MAP, find.by_relative_rank, 2, 3, _MAPS_BY_RANK),
}
"""Ways to find elements, by the codes of the operations that show them."""

_REMOVALS = {
    cdt.LIST_REMOVE_BY_INDEX: cdt.LIST_GET_BY_INDEX,
    cdt.LIST_REMOVE_BY_FIRST_VALUE: cdt.LIST_GET_BY_FIRST_VALUE,
    cdt.LIST_REMOVE_BY_RANK: cdt.LIST_GET_BY_RANK,
    cdt.LIST_REMOVE_BY_VALUE: cdt.LIST_GET_BY_VALUE,
    cdt.LIST_REMOVE_BY_VALUE_LIST: cdt.LIST_GET_BY_VALUE_LIST,
    cdt.LIST_REMOVE_BY_INDEX_RANGE: cdt.LIST_GET_BY_INDEX_RANGE,
    cdt.LIST_REMOVE_BY_VALUE_INTERVAL: cdt.LIST_GET_BY_VALUE_INTERVAL,
    cdt.LIST_REMOVE_BY_RANK_RANGE: cdt.LIST_GET_BY_RANK_RANGE,
    cdt.LIST_REMOVE_BY_RELATIVE_RANK: cdt.LIST_GET_BY_RELATIVE_RANK,
    cdt.MAP_REMOVE_BY_KEY: cdt.MAP_GET_BY_KEY,
    cdt.MAP_REMOVE_BY_INDEX: cdt.MAP_GET_BY_INDEX,
    cdt.MAP_REMOVE_BY_FIRST_VALUE: cdt.MAP_GET_BY_FIRST_VALUE,
    cdt.MAP_REMOVE_BY_RANK: cdt.MAP_GET_BY_RANK,
    cdt.MAP_REMOVE_BY_KEY_LIST: cdt.MAP_GET_BY_KEY_LIST,
    cdt.MAP_REMOVE_BY_VALUE: cdt.MAP_GET_BY_VALUE,
    cdt.MAP_REMOVE_BY_VALUE_LIST: cdt.MAP_GET_BY_VALUE_LIST,
    cdt.MAP_REMOVE_BY_KEY_INTERVAL: cdt.MAP_GET_BY_KEY_INTERVAL,
    cdt.MAP_REMOVE_BY_INDEX_RANGE: cdt.MAP_GET_BY_INDEX_RANGE,
    cdt.MAP_REMOVE_BY_VALUE_INTERVAL: cdt.MAP_GET_BY_VALUE_INTERVAL,
    cdt.MAP_REMOVE_BY_RANK_RANGE: cdt.MAP_GET_BY_RANK_RANGE,
    cdt.MAP_REMOVE_BY_RELATIVE_INDEX: cdt.MAP_GET_BY_RELATIVE_INDEX,
    cdt.MAP_REMOVE_BY_RELATIVE_RANK: cdt.MAP_GET_BY_RELATIVE_RANK,
}
"""Codes of operations that take elements out, and of those that show the same ones."""

SELECTIONS: dict[int, CollectionOperation] = {
    **{code: _selects(selector, removes=False) for code, selector in _SELECTORS.items()},
    **{code: _selects(_SELECTORS[shows], removes=True) for code, shows in _REMOVALS.items()},
}
