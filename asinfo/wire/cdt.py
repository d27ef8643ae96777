"""Operations on lists and maps: commands, and collections taken apart into the bytes of their elements.

A command is a msgpack list, [CODE, ARGUMENT...]; one within a nested collection, [255, CONTEXT, COMMAND], is told apart.
Elements stay the bytes that they are, so that what an operation does not touch comes back as it was stored.
Codes: those that the clients write (the constants of the C client).
"""

from __future__ import annotations

from struct import error as StructError  # noqa: N812 - an exception reads like one
from typing import NamedTuple

from asinfo.errors import WireError
from asinfo.wire import msgpack
from asinfo.wire.extent import (
    FIXED_SIZES,
    MARK,
    MARKERS,
    SHORT_STRING,
    head,
    list_start,
    map_start,
    marker,
    pass_over,
)
from asinfo.wire.pieces import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LIST_SET_TYPE, LIST_APPEND, LIST_APPEND_ITEMS, LIST_INSERT, LIST_INSERT_ITEMS = range(5)
LIST_POP, LIST_POP_RANGE, LIST_REMOVE, LIST_REMOVE_RANGE, LIST_SET, LIST_TRIM, LIST_CLEAR = range(5, 12)
LIST_INCREMENT, LIST_SORT = 12, 13
LIST_SIZE, LIST_GET, LIST_GET_RANGE = 16, 17, 18
LIST_GET_BY_INDEX, LIST_GET_BY_FIRST_VALUE, LIST_GET_BY_RANK = 19, 20, 21
LIST_GET_BY_VALUE, LIST_GET_BY_VALUE_LIST, LIST_GET_BY_INDEX_RANGE = 22, 23, 24
LIST_GET_BY_VALUE_INTERVAL, LIST_GET_BY_RANK_RANGE, LIST_GET_BY_RELATIVE_RANK = 25, 26, 27
LIST_REMOVE_BY_INDEX, LIST_REMOVE_BY_FIRST_VALUE, LIST_REMOVE_BY_RANK = 32, 33, 34
LIST_REMOVE_BY_VALUE, LIST_REMOVE_BY_VALUE_LIST, LIST_REMOVE_BY_INDEX_RANGE = 35, 36, 37
LIST_REMOVE_BY_VALUE_INTERVAL, LIST_REMOVE_BY_RANK_RANGE, LIST_REMOVE_BY_RELATIVE_RANK = 38, 39, 40
MAP_SET_TYPE, MAP_ADD, MAP_ADD_ITEMS, MAP_PUT, MAP_PUT_ITEMS, MAP_REPLACE, MAP_REPLACE_ITEMS = range(64, 71)
MAP_INCREMENT, MAP_DECREMENT, MAP_CLEAR = 73, 74, 75
MAP_REMOVE_BY_KEY, MAP_REMOVE_BY_INDEX, MAP_REMOVE_BY_FIRST_VALUE, MAP_REMOVE_BY_RANK = 76, 77, 78, 79
MAP_REMOVE_BY_KEY_LIST, MAP_REMOVE_BY_VALUE, MAP_REMOVE_BY_VALUE_LIST = 81, 82, 83
MAP_REMOVE_BY_KEY_INTERVAL, MAP_REMOVE_BY_INDEX_RANGE, MAP_REMOVE_BY_VALUE_INTERVAL = 84, 85, 86
MAP_REMOVE_BY_RANK_RANGE, MAP_REMOVE_BY_RELATIVE_INDEX, MAP_REMOVE_BY_RELATIVE_RANK = 87, 88, 89
MAP_SIZE, MAP_GET_BY_KEY, MAP_GET_BY_INDEX, MAP_GET_BY_FIRST_VALUE, MAP_GET_BY_RANK = 96, 97, 98, 99, 100
MAP_GET_BY_VALUE, MAP_GET_BY_KEY_INTERVAL, MAP_GET_BY_INDEX_RANGE = 102, 103, 104
MAP_GET_BY_VALUE_INTERVAL, MAP_GET_BY_RANK_RANGE = 105, 106
MAP_GET_BY_KEY_LIST, MAP_GET_BY_VALUE_LIST = 107, 108
MAP_GET_BY_RELATIVE_INDEX, MAP_GET_BY_RELATIVE_RANK = 109, 110

PATHS = 254
"""Code of a command that selects or changes all elements that a path leads to."""

IN_CONTEXT = 255
"""Code of a command that goes on inside an element."""


def free(_: int) -> None:
    """Charge nothing; see `elements`."""


def command(data: bytes, charge: Callable[[int], None] = free) -> tuple[int, list[bytes]]:
    """The code of a command and its arguments, each as it stands; what follows is ignored. Raises WireError.

    Old clients write the code in two bytes, and a list of the arguments after it where there are any.
    ``charge`` is that of `elements`.
    """
    if data[:1] == b"\0" and len(data) > 1:
        return int.from_bytes(data[:2], "big"), _items(data, 2, charge) if len(data) > 2 else []
    items = _items(data, 0, charge)
    if not items:
        raise WireError("a command without a code")
    first = items.pop(0)
    return integer(first) & 0xFFFF, items


