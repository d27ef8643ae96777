"""Whether a node stores the bytes of a list or map: the check of a write, without making a value of them.

Refused are bytes that end early or go on too long, ordered lists and maps that are not in order, keys that come
twice, keys other than integers, strings and bytes (as servers since 7.1 do), and nesting deeper than DEPTH_MAX.

Order of types: nil, booleans, integers, strings, lists, maps, bytes, floats, geo JSON. Strings and bytes compare byte
by byte; lists by their elements, then by size; maps by size, then by their keys, then by their values.
Sources: the specification of the wire protocol, section 3.5; Aerospike's page on the order of collection elements.

Every value is visited once, so the time is linear in the size (n log n for the keys of a map without an order).
"""

from __future__ import annotations

from operator import lt
from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception reads like one

from asinfo.errors import WireError
from asinfo.wire.msgpack import DEPTH_MAX, ORDERED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Order: TypeAlias = tuple[int, Any]  # rank of the type, and what tells values of this type apart
    Count: TypeAlias = tuple[int, int]  # entries, offset of the first

_NIL, _BOOLEAN, _INTEGER, _STRING, _LIST, _MAP, _BYTES, _FLOAT, _GEOJSON, _EXT = range(10)
_KEYS = frozenset((_INTEGER, _STRING, _BYTES))
_RANKS = {0x03: _STRING, 0x17: _GEOJSON}  # of a string's first byte; all others are bytes


def check_list(data: bytes) -> None:
    """Raises WireError when a node would not store ``data`` as a list."""
    _check(data, list_start)


def check_map(data: bytes) -> None:
    """Raises WireError when a node would not store ``data`` as a map."""
    _check(data, map_start)


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


def _check(data: bytes, start: Callable[[bytes, int], Count | None]) -> None:
    try:
        if start(data, 0) is None:
            raise WireError("not of this type")
        end = _skip(data, 0, DEPTH_MAX)
    except (IndexError, StructError):
        raise WireError("ends early") from None
    if end != len(data):
        raise WireError("does not end where its bytes end")


def _skip(data: bytes, position: int, depth: int) -> int:
    """The offset after the value at ``position``, which is checked; it may be past the end of the data.

    The callers have passed over values whose size the first byte decides.
    """
    if found := list_start(data, position):
        return _skip_list(data, *found, depth)
    if found := map_start(data, position):
        return _walk_map(data, *found, depth, None)
    start, size = _span(data, position)
    return start + size


def _skip_list(data: bytes, count: int, position: int, depth: int) -> int:
    _room(data, count, position, depth)
    flags, entries = marker(data, position, count)
    if flags & ORDERED:
        return _walk_list(data, count, position, depth)[1]
    for _ in range(count - (entries > position)):
        size = FIXED_SIZES[data[entries]]
        entries = entries + size if size else _skip(data, entries, depth - 1)
    return entries


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
        if data[entries] != 0xC0:
            raise WireError("the marker of a map is not paired with nil")
        count, entries = count - 1, entries + 1
    keys: list[Order] = []
    for _ in range(count):
        key, entries = _order(data, entries, 0)  # no levels left: a key is no list or map
        keys.append(key)
        if pairs is None:
            size = FIXED_SIZES[data[entries]]
            entries = entries + size if size else _skip(data, entries, depth - 1)
        else:
            value, entries = _order(data, entries, depth - 1)
            pairs.append((key, value))
    _check_keys(keys, ordered=bool(flags & ORDERED))
    return entries


def _check_keys(keys: list[Order], *, ordered: bool) -> None:
    if not {rank for rank, _ in keys} <= _KEYS:
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
        return (_RANKS.get(data[position + 1], _BYTES), data[position + 1 : end]), end
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
        return (_MAP, (len(pairs), tuple(key for key, _ in pairs), tuple(value for _, value in pairs))), end
    start, size = _span(data, position)
    content = data[start : start + size]
    rank = _EXT if lead in _EXTS else _RANKS.get(content[0] if content else 0, _BYTES)
    return (rank, content), start + size


def _room(data: bytes, values: int, position: int, depth: int) -> None:
    if depth <= 0:
        raise WireError("nested too deep, or a list or map is the key of a map")
    if values > len(data) - position:  # a value takes a byte at least
        raise WireError("ends early")


