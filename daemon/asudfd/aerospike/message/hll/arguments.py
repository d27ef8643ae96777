"""Arguments of operations on HyperLogLogs: a reader for each kind of list of them.

A reader gets the arguments as they stand, and gives what the operation takes. All raise WireError, and CostExceededError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import cdt, msgpack
from asinfo.wire.extent import list_start
from asinfo.wire.msgpack import Raw
from asinfo.wire.particle import HLL
from asudfd.aerospike.message.hll.sketch import INDEX_BITS, Shape, Sketch, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.aerospike.message.cost import CostBudget

NOT_GIVEN = -1
"""Index and minhash bits that a command leaves out."""

VALUE_STEPS = 70
"""Steps for a value that is hashed and compared with its register: 7 us."""

HASH_STEPS = 0.8
"""Steps to hash a byte of it."""

_HASHED = frozenset(
    (*range(0x80), *range(0xA0, 0xC0), *range(0xC4, 0xC7), *range(0xCA, 0xDC), *range(0xE0, 0x100))
) - {*range(0xD4, 0xD9)}
"""First bytes of what is hashed: numbers, strings, bytes."""


def nothing(_arguments: list[bytes], _budget: CostBudget) -> tuple[()]:
    """No arguments."""
    return ()


def shape(arguments: list[bytes], _budget: CostBudget) -> tuple[Shape]:
    """Index and minhash bits; what is left out is NOT_GIVEN."""
    given = [cdt.integer(each) for each in arguments]
    found = Shape(*given, *[NOT_GIVEN] * (2 - len(given)))
    completed(found, Shape(INDEX_BITS[0], 0)).check()
    return (found,)


def completed(given: Shape, other: Shape) -> Shape:
    """A shape with the bits of another for those that are not given."""
    return Shape(*(mine if mine != NOT_GIVEN else its for mine, its in zip(given, other, strict=True)))


def index_bits(arguments: list[bytes], _budget: CostBudget) -> tuple[int]:
    """Index bits, which must be given."""
    found = cdt.integer(arguments[0])
    if found not in INDEX_BITS:
        raise WireError(f"no HyperLogLog has {found} index bits")
    return (found,)


def values(arguments: list[bytes], budget: CostBudget) -> tuple[Iterator[bytes]]:
    """Values, one at least, as they are hashed; each is paid for when it is its turn."""
    found = cdt.elements(arguments[0], budget.charge).elements
    if not found or not _HASHED.issuperset(each[0] for each in found):
        raise WireError("a HyperLogLog takes numbers, strings and bytes, one at least")
    return (_paid(found, budget),)


def _paid(found: list[bytes], budget: CostBudget) -> Iterator[bytes]:
    for value in found:
        budget.charge(VALUE_STEPS + HASH_STEPS * len(value))
        yield value


def values_and_shape(arguments: list[bytes], budget: CostBudget) -> tuple[Iterator[bytes], Shape]:
    """Values, and the bits of a HyperLogLog that is made for them."""
    return *values(arguments, budget), *shape(arguments[1:], budget)


def sketches(arguments: list[bytes], budget: CostBudget) -> tuple[list[Sketch]]:
    """HyperLogLogs, one at least; a single one need not be in a list: in expressions it may be a bin."""
    given = arguments[0]
    several = cdt.elements(given, budget.charge).elements if list_start(given, 0) else [given]
    found = [_sketch(each) for each in several]
    if not found:
        raise WireError("an operation on no HyperLogLogs")
    return (found,)


def _sketch(value: bytes) -> Sketch:
    found = msgpack.unpack(value)
    if isinstance(found, bytes):  # Node.js gives back what it has read as a buffer, which is sent as a blob
        return parse(found)
    if not isinstance(found, Raw) or found.data[:1] != bytes([HLL]):
        raise WireError("an argument is no HyperLogLog")
    return parse(found.data[1:])
