"""Operations that write maps."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from asinfo.wire import cdt, msgpack
from asinfo.wire.collection import stored_element
from asinfo.wire.particle import MAP
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt.collection import (
    Collection,
    CollectionOperation,
    added,
    element,
    flags_of,
    integer,
    key_order,
    number,
)
from asudfd.aerospike.message.cdt.lists import ZERO, clear, size
from asudfd.aerospike.message.operation import ANY_NUMBER
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asinfo.wire.collection import Order
    from asudfd.aerospike.message.cdt.collection import Particle

CREATE_ONLY, UPDATE_ONLY, NO_FAIL, DO_PARTIAL = 1, 2, 4, 8
"""Flags of writes."""


def _set_type(collection: Collection, flags: bytes) -> None:
    collection.flags = flags_of(flags, MAP)


def _put(
    collection: Collection, key: bytes, value: bytes, _order: bytes = ZERO, flags: bytes = ZERO, own: int = 0
) -> Particle:
    return _put_all(collection, [(key, value)], own or cdt.integer(flags))


def _put_items(
    collection: Collection, items: bytes, _order: bytes = ZERO, flags: bytes = ZERO, own: int = 0
) -> Particle:
    _, keys, values = cdt.entries(items)
    return _put_all(collection, zip(keys, values, strict=True), own or cdt.integer(flags))


def _put_all(collection: Collection, entries: Iterable[tuple[bytes, bytes]], flags: int) -> Particle:
    new: dict[Order, tuple[bytes, bytes]] = {}
    for key, value in entries:
        wanted = key_order(key)
        new[wanted] = stored_element(key), stored_element(value, collection.room)
    old: list[tuple[int, bytes, bytes]] = []
    fresh: list[tuple[int, Order, bytes, bytes]] = []
    for wanted, (key, value) in new.items():
        place, there = collection.place_of_key(wanted)
        refused = flags & (CREATE_ONLY if there else UPDATE_ONLY)
        if refused and not flags & NO_FAIL:
            raise RequestRefused(
                Result.ELEMENT_EXISTS if there else Result.ELEMENT_NOT_FOUND,
                "the flags of the write refuse a key that is there, or one that is not",
            )
        if refused and not flags & DO_PARTIAL:
            return integer(len(collection.keys))
        if there and not refused:
            old.append((place, key, value))
        elif not refused:
            fresh.append((place, wanted, key, value))
    collection.charge_sort(len(fresh))
    for place, key, value in old:
        collection.keys[place], collection.values[place] = key, value
    collection.add([(place, key, value) for place, _, key, value in sorted(fresh)])
    return integer(len(collection.keys))


def _increment(
    collection: Collection, key: bytes, delta: bytes = b"\1", _order: bytes = ZERO, sign: int = 1
) -> Particle:
    more = sign * number(delta)
    place, there = collection.place_of_key(key_order(key))
    if there:
        new = collection.values[place] = added(collection.values[place], more)
    else:
        new = msgpack.pack(more)
        collection.add([(place, stored_element(key), new)])
    return element(new)


_changes = partial(CollectionOperation, kind=MAP, modifies=True)
_makes = partial(CollectionOperation, kind=MAP, modifies=True, creates=True)
_reads = partial(CollectionOperation, kind=MAP)

MAPS: dict[int, CollectionOperation] = {
    cdt.MAP_SET_TYPE: _makes(_set_type, 1, 1, flags_at=0),
    cdt.MAP_ADD: _makes(partial(_put, own=CREATE_ONLY), 2, 3, flags_at=2),
    cdt.MAP_ADD_ITEMS: _makes(partial(_put_items, own=CREATE_ONLY), 1, 2, flags_at=1),
    cdt.MAP_PUT: _makes(_put, 2, 4, flags_at=2),
    cdt.MAP_PUT_ITEMS: _makes(_put_items, 1, 3, flags_at=1),
    cdt.MAP_REPLACE: _makes(partial(_put, own=UPDATE_ONLY), 2, 2),
    cdt.MAP_REPLACE_ITEMS: _makes(partial(_put_items, own=UPDATE_ONLY), 1, 1),
    cdt.MAP_INCREMENT: _makes(_increment, 1, 3, flags_at=2),
    cdt.MAP_DECREMENT: _makes(partial(_increment, sign=-1), 1, 3, flags_at=2),
    cdt.MAP_CLEAR: _changes(clear, 0, ANY_NUMBER),
    cdt.MAP_SIZE: _reads(size, 0, ANY_NUMBER),
}
