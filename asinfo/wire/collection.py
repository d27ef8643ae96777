"""Check of the bytes of a list or map that is written, and the bytes that a node stores; no values are made of them.

Integers, strings and numbers of elements are stored in their shortest form, maps in the order of their keys, and of
the flags of a marker only those of order. What has that form already, as nearly all that clients send, is not copied.

Refused are bytes that end early or go on too long, ordered lists and maps that are not in order, keys that come
twice, keys other than integers, strings and bytes (as servers since 7.1 do), and nesting deeper than DEPTH_MAX.

Order of types: nil, booleans, integers, strings, lists, maps, bytes, floats, geo JSON. Strings and bytes compare byte
by byte; lists by their elements, then by size; maps by size, then by their keys, then by their values.
Sources: the specification of the wire protocol, section 3.5; Aerospike's page on the order of collection elements.

Every value is visited once, so the time is linear in the size (n log n for the keys of a map without an order).
"""

from __future__ import annotations

from operator import gt, itemgetter, lt
from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception reads like one

from asinfo.errors import WireError
from asinfo.wire.extent import (
    EXTS,
    FIXED_SIZES,
    MARKERS,
    SHORT_STRING,
    head,
    list_start,
    map_start,
    marker,
    pass_over,
    span,
)
from asinfo.wire.msgpack import DEPTH_MAX, ORDERED, VALUE_ORDERED, Raw, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from asinfo.wire.extent import Count

    Order: TypeAlias = tuple[int, Any]  # rank of the type, and what tells values of this type apart

_NIL, _BOOLEAN, _INTEGER, _STRING, _LIST, _MAP, _BYTES, _RAW, _FLOAT, _GEOJSON, _EXT, _INFINITY, _WILDCARD = (
    range(13)
)
KEYS = frozenset((_INTEGER, _STRING, _BYTES))
"""Ranks of what the key of a map can be."""

_OPEN_END = b"\xd4\xff"
"""How a wildcard and infinity begin."""

OPEN_ENDS = {b"\xff\0": (_WILDCARD, 0), b"\xff\1": (_INFINITY, 0)}
"""What is compared by: infinity is larger than all else; see `asinfo.wire.pattern` for a wildcard."""

_RANKS = {0x03: _STRING, 0x04: _BYTES, 0x17: _GEOJSON}  # by a string's first byte


def stored_list(data: bytes) -> bytes:
    """What a node keeps of a list that it is to store. Raises WireError when it would not store ``data`` as one."""
    return data if _is_small_list(data) else _stored(data, list_start)


def _is_small_list(data: bytes) -> bool:
    """Whether ``data`` is a stored list of integers from 0 to 127: each is one byte, as the characters of ASCII are."""
    count = len(data) - 1
    if count < 16:
        return count >= 0 and data[0] == 0x90 | count and data[1:].isascii()
    return data[0] == 0xDC and int.from_bytes(data[1:3], "big") == count - 2 >= 16 and data[3:].isascii()


def stored_map(data: bytes) -> bytes:
    """What a node keeps of a map that it is to store. Raises WireError when it would not store ``data`` as one."""
    return _stored(data, map_start)


def stored_element(data: bytes, depth: int = DEPTH_MAX - 1) -> bytes:
    """What a node keeps of a value that an operation puts into a list or map. Raises WireError for what none can have.

    There is room for values nested no deeper than ``depth``.
    """
    if _OPEN_END in data and has_open_ends(data):
        raise WireError("a wildcard or infinity is no value to store")
    size = _CANONICAL_SIZES[data[0]] if data else 0
    if size:
        if size != len(data):
            raise WireError("ends early")
        return data
    return _whole(data, depth)


def check_list(data: bytes) -> None:
    """Raises WireError when a node would not store ``data`` as a list."""
    stored_list(data)


def check_map(data: bytes) -> None:
    """Raises WireError when a node would not store ``data`` as a map."""
    stored_map(data)


def order(data: bytes, depth: int = DEPTH_MAX) -> Order:
    """What a value of msgpack is compared by: less, equal and greater are those of the tuples, which have hashes.

    Raises WireError when ``data`` is not one value that a node would store, nested no deeper than ``depth``.
    """
    try:
        found, end = _order(data, 0, depth)
    except (IndexError, StructError):
        raise WireError("ends early") from None
    if end != len(data):
        raise WireError("does not end where its bytes end")
    return found


