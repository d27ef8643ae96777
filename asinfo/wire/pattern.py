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
    if value[0] != pattern[0] or not isinstance(value[1], tuple):
        return (value > pattern) - (value < pattern)
    parts, others = _parts(value[1]), _parts(pattern[1])
    if value[1][:1] != pattern[1][:1] and value[1] and isinstance(value[1][0], int):  # maps: size first
        return -1 if value[1][0] < pattern[1][0] else 1
    for part, other in zip(parts, others, strict=False):
        found = _compare(part, other)
        if found != 0:
            return found
    return (len(parts) > len(others)) - (len(parts) < len(others))


def _parts(content: tuple[Any, ...]) -> list[Order]:
    """The elements of a list; of a map, keys and values in turn."""
    if content and isinstance(content[0], int):
        return [part for pair in content[1] for part in pair]
    return list(content)
