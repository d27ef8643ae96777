"""Operations that write lists, or read them by index without a return type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire import cdt
from asinfo.wire.expression import Unsupported
from asinfo.wire.msgpack import ORDERED
from asinfo.wire.particle import LIST
from daemon.message.cdt.collection import (
    NIL,
    Collection,
    check_element,
    element,
    flags_of,
    increase,
    integer,
    no_flags,
    not_applicable,
    place_of,
    span,
)

if TYPE_CHECKING:
    from daemon.message.cdt.collection import Operation, Particle

PADDING_MAX = 64 << 10
"""Most nils that a write beyond the end of a list puts before its element. Our own limit."""

DROP_DUPLICATES = 2
"""Flag of sort."""


def sort_values(collection: Collection) -> None:
    """Bring a list into order."""
    collection.values = [collection.values[place] for place in collection.ranked()]
    collection.forget()


def _list_set_type(collection: Collection, flags: bytes) -> None:
    collection.flags = flags_of(flags) & ORDERED
    if collection.flags:
        sort_values(collection)


def _append(collection: Collection, value: bytes, _order: bytes = b"\0", flags: bytes = b"\0") -> Particle:
    return _append_all(collection, [value], flags)


def _append_items(
    collection: Collection, items: bytes, _order: bytes = b"\0", flags: bytes = b"\0"
) -> Particle:
    return _append_all(collection, cdt.elements(items)[1], flags)


def _append_all(collection: Collection, values: list[bytes], flags: bytes) -> Particle:
    no_flags(flags)
    for value in values:
        check_element(value)
    if collection.flags & ORDERED:
        for value in values:
            collection.put_in_order(value)
    else:
        collection.values += values
    return integer(len(collection.values))


def _insert(collection: Collection, index: bytes, value: bytes, flags: bytes = b"\0") -> Particle:
    return _insert_all(collection, index, [value], flags)


def _insert_items(collection: Collection, index: bytes, items: bytes, flags: bytes = b"\0") -> Particle:
    return _insert_all(collection, index, cdt.elements(items)[1], flags)


def _insert_all(collection: Collection, index: bytes, values: list[bytes], flags: bytes) -> Particle:
    no_flags(flags)
    for value in values:
        check_element(value)
    place = _pad(collection, index, 0)
    collection.values[place:place] = values
    return integer(len(collection.values))


def _pad(collection: Collection, index: bytes, more: int) -> int:
    """A place to write to in an unordered list, after nils where it is beyond the end."""
    total = len(collection.values)
    place = cdt.integer(index)
    place += total if place < 0 else 0
    if place < 0 or collection.flags & ORDERED:
        raise not_applicable()
    if place - total > PADDING_MAX:
        raise Unsupported("an index so far beyond the end of a list is not supported")
    collection.pay(max(0, place + more - total))
    collection.values += [NIL] * (place + more - total)
    return place


def _set(collection: Collection, index: bytes, value: bytes, flags: bytes = b"\0") -> None:
    no_flags(flags)
    check_element(value)
    collection.values[_pad(collection, index, 1)] = value


def _pop(collection: Collection, index: bytes) -> Particle:
    place = place_of(collection, index)
    return element(collection.values.pop(place))


def _pop_range(collection: Collection, index: bytes, count: bytes | None = None) -> Particle:
    places = span(len(collection.values), index, count)
    shown = [collection.values[place] for place in places]
    collection.remove(places)
    return LIST, cdt.join_list(shown)


def _remove(collection: Collection, index: bytes) -> Particle:
    collection.remove([place_of(collection, index)])
    return integer(1)


def _remove_range(collection: Collection, index: bytes, count: bytes | None = None) -> Particle:
    places = span(len(collection.values), index, count)
    collection.remove(places)
    return integer(len(places))


def _trim(collection: Collection, index: bytes, count: bytes) -> Particle:
    total = len(collection.values)
    places = span(total, index, count)
    collection.values = [collection.values[place] for place in places]
    return integer(total - len(places))


def clear(collection: Collection) -> None:
    """Take out all elements."""
    collection.values = []
    collection.keys = []


def _list_increment(
    collection: Collection, index: bytes, delta: bytes = b"\1", _order: bytes = b"\0", flags: bytes = b"\0"
) -> Particle:
    no_flags(flags)
    if collection.flags & ORDERED:
        raise Unsupported("increments in ordered lists are not supported")
    place = place_of(collection, index)
    return increase(collection, place, delta, 1)


def _list_sort(collection: Collection, flags: bytes = b"\0") -> None:
    wanted = cdt.integer(flags)
    if wanted & ~DROP_DUPLICATES:
        raise Unsupported("flags of a sort that are not supported")
    sort_values(collection)
    if wanted:
        values = collection.values
        orders = collection.orders()
        same = [place for place in range(1, len(values)) if orders[place] == orders[place - 1]]
        collection.remove(same)


def size(collection: Collection) -> Particle:
    """How many elements there are."""
    return integer(len(collection.values))


def _get(collection: Collection, index: bytes) -> Particle:
    return element(collection.values[place_of(collection, index)])


def _get_range(collection: Collection, index: bytes, count: bytes | None = None) -> Particle:
    places = span(len(collection.values), index, count)
    return LIST, cdt.join_list([collection.values[place] for place in places])


LIST_READS: dict[int, Operation] = {
    cdt.LIST_SIZE: size,
    cdt.LIST_GET: _get,
    cdt.LIST_GET_RANGE: _get_range,
}

LIST_WRITES: dict[int, Operation] = {
    cdt.LIST_SET_TYPE: _list_set_type,
    cdt.LIST_APPEND: _append,
    cdt.LIST_APPEND_ITEMS: _append_items,
    cdt.LIST_INSERT: _insert,
    cdt.LIST_INSERT_ITEMS: _insert_items,
    cdt.LIST_POP: _pop,
    cdt.LIST_POP_RANGE: _pop_range,
    cdt.LIST_REMOVE: _remove,
    cdt.LIST_REMOVE_RANGE: _remove_range,
    cdt.LIST_SET: _set,
    cdt.LIST_TRIM: _trim,
    cdt.LIST_CLEAR: clear,
    cdt.LIST_INCREMENT: _list_increment,
    cdt.LIST_SORT: _list_sort,
}
