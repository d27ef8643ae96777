"""Comparisons with a value that may have wildcards in it.

A wildcard equals anything and ends the comparison: [1, *] equals every list that begins with 1 and has more in it.
Values are given by what `asinfo.wire.collection.order` compares them by.
"""

from __future__ import annotations

from asinfo.wire.collection import OPEN_ENDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from asinfo.wire.collection import Order

WILDCARD = OPEN_ENDS[b"\xff\0"]


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


def _parts(content: tuple[Any, ...]) -> list[Order]:
    """The elements of a list; of a map, keys and values in turn."""
    if content and isinstance(content[0], int):
        return [part for pair in content[1] for part in pair]
    return list(content)
