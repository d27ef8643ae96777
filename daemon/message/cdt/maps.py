"""Operations that write maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire import cdt, msgpack
from asinfo.wire.result import Result
from daemon.message.cdt.collection import (
    Collection,
    check_element,
    element,
    flags_of,
    increase,
    integer,
    key_order,
    no_flags,
)
from daemon.message.cdt.lists import clear, size
from daemon.message.cdt.select import by_keys
from daemon.record.refused import Refused

if TYPE_CHECKING:
    from asinfo.wire.collection import Order
    from daemon.message.cdt.collection import Operation, Particle


def _map_set_type(collection: Collection, flags: bytes) -> None:
    collection.flags = flags_of(flags)


def _put(
    collection: Collection, key: bytes, value: bytes, _order: bytes = b"\0", flags: bytes = b"\0"
) -> Particle:
    return _put_all(collection, [(key, value)], flags)


def _put_items(collection: Collection, items: bytes, _order: bytes = b"\0", flags: bytes = b"\0") -> Particle:
    return _put_all(collection, cdt.entries(items)[1], flags)


def _put_all(collection: Collection, entries: list[tuple[bytes, bytes]], flags: bytes) -> Particle:
    no_flags(flags)
    new: dict[Order, tuple[bytes, bytes]] = {}
    for key, value in entries:
        check_element(value)
        new[key_order(key)] = key, value
    added = []
    for wanted, (key, value) in new.items():
        place, there = collection.place_of_key(wanted)
        if there:
            collection.keys[place], collection.values[place] = key, value
        else:
            added.append((place, wanted, key, value))
    collection.add([(place, key, value) for place, _, key, value in sorted(added)])
    return integer(len(collection.keys))


def _map_increment(
    collection: Collection, key: bytes, delta: bytes = b"\1", _order: bytes = b"\0"
) -> Particle:
    places = by_keys(collection, [key])
    if not places:
        if type(msgpack.unpack(delta)) not in {int, float}:
            raise Refused(Result.PARAMETER, "only numbers can be added")
        _put_all(collection, [(key, delta)], b"\0")
        return element(delta)
    return increase(collection, places[0], delta, 1)


MAP_READS: dict[int, Operation] = {cdt.MAP_SIZE: size}

MAP_WRITES: dict[int, Operation] = {
    cdt.MAP_SET_TYPE: _map_set_type,
    cdt.MAP_PUT: _put,
    cdt.MAP_PUT_ITEMS: _put_items,
    cdt.MAP_INCREMENT: _map_increment,
    cdt.MAP_CLEAR: clear,
}