def orders(values: list[bytes]) -> list[Order]:
    """What each of several values is compared by, as `order`: small integers and short strings are looked at here."""
    found: list[Order] = []
    for data in values:
        lead = data[0]
        if lead < 0x80 and len(data) == 1:
            found.append(_SMALL[lead])
        elif 0xA0 < lead <= 0xBF and len(data) == (lead & 0x1F) + 1:
            found.append((_RANKS.get(data[1], _RAW), data[1:]))
        elif lead == SHORT_STRING and 2 < len(data) == data[1] + 2:
            found.append((_RANKS.get(data[2], _RAW), data[2:]))
        else:
            found.append(order(data))
    return found


def _stored(data: bytes, start: Callable[[bytes, int], Count | None]) -> bytes:
    try:
        if start(data, 0) is None:
            raise WireError("not of this type")
    except (IndexError, StructError):
        raise WireError("ends early") from None
    return _whole(data, DEPTH_MAX)


def _whole(data: bytes, depth: int) -> bytes:
    """The value that is all of ``data`` in its stored form; the same bytes where they have it already."""
    try:
        try:
            end = _skip(data, 0, depth)
        except _NotCanonicalError:
            canonical, end = _canonical(data, 0, depth)
        else:
            canonical = data
    except (IndexError, StructError):
        raise WireError("ends early") from None
    if end != len(data):
        raise WireError("does not end where its bytes end")
    return canonical


class _NotCanonicalError(Exception):
    """A value that is stored in another form than it has."""


def _skip(data: bytes, position: int, depth: int) -> int:
    """The offset after the value at ``position``, which is checked; it may be past the end of the data.

    The callers have passed over values whose size the first byte decides. Raises _NotCanonicalError.
    """
    lead = data[position]
    if lead in _RANGES:
        form = _SCALARS[lead][1]
        least, most = _RANGES[lead]
        if not least <= form.unpack_from(data, position + 1)[0] <= most:
            raise _NotCanonicalError
        return position + 1 + form.size
    if found := list_start(data, position):
        count, first = found
        if count < _LEAST_COUNTS.get(lead, 0):
            raise _NotCanonicalError
        return _skip_list(data, count, first, depth)
    if found := map_start(data, position):
        count, first = found
        if count < _LEAST_COUNTS.get(lead, 0):
            raise _NotCanonicalError
        return _walk_map(data, count, first, depth, None)
    start, size = span(data, position)
    _check_open_end(data, position, depth)
    if size < _LEAST_SIZES.get(lead, 0):
        raise _NotCanonicalError
    return start + size


def _check_open_end(data: bytes, position: int, depth: int) -> None:
    if depth < DEPTH_MAX - 1 and data.startswith(_OPEN_END, position):
        raise WireError("a wildcard or infinity within a nested list or map is no value to store")


def _skip_list(data: bytes, count: int, position: int, depth: int) -> int:
    _room(data, count, position, depth)
    flags, entries = marker(data, position, count)
    if entries > position and (flags != ORDERED or data[position + 1]):
        raise _NotCanonicalError
    first = entries
    for _ in range(count - (entries > position)):
        size = _CANONICAL_SIZES[data[entries]]
        entries = entries + size if size else _skip(data, entries, depth - 1)
    if first > position:
        _walk_list(data, count, position, depth)
    return entries


# ---- the stored form of what has another one


def _canonical(data: bytes, position: int, depth: int) -> tuple[bytes, int]:
    """The stored form of the value at ``position``, and the offset after it."""
    lead = data[position]
    if size := _CANONICAL_SIZES[lead]:
        return data[position : position + size], position + size
    if found := list_start(data, position):
        return _canonical_list(data, *found, depth)
    if found := map_start(data, position):
        return _canonical_map(data, *found, depth)
    if lead in _RANGES:
        form = _SCALARS[lead][1]
        return pack(form.unpack_from(data, position + 1)[0]), position + 1 + form.size
    start, size = span(data, position)
    _check_open_end(data, position, depth)
    end = start + size
    if end > len(data):
        raise WireError("ends early")
    return data[position:end] if lead in EXTS else pack(Raw(data[start:end])), end


