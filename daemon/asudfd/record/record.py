"""A record, and the one form in which both engines keep it.

    u16  generation            1 to 65535, then 1 again
    u32  void time             seconds since 2010-01-01 UTC after which it is gone; 0 is never
    u64  last update           milliseconds since 2010-01-01 UTC
    u8   size of the set name
    u32  size of the key
    ...  set name, key, bins   all big-endian

The bins are read operations as a reply to `get` carries them (u32 size, 01, particle type, 00, size of the name,
name, value), one after the other: a stored record is nearly its own reply, and nothing is converted on the way.

Records are kept as bytes and not as objects: half the memory, and nothing that Python's cyclic garbage collector
would have to walk through (a million objects would stop the event loop for 80 ms each time).
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

GENERATION_MAX = 0xFFFF
"""After this generation comes 1. Source: the wire specification, section 3.6."""


class Record(NamedTuple):
    """A record as it is read or is to be written.

    ``generation`` is at least 1. ``void_time`` is in seconds since 2010-01-01 UTC, 0 for never; ``last_update`` in
    milliseconds since then. ``key`` is a particle type byte and the value, or empty when the client did not send it.
    ``bins`` is described above.
    """

    generation: int
    void_time: int
    last_update: int
    set_name: bytes
    key: bytes
    bins: bytes


_HEADER = Struct("!HIQBI")
_START = STORED_HEADER_SIZE = _HEADER.size
_pack, _unpack = _HEADER.pack, _HEADER.unpack_from
unpack_header = _unpack
"""Generation, void time, last update, and the sizes of set name and key of the record with a stored form, which follow."""
_new = tuple.__new__


def pack(record: Record) -> bytes:
    """The stored form of ``record``."""
    return pack_parts(*record)


def pack_parts(  # noqa: PLR0917 - a record's six parts in their order: no Record is made to be written
    generation: int, void_time: int, last_update: int, set_name: bytes, key: bytes, bins: bytes
) -> bytes:
    """The stored form of a record with these parts; see Record."""
    return _pack(generation, void_time, last_update, len(set_name), len(key)) + set_name + key + bins


def unpack(value: bytes) -> Record:
    """The record whose stored form is ``value``."""
    generation, void_time, last_update, set_size, key_size = _unpack(value)
    key = _START + set_size
    bins = key + key_size
    # around the checks of NamedTuple's own constructor: this is a part of every read
    return _new(
        Record, (generation, void_time, last_update, value[_START:key], value[key:bins], value[bins:])
    )


def set_of(value: bytes) -> bytes:
    """Set name of the record whose stored form is ``value``, and no more."""
    _, _, set_name = times(value)
    return set_name


def times(value: bytes) -> tuple[int, int, bytes]:
    """Void time, last update and set name of the record whose stored form is ``value``, and no more."""
    _, void_time, last_update, set_size, _ = _unpack(value)
    return void_time, last_update, value[_START : _START + set_size]
