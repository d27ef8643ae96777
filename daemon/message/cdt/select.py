"""Operations that find elements, show them as the return type says, and take them out if they are to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire import cdt
from asinfo.wire.collection import order
from asinfo.wire.expression import Unsupported
from asinfo.wire.particle import LIST, pack
from asinfo.wire.result import Result
from daemon.message.cdt.collection import (
    NIL,
    Collection,
    element,
    integer,
    key_order,
    place_of,
    span,
)
from daemon.message.work import LOOK_STEPS
from daemon.record.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.message.cdt.collection import Operation, Particle

NONE, INDEX, REVERSE_INDEX, RANK, REVERSE_RANK, COUNT, KEY, VALUE = range(8)
EXISTS = 13
"""Return types."""

INVERTED = 0x10000
"""Return type flag: all places but these. Not offered."""


def _by_index(collection: Collection, index: bytes) -> list[int]:
    return [place_of(collection, index)]


def _by_index_range(collection: Collection, index: bytes, count: bytes | None = None) -> list[int]:
    return list(span(len(collection.values), index, count))


def _by_rank(collection: Collection, rank: bytes) -> list[int]:
    return [collection.ranked()[place_of(collection, rank)]]


def _by_rank_range(collection: Collection, rank: bytes, count: bytes | None = None) -> list[int]:
    ranked = collection.ranked()
    collection.work.charge(LOOK_STEPS * len(ranked))
    return [ranked[place] for place in span(len(ranked), rank, count)]


def _by_value(collection: Collection, value: bytes) -> list[int]:
    return _equal(collection, [value])


def _by_values(collection: Collection, values: bytes) -> list[int]:
    return _equal(collection, cdt.elements(values)[1])


def _by_value_interval(collection: Collection, low: bytes, high: bytes = NIL) -> list[int]:
    return _between(collection, low, high)


def _by_key(collection: Collection, key: bytes) -> list[int]:
    return by_keys(collection, [key])


def _by_key_list(collection: Collection, keys: bytes) -> list[int]:
    return by_keys(collection, cdt.elements(keys)[1])


def by_keys(collection: Collection, keys: list[bytes]) -> list[int]:
    """Places of the entries with these keys."""
    _no_wildcards(keys)
    found = [collection.place_of_key(wanted) for wanted in {key_order(key) for key in keys}]
    return sorted(place for place, there in found if there)


def _by_key_interval(collection: Collection, low: bytes, high: bytes = NIL) -> list[int]:
    _no_wildcards([low, high])
    start = 0 if low == NIL else collection.place_of_key(order(low))[0]
    end = len(collection.keys) if high == NIL else collection.place_of_key(order(high))[0]
    return list(range(start, end))


def _equal(collection: Collection, values: list[bytes]) -> list[int]:
    _no_wildcards(values)
    wanted = {order(value) for value in values}
    return [place for place, each in enumerate(collection.orders()) if each in wanted]


def _between(collection: Collection, low: bytes, high: bytes) -> list[int]:
    """Places from ``low`` to before ``high``; nil stands for no limit there."""
    _no_wildcards([low, high])
    least, end = order(low), order(high)
    return [
        place
        for place, each in enumerate(collection.orders())
        if (low == NIL or each >= least) and (high == NIL or each < end)
    ]


def _no_wildcards(values: list[bytes]) -> None:
    if any(b"\xd4\xff" in value for value in values):
        raise Unsupported("wildcards and infinities are not supported")


# ---- what is shown of places


def _show(collection: Collection, places: list[int], wanted: int, *, many: bool) -> Particle | None:
    """Places as a return type says. Raises Unsupported."""
    size = len(collection.values)
    collection.work.charge(LOOK_STEPS * len(places))
    if wanted == NONE:
        return None
    if wanted == COUNT:
        return integer(len(places))
    if wanted == EXISTS:
        return pack(bool(places))
    if wanted in {VALUE, KEY}:
        return _show_elements(collection, places, wanted, many=many)
    if wanted not in {INDEX, REVERSE_INDEX, RANK, REVERSE_RANK}:
        raise Unsupported("a return type that is not supported")
    if wanted in {RANK, REVERSE_RANK}:
        collection.work.charge(size)
        ranks = {place: rank for rank, place in enumerate(collection.ranked())}
        places = [ranks[place] for place in places]
    if wanted in {REVERSE_INDEX, REVERSE_RANK}:
        places = [size - 1 - place for place in places]
    if many:
        collection.work.charge(2 * len(places))
        return pack(places)
    return integer(places[0] if places else -1)


def _show_elements(collection: Collection, places: list[int], wanted: int, *, many: bool) -> Particle | None:
    if wanted == KEY and collection.kind == LIST:
        raise Refused(Result.PARAMETER, "a list has no keys")
    source = collection.values if wanted == VALUE else collection.keys
    shown = [source[place] for place in places]
    if many:
        return LIST, cdt.join_list(shown)
    return element(shown[0]) if shown else None


def _selects(find: Callable[..., list[int]], *, many: bool, removes: bool) -> Operation:
    """An operation that finds places, shows them and, where it ``removes``, takes them out."""

    def run(collection: Collection, wanted: bytes, *arguments: bytes) -> Particle | None:
        return_type = cdt.integer(wanted)
        places = find(collection, *arguments)
        shown = _show(collection, places, return_type, many=many)
        if removes:
            collection.remove(places)
        return shown

    return run


_SELECTORS: tuple[tuple[int, int, Callable[..., list[int]], bool], ...] = (
    (cdt.LIST_GET_BY_INDEX, cdt.LIST_REMOVE_BY_INDEX, _by_index, False),
    (cdt.LIST_GET_BY_INDEX_RANGE, cdt.LIST_REMOVE_BY_INDEX_RANGE, _by_index_range, True),
    (cdt.LIST_GET_BY_RANK, cdt.LIST_REMOVE_BY_RANK, _by_rank, False),
    (cdt.LIST_GET_BY_RANK_RANGE, cdt.LIST_REMOVE_BY_RANK_RANGE, _by_rank_range, True),
    (cdt.LIST_GET_BY_VALUE, cdt.LIST_REMOVE_BY_VALUE, _by_value, True),
    (cdt.LIST_GET_BY_VALUE_LIST, cdt.LIST_REMOVE_BY_VALUE_LIST, _by_values, True),
    (cdt.LIST_GET_BY_VALUE_INTERVAL, cdt.LIST_REMOVE_BY_VALUE_INTERVAL, _by_value_interval, True),
    (cdt.MAP_GET_BY_KEY, cdt.MAP_REMOVE_BY_KEY, _by_key, False),
    (cdt.MAP_GET_BY_KEY_LIST, cdt.MAP_REMOVE_BY_KEY_LIST, _by_key_list, True),
    (cdt.MAP_GET_BY_KEY_INTERVAL, cdt.MAP_REMOVE_BY_KEY_INTERVAL, _by_key_interval, True),
    (cdt.MAP_GET_BY_INDEX, cdt.MAP_REMOVE_BY_INDEX, _by_index, False),
    (cdt.MAP_GET_BY_INDEX_RANGE, cdt.MAP_REMOVE_BY_INDEX_RANGE, _by_index_range, True),
    (cdt.MAP_GET_BY_RANK, cdt.MAP_REMOVE_BY_RANK, _by_rank, False),
    (cdt.MAP_GET_BY_RANK_RANGE, cdt.MAP_REMOVE_BY_RANK_RANGE, _by_rank_range, True),
    (cdt.MAP_GET_BY_VALUE, cdt.MAP_REMOVE_BY_VALUE, _by_value, True),
    (cdt.MAP_GET_BY_VALUE_LIST, cdt.MAP_REMOVE_BY_VALUE_LIST, _by_values, True),
    (cdt.MAP_GET_BY_VALUE_INTERVAL, cdt.MAP_REMOVE_BY_VALUE_INTERVAL, _by_value_interval, True),
)
"""Code that gets, code that removes, how places are found, whether there may be many."""


SELECT_READS = {gets: _selects(find, many=many, removes=False) for gets, _, find, many in _SELECTORS}
SELECT_WRITES = {takes: _selects(find, many=many, removes=True) for _, takes, find, many in _SELECTORS}