def _canonical_list(data: bytes, count: int, position: int, depth: int) -> tuple[bytes, int]:
    _room(data, count, position, depth)
    flags, entries = marker(data, position, count)
    flags &= ORDERED
    items = [MARKERS[flags]] if flags else []
    compared: list[Order] = []
    for _ in range(count - (entries > position)):
        item, entries = _canonical(data, entries, depth - 1)
        items.append(item)
        if flags:
            compared.append(order(item, depth - 1))
    if any(map(gt, compared, compared[1:])):
        raise WireError("an ordered list is not in order")
    return head(len(items), of_map=False) + b"".join(items), entries


def _canonical_map(data: bytes, count: int, position: int, depth: int) -> tuple[bytes, int]:
    _room(data, 2 * count, position, depth)
    flags, entries = marker(data, position, count)
    if entries > position:
        count, entries = count - 1, _end(data, entries)
    found: list[tuple[Order, bytes, bytes]] = []
    for _ in range(count):
        key, entries = _canonical(data, entries, 0)  # no levels left: a key is no list or map
        value, entries = _canonical(data, entries, depth - 1)
        found.append((order(key), key, value))
    ordered = flags & ORDERED
    _check_keys([key for key, _, _ in found], ordered=bool(ordered))
    found.sort(key=itemgetter(0))
    mark = MARKERS[flags & (ORDERED | VALUE_ORDERED)] + b"\xc0" if ordered else b""
    body = b"".join(key + value for _, key, value in found)
    return head(count + bool(ordered), of_map=True) + mark + body, entries


def _end(data: bytes, position: int) -> int:
    """The offset after the value that a marker is paired with in a map: nil, or what is taken for it."""
    return pass_over(data, position, lambda _: None)


def has_open_ends(data: bytes) -> bool:
    """Whether a value is, or has in it at any depth, a wildcard or infinity. Raises WireError for what is no value."""
    found = False

    def look(position: int) -> None:
        nonlocal found
        found |= data.startswith(_OPEN_END, position)

    try:
        _visit(data, look)
    except (IndexError, StructError):
        raise WireError("ends early") from None
    return found


def _visit(data: bytes, look: Callable[[int], None]) -> None:
    """Call ``look`` with the offset of each value that is no list or map."""
    left, position = 1, 0
    while left:
        left -= 1
        found, width = list_start(data, position), 1
        if found is None:
            found, width = map_start(data, position), 2
        if found is None:
            look(position)
            size = FIXED_SIZES[data[position]]
            position = position + size if size else sum(span(data, position))
        else:
            count, position = found
            left += width * count


# ---- what values are compared by


def _walk_list(data: bytes, count: int, position: int, depth: int) -> tuple[Order, int]:
    """What a list is compared by, and the offset after it."""
    _room(data, count, position, depth)
    flags, entries = marker(data, position, count)
    items: list[Order] = []
    for _ in range(count - (entries > position)):
        item, entries = _order(data, entries, depth - 1)
        if flags & ORDERED and items and item < items[-1]:
            raise WireError("an ordered list is not in order")
        items.append(item)
    return (_LIST, tuple(items)), entries


def _walk_map(data: bytes, count: int, position: int, depth: int, pairs: list[Any] | None) -> int:
    """The offset after a map; with ``pairs`` also what its entries are compared by."""
    _room(data, 2 * count, position, depth)
    flags, entries = marker(data, position, count)
    if entries > position:
        canonical = data[entries] == 0xC0 and data[position + 1] == 0 and flags in _MAP_FLAGS
        if pairs is None and not canonical:
            raise _NotCanonicalError
        count, entries = count - 1, _end(data, entries)
    keys: list[Order] = []
    for _ in range(count):
        if pairs is None and not _CANONICAL_SIZES[data[entries]]:
            _skip(data, entries, 0)
        key, entries = _order(data, entries, 0)  # no levels left: a key is no list or map
        keys.append(key)
        if pairs is None:
            size = _CANONICAL_SIZES[data[entries]]
            entries = entries + size if size else _skip(data, entries, depth - 1)
        else:
            value, entries = _order(data, entries, depth - 1)
            pairs.append((key, value))
    _check_keys(keys, ordered=bool(flags & ORDERED))
    if pairs is None and not all(map(lt, keys, keys[1:])):
        raise _NotCanonicalError  # kept in the order of its keys
    return entries


