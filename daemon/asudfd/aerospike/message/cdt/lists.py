"""Operations that write lists, or read them by index without a return type."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from asinfo.wire import cdt
from asinfo.wire.collection import order, stored_element
from asinfo.wire.msgpack import ORDERED
from asinfo.wire.particle import LIST
from asinfo.wire.pieces import give_back
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt.collection import (
    FEW,
    NIL,
    Collection,
    CollectionOperation,
    added,
    element,
    flags_of,
    integer,
    not_applicable,
    number,
    place_of,
    span,
)
from asudfd.aerospike.message.cost import LOOK_STEPS
from asudfd.aerospike.message.operation import ANY_NUMBER
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asinfo.wire.collection import Order
    from asudfd.aerospike.message.cdt.collection import Particle

NILS_AT_ONCE = 65_536
"""So many nils are put into a list at once, which takes up to a millisecond."""

INDEX_MAX = (1 << 31) - 1
"""The highest index, whatever the flags of a write say."""

ADD_UNIQUE, INSERT_BOUNDED, NO_FAIL, DO_PARTIAL = 1, 2, 4, 8
"""Flags of writes."""

DESCENDING, DROP_DUPLICATES = 1, 2
"""Flags of sort."""

ZERO = b"\0"


def sort_values(collection: Collection) -> None:
    """Bring a list into order."""
    places = collection.ranked()
    collection.budget.charge(LOOK_STEPS * len(places))
    collection.values = [collection.values[place] for place in places]
    collection.forget()


def _set_type(collection: Collection, flags: bytes) -> None:
    collection.flags = flags_of(flags, LIST)
    if collection.flags:
        sort_values(collection)


def _append(collection: Collection, value: bytes, _order: bytes = ZERO, flags: bytes = ZERO) -> Particle:
    return _append_all(collection, [value], cdt.integer(flags))


def _append_items(
    collection: Collection, items: bytes, _order: bytes = ZERO, flags: bytes = ZERO
) -> Particle:
    return _append_all(collection, cdt.elements(items).elements, cdt.integer(flags))


def _append_all(collection: Collection, values: list[bytes], flags: int) -> Particle:
    values = [stored_element(value, collection.room) for value in values]
    if flags & ADD_UNIQUE:
        values = _unique(collection, values, flags)
    if not collection.flags & ORDERED:
        collection.values += values
    elif len(values) <= FEW:
        for value in values:
            collection.put_in_order(value)
    else:  # each that is put in alone moves the rest
        collection.values += values
        collection.forget()
        sort_values(collection)
    return integer(len(collection.values))


def _unique(collection: Collection, values: list[bytes], flags: int) -> list[bytes]:
    """Those of the values that are not there; with DO_PARTIAL without, else none or an error if one is there."""
    orders = collection.orders()
    collection.charge_table(len(values))
    seen: set[Order] = set(orders)
    new = []
    for value in values:
        wanted = order(value)
        if wanted not in seen:
            seen.add(wanted)
            new.append(value)
    if len(new) < len(values) and not (flags & NO_FAIL and flags & DO_PARTIAL):
        if not flags & NO_FAIL:
            raise _exists()
        return []
    return new


def _exists() -> RequestRefused:
    return RequestRefused(Result.ELEMENT_EXISTS, "the value is in the list already")


def _insert(collection: Collection, index: bytes, value: bytes, flags: bytes = ZERO) -> Particle:
    return _insert_all(collection, index, [value], cdt.integer(flags))


def _insert_items(collection: Collection, index: bytes, items: bytes, flags: bytes = ZERO) -> Particle:
    return _insert_all(collection, index, cdt.elements(items).elements, cdt.integer(flags))


def _insert_all(collection: Collection, index: bytes, values: list[bytes], flags: int) -> Particle:
    values = [stored_element(value, collection.room) for value in values]
    if not values and not collection.flags:
        return integer(len(collection.values))
    place = _free_place(collection, index, flags)
    if flags & ADD_UNIQUE:
        values = _unique(collection, values, flags)
    if place is not None and values:
        pad(collection, place)
        collection.move()
        collection.values[place:place] = values
    return integer(len(collection.values))


def _free_place(collection: Collection, index: bytes, flags: int) -> int | None:
    """A place to write to in an unordered list; None where a flag says that it is quietly left alone."""
    total = len(collection.values)
    place = cdt.integer(index)
    place += total if place < 0 else 0
    if collection.flags & ORDERED or not 0 <= place <= INDEX_MAX:
        raise not_applicable()
    if place > total and flags & INSERT_BOUNDED:
        if flags & NO_FAIL:
            return None
        raise not_applicable()
    return place


def pad(collection: Collection, total: int) -> None:
    """Fill a list with nils up to so many elements. Raises RequestRefused where no record has room for them: a nil is a byte."""
    missing = max(0, total - len(collection.values))
    collection.budget.nils -= missing
    if collection.budget.nils < 0:
        raise RequestRefused(Result.RECORD_TOO_BIG, "a gap of more nils than a record has room for")
    collection.pay(missing)
    for start in range(0, missing, NILS_AT_ONCE):
        collection.values += [NIL] * min(NILS_AT_ONCE, missing - start)


def _set(collection: Collection, index: bytes, value: bytes, flags: bytes = ZERO) -> None:
    wanted = cdt.integer(flags)
    value = stored_element(value, collection.room)
    place = _free_place(collection, index, wanted)
    if place is not None and _may_be_at(collection, value, place, wanted):
        pad(collection, place + 1)
        collection.values[place] = value


def _may_be_at(collection: Collection, value: bytes, place: int, flags: int) -> bool:
    """Whether a value is nowhere else in the list, if it has to be."""
    if not flags & ADD_UNIQUE:
        return True
    wanted = order(value)
    collection.budget.charge(LOOK_STEPS * len(collection.values))
    if all(other == place for other, each in enumerate(collection.orders()) if each == wanted):
        return True
    if flags & NO_FAIL:
        return False
    raise _exists()


def _pop(collection: Collection, index: bytes) -> Particle:
    place = place_of(collection, index)
    shown = collection.show(collection.values[place])
    collection.remove([place])
    return shown


def _pop_range(collection: Collection, index: bytes, count: bytes | None = None) -> Particle:
    places = span(len(collection.values), index, count)
    shown = collection.show_all(collection.values, places)
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


def clear(collection: Collection, *_ignored: bytes) -> None:
    """Take out all elements."""
    give_back(collection.values, collection.weight)
    give_back(collection.keys, collection.weight)


def _increment(
    collection: Collection, index: bytes, delta: bytes = b"\1", _order: bytes = ZERO, flags: bytes = ZERO
) -> Particle:
    wanted = cdt.integer(flags)
    more = number(delta)
    if collection.flags & ORDERED and cdt.integer(index) == len(collection.values):
        place = len(collection.values)
    elif collection.flags & ORDERED:
        place = place_of(collection, index)
    else:
        free = _free_place(collection, index, wanted)
        if free is None:
            return integer(len(collection.values))
        place = free
    there = place < len(collection.values)
    new = added(collection.values[place], more) if there else stored_element(delta, collection.room)
    if not _may_be_at(collection, new, place, wanted):
        return element(new)
    pad(collection, place + 1)
    if collection.flags & ORDERED:
        collection.remove([place])
        collection.put_in_order(new)
    else:
        collection.values[place] = new
    return element(new)


def _sort(collection: Collection, flags: bytes = ZERO) -> None:
    wanted = cdt.integer(flags)
    if wanted & DESCENDING and wanted & DROP_DUPLICATES and collection.values and not collection.flags:
        raise RequestRefused(Result.PARAMETER, "flags of a sort that do not go together")
    sort_values(collection)
    if wanted & DROP_DUPLICATES:
        orders = collection.orders()
        collection.remove([place for place in range(1, len(orders)) if orders[place] == orders[place - 1]])
    elif wanted & DESCENDING and not collection.flags & ORDERED:
        collection.move()
        collection.values.reverse()


def size(collection: Collection, *_ignored: bytes) -> Particle:
    """How many elements there are."""
    return integer(len(collection.values))


def _get(collection: Collection, index: bytes) -> Particle:
    return collection.show(collection.values[place_of(collection, index)])


def _get_range(collection: Collection, index: bytes, count: bytes | None = None) -> Particle:
    places = span(len(collection.values), index, count)
    return LIST, cdt.join_list(collection.show_all(collection.values, places))


_changes = partial(CollectionOperation, kind=LIST, modifies=True)
_makes = partial(CollectionOperation, kind=LIST, modifies=True, creates=True)
_reads = partial(CollectionOperation, kind=LIST)

LISTS: dict[int, CollectionOperation] = {
    cdt.LIST_SET_TYPE: _makes(_set_type, 1, 1, flags_at=0),
    cdt.LIST_APPEND: _makes(_append, 1, 3, flags_at=1),
    cdt.LIST_APPEND_ITEMS: _makes(_append_items, 1, 3, flags_at=1),
    cdt.LIST_INSERT: _makes(_insert, 2, 3),
    cdt.LIST_INSERT_ITEMS: _makes(_insert_items, 2, 3),
    cdt.LIST_POP: _changes(_pop, 1, 1),
    cdt.LIST_POP_RANGE: _changes(_pop_range, 1, 2),
    cdt.LIST_REMOVE: _changes(_remove, 1, 1),
    cdt.LIST_REMOVE_RANGE: _changes(_remove_range, 1, 2),
    cdt.LIST_SET: _makes(_set, 2, 3),
    cdt.LIST_TRIM: _changes(_trim, 2, 2, looks=1),
    cdt.LIST_CLEAR: _changes(clear, 0, ANY_NUMBER),
    cdt.LIST_INCREMENT: _makes(_increment, 1, 4, flags_at=2),
    cdt.LIST_SORT: _changes(_sort, 0, 1, missing=Result.BIN_TYPE),
    cdt.LIST_SIZE: _reads(size, 0, ANY_NUMBER),
    cdt.LIST_GET: _reads(_get, 1, 1),
    cdt.LIST_GET_RANGE: _reads(_get_range, 1, 2),
}
