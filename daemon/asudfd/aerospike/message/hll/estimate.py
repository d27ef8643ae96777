"""How many values came to HyperLogLogs: estimates from their registers.

count           Otmar Ertl's improved raw estimator ("New cardinality estimation algorithms for HyperLogLog
                sketches", 2017), with the constants of the first HyperLogLog
similarity      of HyperLogLogs with minhashes: of all registers that a value came to the share of those that are
                equal, less those that are so by chance (Yu and Weber, "HyperMinHash", 2017); of others what they
                have in common, by inclusion and exclusion, as a share of all
"""

from __future__ import annotations

from itertools import combinations
from math import floor, inf, prod, sqrt
from typing import TYPE_CHECKING

from asudfd.aerospike.message.hll.sketch import Shape, Sketch, common_shape, folded, largest

if TYPE_CHECKING:
    from collections.abc import Sequence

RANKS = 64
"""Ranks of a hash of 64 bits."""

COUNT_MAX = (1 << 63) - 1
"""Largest count: a client may store registers that no values make."""

_ALPHAS = {4: 0.673, 5: 0.697, 6: 0.709}
"""Constants of the first HyperLogLog for 16, 32 and 64 registers."""


def count(sketch: Sketch) -> int:
    """How many values came."""
    return _count(sketch.registers(), sketch.shape)


def _count(registers: Sequence[int], shape: Shape) -> int:
    minhash_bits = shape.minhash_bits
    ranks = bytes(each >> minhash_bits for each in registers) if minhash_bits else bytes(registers)
    number = len(ranks)
    harmonic = number * _tau(1 - ranks.count(RANKS) / number)
    for rank in range(RANKS, 0, -1):
        harmonic = (harmonic + ranks.count(rank)) / 2
    harmonic += number * _sigma(ranks.count(0) / number)
    return _rounded(_alpha(shape.index_bits) * number * number / harmonic)


def union_count(sketches: Sequence[Sketch]) -> int:
    """How many different values came to any of them."""
    shape = common_shape(sketches)
    return _count(largest([folded(each, shape) for each in sketches]), shape)


def similarity(sketches: Sequence[Sketch]) -> float:
    """What came to all as a share of what came to any."""
    shape = common_shape(sketches)
    if shape.minhash_bits:
        return _equal_share([folded(each, shape) for each in sketches], shape)
    whole = union_count(sketches)
    return _common(sketches) / whole if whole else 0.0


def intersect_count(sketches: Sequence[Sketch]) -> int:
    """How many values came to all of them."""
    shape = common_shape(sketches)
    if not shape.minhash_bits:
        return _common(sketches)
    registers = [folded(each, shape) for each in sketches]
    return _rounded(_equal_share(registers, shape) * _count(largest(registers), shape))


def _common(sketches: Sequence[Sketch]) -> int:
    """How many values came to all, by inclusion and exclusion; each further one doubles the work."""
    total = 0
    for size in range(1, len(sketches) + 1):
        counts = sum(union_count(some) for some in combinations(sketches, size))
        total += counts if size % 2 else -counts
    return max(total, 0)


def _equal_share(registers: Sequence[Sequence[int]], shape: Shape) -> float:
    """The similarity of HyperLogLogs with these registers."""
    highest = largest(registers)
    lowest = [min(same) for same in zip(*registers, strict=True)]
    empty = highest.count(0)
    equal: int = sum(high == low for high, low in zip(highest, lowest, strict=True)) - empty
    if not equal:
        return 0.0
    by_chance = _equal_by_chance([_count(each, shape) for each in registers], shape)
    return max(0.0, equal - by_chance) / (len(highest) - empty)


def _equal_by_chance(counts: Sequence[int], shape: Shape) -> float:
    """So many registers are expected to be equal of HyperLogLogs that have nothing in common."""
    total = 0.0
    for rank in range(1, RANKS + 1):
        low = 2.0 ** -(shape.index_bits + rank)
        high, low = 2 * low, low if rank < RANKS else 0.0
        total += prod(float((1 - high) ** each - (1 - low) ** each) for each in counts)
    return total * float(shape.registers) / 2.0 ** (shape.minhash_bits * (len(counts) - 1))


def _rounded(number: float) -> int:
    return min(floor(number + 0.5), COUNT_MAX)


def _alpha(index_bits: int) -> float:
    return _ALPHAS.get(index_bits) or 0.7213 / (1 + 1.079 / (1 << index_bits))


def _sigma(share: float) -> float:
    """Ertl's sigma: what the registers that no value came to add."""
    if share == 1:
        return inf
    factor, total, before = 1.0, share, -1.0
    while total != before:
        share *= share
        before, total = total, total + share * factor
        factor += factor
    return total


def _tau(share: float) -> float:
    """Ertl's tau: what the registers that are full add."""
    if share in {0, 1}:
        return 0.0
    factor, total, before = 1.0, 1 - share, -1.0
    while total != before:
        share = sqrt(share)
        factor /= 2
        before, total = total, total - (1 - share) ** 2 * factor
    return total / 3