def _check_keys(keys: list[Order], *, ordered: bool) -> None:
    if not {rank for rank, _ in keys} <= KEYS:
        raise WireError("a key of a map is not an integer, a string or bytes")
    ascending = keys if ordered else sorted(keys)
    if not all(map(lt, ascending, ascending[1:])):
        raise WireError("a map has a key twice, or its keys are not in order")


def _order(data: bytes, position: int, depth: int) -> tuple[Order, int]:
    """What the value at ``position`` is compared by, and the offset after it. Raises WireError as the check does."""
    lead = data[position]
    if lead < 0x80:
        return (_INTEGER, lead), position + 1
    if 0xA0 < lead <= 0xBF:  # before rarer ones: most keys are short strings
        end = position + (lead & 0x1F) + 1
        return (_RANKS.get(data[position + 1], _RAW), data[position + 1 : end]), end
    if lead >= 0xE0:
        return (_INTEGER, lead - 256), position + 1
    if found := _SCALARS.get(lead):
        rank, form = found
        return (rank, form.unpack_from(data, position + 1)[0]), position + 1 + form.size
    if lead in _CONSTANTS:
        return _CONSTANTS[lead], position + 1
    if found_list := list_start(data, position):
        return _walk_list(data, *found_list, depth)
    if found_map := map_start(data, position):
        pairs: list[Any] = []
        end = _walk_map(data, *found_map, depth, pairs)
        pairs.sort()
        return (_MAP, (len(pairs), tuple(pairs))), end
    start, size = span(data, position)
    content = data[start : start + size]
    if lead == 0xD4 and content in OPEN_ENDS:
        return OPEN_ENDS[content], start + size
    rank = _EXT if lead in EXTS else _RANKS.get(content[0] if content else 0, _RAW)
    return (rank, content), start + size


def _room(data: bytes, values: int, position: int, depth: int) -> None:
    if depth <= 0:
        raise WireError("nested too deep, or a list or map is the key of a map")
    if values > len(data) - position:  # a value takes a byte at least
        raise WireError("ends early")


_SMALL: list[Order] = [(_INTEGER, number) for number in range(0x80)]
_CONSTANTS: dict[int, Order] = {0xC0: (_NIL, 0), 0xC2: (_BOOLEAN, 0), 0xC3: (_BOOLEAN, 1)}
_SCALARS = {
    0xCA: (_FLOAT, Struct(">f")),
    0xCB: (_FLOAT, Struct(">d")),
    **{lead: (_INTEGER, Struct(form)) for lead, form in enumerate((">B", ">H", ">I", ">Q"), 0xCC)},
    **{lead: (_INTEGER, Struct(form)) for lead, form in enumerate((">b", ">h", ">i", ">q"), 0xD0)},
}

_MAP_FLAGS = frozenset({ORDERED, ORDERED | VALUE_ORDERED})

_RANGES = {
    0xCC: (0x80, 0xFF),
    0xCD: (0x100, 0xFFFF),
    0xCE: (0x1_0000, 0xFFFF_FFFF),
    0xCF: (0x1_0000_0000, 0xFFFF_FFFF_FFFF_FFFF),
    0xD0: (-0x80, -0x21),
    0xD1: (-0x8000, -0x81),
    0xD2: (-0x8000_0000, -0x8001),
    0xD3: (-0x8000_0000_0000_0000, -0x8000_0001),
}
"""Integers that have no shorter form, for each first byte."""

_LEAST_COUNTS = {0xDC: 16, 0xDD: 1 << 16, 0xDE: 16, 0xDF: 1 << 16}
_LEAST_SIZES = {0xD9: 32, 0xDA: 1 << 8, 0xDB: 1 << 16, **dict.fromkeys((0xC4, 0xC5, 0xC6), 1 << 32)}
"""Counts and sizes that have no shorter form; strings are never kept in the forms for bytes."""

_CANONICAL_SIZES = bytes(
    0 if lead in _RANGES or lead in EXTS else size for lead, size in enumerate(FIXED_SIZES)
)
"""Sizes by the first byte, 0 also for what may have to be stored in another form."""
