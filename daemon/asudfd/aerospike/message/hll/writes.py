"""Operations that change a HyperLogLog.

They get the one of the bin, None where there is none, the flags of the write and the arguments; they give what is there
then, and what is shown, and raise WireError and RequestRefused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire.result import Result
from asudfd.aerospike.message.hll import estimate, sketch
from asudfd.aerospike.message.hll.arguments import NOT_GIVEN, completed
from asudfd.aerospike.message.hll.sketch import Shape, Sketch
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

ALLOW_FOLD = 8
"""Flag of a union: the bin may get fewer registers, or lose its minhashes."""


class SketchChange(NamedTuple):
    """A HyperLogLog as it is now, and what the operation shows."""

    sketch: Sketch
    shown: int | None = None


def init(found: Sketch | None, _flags: int, shape: Shape) -> SketchChange:
    """An empty one, with the bits of the old one where none are given."""
    return SketchChange(_empty(completed(shape, found.shape) if found else shape))


def add(found: Sketch | None, _flags: int, values: Iterable[bytes], shape: Shape) -> SketchChange:
    """Brings values to it, and shows how many have changed it."""
    added = sketch.add(found or _empty(shape), values)
    return SketchChange(added.sketch, added.changes)


def _empty(shape: Shape) -> Sketch:
    if shape.index_bits == NOT_GIVEN:
        raise RequestRefused(Result.OP_NOT_APPLICABLE, "a new HyperLogLog needs its index bits")
    whole = completed(shape, Shape(NOT_GIVEN, 0))
    whole.check()
    return sketch.empty(whole)


def unite(found: Sketch | None, flags: int, others: list[Sketch]) -> SketchChange:
    """Brings all to it that came to others."""
    every = [*others, found] if found else others
    shape = sketch.common_shape(every)
    if found and shape != found.shape and not flags & ALLOW_FOLD:
        raise RequestRefused(Result.OP_NOT_APPLICABLE, "the union would have fewer registers than the bin")
    return SketchChange(sketch.union(every, shape))


def refresh(found: Sketch, _flags: int) -> SketchChange:
    """Stores the count, and shows it."""
    count = estimate.count(found)
    return SketchChange(Sketch(found.shape, found.packed, count), count)


def fold(found: Sketch, _flags: int, index_bits: int) -> SketchChange:
    """Makes it one of fewer registers."""
    if index_bits > found.shape.index_bits or found.shape.minhash_bits:
        raise RequestRefused(Result.OP_NOT_APPLICABLE, "a HyperLogLog that cannot be folded so")
    return SketchChange(sketch.union([found], Shape(index_bits, 0)))
