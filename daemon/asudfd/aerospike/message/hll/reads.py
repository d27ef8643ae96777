"""Operations that look at a HyperLogLog. They get the one of the bin and the arguments, and raise WireError."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire.particle import HLL, Opaque
from asudfd.aerospike.message.hll import estimate, sketch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asudfd.aerospike.message.hll.sketch import Sketch

EXCLUDED_MAX = 2
"""So many HyperLogLogs without minhashes can be compared with that of the bin, as on the real server."""


def union(found: Sketch, others: list[Sketch]) -> Opaque:
    """One to which all came that came to any."""
    every = [found, *others]
    return Opaque(HLL, sketch.union(every, sketch.common_shape(every)).pack())


def union_count(found: Sketch, others: list[Sketch]) -> int:
    """How many values came to any."""
    return estimate.union_count([found, *others])


def intersect_count(found: Sketch, others: list[Sketch]) -> int:
    """How many values came to all."""
    return estimate.intersect_count(_comparable(found, others))


def similarity(found: Sketch, others: list[Sketch]) -> float:
    """What came to all as a share of what came to any."""
    return estimate.similarity(_comparable(found, others))


def describe(found: Sketch) -> list[int]:
    """Its index bits, and its minhash bits, 0 for none."""
    return list(found.shape)


def may_contain(found: Sketch, values: Iterable[bytes]) -> int:
    """1 if all of the values may have come to it, else 0."""
    return int(all(sketch.contains(found, each) for each in values))


def _comparable(found: Sketch, others: list[Sketch]) -> list[Sketch]:
    """Raises WireError for so many that they need minhashes, and have none in common."""
    every = [found, *others]
    if len(others) > EXCLUDED_MAX and not sketch.common_shape(every).minhash_bits:
        raise WireError("as many HyperLogLogs without minhashes cannot be compared")
    return every
