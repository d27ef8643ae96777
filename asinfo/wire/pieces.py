"""Work on many values in pieces: to sort, compare, join or free a million is one call else, that no other thread can come between."""

from __future__ import annotations

from operator import le

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random
    from typing import Any

    from asinfo.wire.collection import Order

AT_ONCE = 2048
"""So many values, at any depth, are sorted or compared at once: some 2 ms."""

JOINED_AT_ONCE = 16_384
"""So many pieces are joined at once, which takes up to 2 ms."""

FREED_AT_ONCE = 16_384
"""So many values, at any depth, are freed at once, which takes up to 2 ms."""

_BOUNDS_MAX = 256
"""Most values by which what is to be sorted is divided."""


def ascending(found: list[Order], test: Callable[[Order, Order], bool] = le) -> bool:
    """Whether a test, that no value is less than the one before it, is true of all neighbours."""
    if len(found) <= AT_ONCE:
        return all(map(test, found, found[1:]))
    return all(
        all(map(test, found[start : start + AT_ONCE], found[start + 1 : start + AT_ONCE + 1]))
        for start in range(0, len(found), AT_ONCE)
    )


def distinct(values: list[Order]) -> list[Order]:
    """Each of several values once, where it comes first."""
    found: dict[Order, None] = {}
    for start in range(0, len(values), AT_ONCE):
        found |= dict.fromkeys(values[start : start + AT_ONCE])
    return list(found)


def joined(parts: list[bytes]) -> bytes:
    """All parts, one behind the other."""
    if len(parts) <= JOINED_AT_ONCE:
        return b"".join(parts)
    return b"".join(
        [b"".join(parts[start : start + JOINED_AT_ONCE]) for start in range(0, len(parts), JOINED_AT_ONCE)]
    )


def give_back(items: list[Any], weight: float) -> None:
    """Empty a list that nobody needs any more; ``weight`` is how many values are in its items, at any depth."""
    most = max(1, int(FREED_AT_ONCE * len(items) / max(1, weight)))
    while items:
        del items[-most:]


def sorted_places(found: list[Order], weight: float) -> list[int]:
    """Places by the order of the values in ``found``, equal ones in their order; ``weight`` is how many values are in those."""
    most = max(2, int(AT_ONCE * len(found) / max(1, weight)))
    if len(found) <= most:
        return sorted(range(len(found)), key=found.__getitem__)
    from random import Random  # only for many: start-up time

    return _sorted(range(len(found)), found, most, Random(len(found)))  # noqa: S311 - no secret


def _sorted(places: Sequence[int], found: list[Order], most: int, random: Random) -> list[int]:
    if len(places) <= most:
        return sorted(places, key=found.__getitem__)
    from bisect import bisect_left  # as above

    count = min(_BOUNDS_MAX, len(places) // most + 1)
    bounds = sorted({found[place] for place in random.sample(places, min(len(places), count))})
    between: list[list[int]] = [[] for _ in range(len(bounds) + 1)]
    equal: list[list[int]] = [[] for _ in bounds]
    for place in places:
        value = found[place]
        part = bisect_left(bounds, value)
        if part < len(bounds) and bounds[part] == value:
            equal[part].append(place)
        else:
            between[part].append(place)
    in_turn = _sorted(between[0], found, most, random)
    for same, greater in zip(equal, between[1:], strict=True):
        in_turn += same
        in_turn += _sorted(greater, found, most, random)
    return in_turn