def pass_over(data: bytes, position: int, charge: Callable[[int], None]) -> int:
    """The offset after the value at ``position``; the number of values in each list and map goes to ``charge``.

    ``charge`` may raise to end the walk. Nothing is checked but where values end: IndexError and struct.error for
    what ends early, WireError for what is no value.
    """
    left = 1
    while left:
        left -= 1
        size = FIXED_SIZES[data[position]]
        if size:
            position += size
            continue
        found, width = list_start(data, position), 1
        if found is None:
            found, width = map_start(data, position), 2
        if found is None:
            start, size = _span(data, position)
            position = start + size
        else:
            charge(width * found[0])
            left += width * found[0]
            position = found[1]
    return position


def marker(data: bytes, position: int, count: int) -> tuple[int, int]:
    """Flags of the marker at ``position`` (0: there is none) and the offset after it."""
    if count and data[position] == 0xC7 and data[position + 1] == 0:
        return data[position + 2], position + 3
    return 0, position


def list_start(data: bytes, position: int) -> Count | None:
    """Number of elements and offset of the first, None when no list begins at ``position``."""
    lead = data[position]
    if 0x90 <= lead <= 0x9F:
        return lead & 0x0F, position + 1
    return _long_start(data, position, _LISTS)


def map_start(data: bytes, position: int) -> Count | None:
    """Number of entries and offset of the first, None when no map begins at ``position``."""
    lead = data[position]
    if 0x80 <= lead <= 0x8F:
        return lead & 0x0F, position + 1
    return _long_start(data, position, _MAPS)


def _long_start(data: bytes, position: int, forms: dict[int, Struct]) -> Count | None:
    form = forms.get(data[position])
    return (form.unpack_from(data, position + 1)[0], position + 1 + form.size) if form else None


def _span(data: bytes, position: int) -> tuple[int, int]:
    """Where the content of a string or extension begins (in an extension: the type byte), and its size."""
    lead = data[position]
    if 0xA0 <= lead <= 0xBF:
        return position + 1, lead & 0x1F
    if 0xD4 <= lead <= 0xD8:
        return position + 1, 1 + (1 << lead - 0xD4)
    form = _STRINGS.get(lead)
    if form is None:
        raise WireError(f"no value begins with {lead:02X}")
    size: int = form.unpack_from(data, position + 1)[0]
    return position + 1 + form.size, size + (lead in _EXTS)


_BYTE, _SHORT, _LONG = Struct(">B"), Struct(">H"), Struct(">I")

_LISTS = {0xDC: _SHORT, 0xDD: _LONG}
_MAPS = {0xDE: _SHORT, 0xDF: _LONG}
_STRINGS = {
    0xC4: _BYTE, 0xC5: _SHORT, 0xC6: _LONG,
    0xC7: _BYTE, 0xC8: _SHORT, 0xC9: _LONG,
    0xD9: _BYTE, 0xDA: _SHORT, 0xDB: _LONG,
}  # fmt: skip
_EXTS = {0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8}

_CONSTANTS: dict[int, Order] = {0xC0: (_NIL, 0), 0xC2: (_BOOLEAN, 0), 0xC3: (_BOOLEAN, 1)}
_SCALARS = {
    0xCA: (_FLOAT, Struct(">f")),
    0xCB: (_FLOAT, Struct(">d")),
    **{lead: (_INTEGER, Struct(form)) for lead, form in enumerate((">B", ">H", ">I", ">Q"), 0xCC)},
    **{lead: (_INTEGER, Struct(form)) for lead, form in enumerate((">b", ">h", ">i", ">q"), 0xD0)},
}

FIXED_SIZES = bytes(
    _SCALARS[lead][1].size + 1 if lead in _SCALARS
    else 1 + (lead & 0x1F) if 0xA0 <= lead <= 0xBF
    else 2 + (1 << lead - 0xD4) if 0xD4 <= lead <= 0xD8
    else int(lead < 0x80 or lead >= 0xE0 or lead in _CONSTANTS)
    for lead in range(256)
)  # fmt: skip
"""Size of a value that its first byte alone decides; 0 for all others."""
