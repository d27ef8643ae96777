"""Comparisons with a value that may have wildcards in it.

A wildcard equals anything and ends the comparison: [1, *] equals every list that begins with 1 and has more in it.
Values are given by what `asinfo.wire.collection.order` compares them by.
"""

from __future__ import annotations

from asinfo.wire.collection import OPEN_ENDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, TypeAlias

    from asinfo.wire.collection import Order

    Node: TypeAlias = dict[Order, Any]  # what comes after a part, by that; a wildcard has the list of places

WILDCARD = OPEN_ENDS[b"\xff\0"]

_END: Order = (-1, 0)
"""What ends a list or map, among the parts of `_parts_in_turn`."""


def has_wildcard(pattern: Order) -> bool:
    """Whether a value is a wildcard, or has one in it at any depth."""
    return pattern == WILDCARD or (
        isinstance(pattern[1], tuple) and any(map(has_wildcard, _parts(pattern[1])))
    )


def compare(value: Order, pattern: Order) -> int:
    """Less than 0, 0 or more than 0, as ``value`` is less than, equal to or greater than ``pattern``."""
    return _compare(value, pattern) or 0


def _compare(value: Order, pattern: Order) -> int | None:
    """As `compare`; None where a wildcard has ended the comparison."""
    if WILDCARD in (value, pattern):
        return None
    (rank, content), (wanted_rank, wanted) = value, pattern
    if rank != wanted_rank or not isinstance(content, tuple):
        return (value > pattern) - (value < pattern)
    size, wanted_size = _size_of_map(content), _size_of_map(wanted)
    if size != wanted_size:
        return -1 if size < wanted_size else 1
    parts, others = _parts(content), _parts(wanted)
    for part, other in zip(parts, others, strict=False):
        found = _compare(part, other)
        if found != 0:
            return found
    return (len(parts) > len(others)) - (len(parts) < len(others))


def _size_of_map(content: tuple[Any, ...]) -> int:
    """What a map is compared by first; 0 for a list."""
    return content[0] if content and isinstance(content[0], int) else 0


def _parts(content: tuple[Any, ...]) -> Sequence[Order]:
    """The elements of a list; of a map, keys and values in turn."""
    if content and isinstance(content[0], int):
        return [part for pair in content[1] for part in pair]
    return content


class PatternTree:
    """Many values with wildcards, by what stands before the wildcard: a value is looked at once, and not compared with each.

    Each of them has a list of the places of values that equal it; those that equal the same values share one.
    """

    __slots__ = ("_root",)

    def __init__(self) -> None:
        self._root: Node = {}

    def add(self, pattern: Order) -> list[int] | None:
        """The list of places of a value with a wildcard, which `find` fills; None for one that has to be compared with each value."""
        node = self._root
        for part in _parts_in_turn(pattern):
            if part == WILDCARD:
                places: list[int] = node.setdefault(WILDCARD, [])
                return places
            if _is_nan(part):
                break
            node = node.setdefault(part, {})
        return None

    def find(self, value: Order, place: int) -> bool:
        """Put the place of a value into the lists of all that it equals; False where it has to be compared with each of them, too."""
        try:
            _follow(self._root, value, place)
        except _UndecidedError:
            return False
        return True


class _UndecidedError(Exception):
    """A value with a wildcard or NaN in it, which equal more than themselves."""


def _follow(node: Node, value: Order, place: int) -> Node | None:
    """What comes after a value, None for nothing; its place is put into the lists of wildcards on the way."""
    if WILDCARD in node:
        node[WILDCARD].append(place)
    rank, content = value
    if not isinstance(content, tuple):
        if value == WILDCARD or _is_nan(value):
            raise _UndecidedError
        return node.get(value)
    after: Node | None = node.get((rank, _size_of_map(content)))
    for part in _parts(content):
        if after is None:
            return None
        after = _follow(after, part, place)
    return after and after.get(_END)


def _is_nan(part: Order) -> bool:
    """Whether it is the number that is neither less than nor greater than any other: `compare` takes it for equal to them."""
    return bool(part[1] != part[1])


def _parts_in_turn(value: Order) -> Iterator[Order]:
    """What is compared of a value, in turn: of a list or map its kind and a map's size, then its parts, then its end."""
    rank, content = value
    if not isinstance(content, tuple):
        yield value
        return
    yield rank, _size_of_map(content)
    for part in _parts(content):
        yield from _parts_in_turn(part)
    yield _END