def code(data: bytes) -> int:
    """The code of a command, also of one whose arguments end early. Raises WireError."""
    old = data[:1] == b"\0" and len(data) > 1
    if old and len(data) == 2:
        return data[1]
    try:
        found = list_start(data, 2 if old else 0)
        count, first = found or (0, 0)
        if found is None or not (old or count):
            raise WireError("a command that is no list, or one without a code")
        return data[1] if old else integer(data[first : first + FIXED_SIZES[data[first]]]) & 0xFFFF
    except (IndexError, StructError):
        raise WireError("ends early") from None


def _items(data: bytes, position: int, charge: Callable[[int], None]) -> list[bytes]:
    try:
        found = list_start(data, position)
        if found is None:
            raise WireError("a command that is no list")
        count, first = found
        items, end = _pieces(data, first, count, charge)
    except (IndexError, StructError):
        raise WireError("ends early") from None
    if end > len(data):
        raise WireError("ends early")
    return items


def integer(data: bytes) -> int:
    """An argument that is an integer. Raises WireError."""
    if len(data) == 1 and data[0] < 0x80:
        return data[0]
    value = msgpack.unpack(data)
    if type(value) is not int:
        raise WireError("an argument is no integer")
    return value


def size(data: bytes, *, of_map: bool) -> int:
    """How many elements or entries a list or map has: its first bytes tell. Raises WireError."""
    try:
        found = (map_start if of_map else list_start)(data, 0)
        if found is None:
            raise WireError("not a collection of this type")
        count, position = found
        _, first = marker(data, position, count)
        return count - (first > position)
    except (IndexError, StructError):
        raise WireError("ends early") from None


class ListParts(NamedTuple):
    """A list that was taken apart: each element as it stands."""

    flags: int
    elements: list[bytes]


def elements(data: bytes, charge: Callable[[int], None] = free) -> ListParts:
    """Flags and elements of a list. Raises WireError when ``data`` is none.

    ``charge`` is told how many values there are, at any depth, before they are looked at; it may raise.
    """
    flags, items = _take_apart(data, list_start, 1, charge)
    return ListParts(flags, items)


def entries(data: bytes, charge: Callable[[int], None] = free) -> tuple[int, list[bytes], list[bytes]]:
    """Flags, keys and values of a map; as `elements`. Raises WireError when ``data`` is none."""
    flags, items = _take_apart(data, map_start, 2, charge)
    return flags, items[::2], items[1::2]


def _take_apart(
    data: bytes, start: Any, width: int, charge: Callable[[int], None]
) -> tuple[int, list[bytes]]:
    try:
        found = start(data, 0)
        if found is None:
            raise WireError("not a collection of this type")
        count, position = found
        flags, first = marker(data, position, count)
        if first > position:
            count -= 1
            first += width - 1  # the marker of a map is paired with nil
        items, first = _pieces(data, first, width * count, charge)
    except (IndexError, StructError):
        raise WireError("ends early") from None
    if first != len(data):
        raise WireError("does not end where its bytes end")
    return flags, items


def _pieces(data: bytes, first: int, count: int, charge: Callable[[int], None]) -> tuple[list[bytes], int]:
    """So many values, and the offset after them, which may be past the end of the data."""
    if count > len(data) - first:
        raise WireError("ends early")
    charge(count)
    items = []
    for _ in range(count):
        lead = data[first]
        size = FIXED_SIZES[lead]
        if size:
            end = first + size
        elif lead == SHORT_STRING:  # what else has no fixed size is rarer
            end = first + 2 + data[first + 1]
        else:
            end = pass_over(data, first, charge)
        items.append(data[first:end])
        first = end
    return items, first


def plain_start(data: bytes) -> tuple[int, int] | None:
    """Number of elements of a list without flags, and where they begin; None if it has some. Raises WireError."""
    try:
        found = list_start(data, 0)
        if found is None:
            raise WireError("not a collection of this type")
        count, first = found
        return None if count and data[first] == MARK else found
    except (IndexError, StructError):
        raise WireError("ends early") from None


def join_list(items: list[bytes], flags: int = 0) -> bytes:
    """A list of these elements; with flags it begins with the marker that says them."""
    mark = MARKERS[flags] if flags else b""
    return head(len(items) + bool(flags), of_map=False) + mark + joined(items)


def join_map(keys: list[bytes], values: list[bytes], flags: int = 0) -> bytes:
    """A map of these entries; with flags it begins with the marker that says them."""
    mark = MARKERS[flags] + b"\xc0" if flags else b""
    parts = [b""] * (2 * len(keys))
    parts[::2] = keys
    parts[1::2] = values
    return head(len(keys) + bool(flags), of_map=True) + mark + joined(parts)
