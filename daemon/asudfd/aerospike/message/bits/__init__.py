"""Operations on the bits of a blob: a table of them.

Offsets and sizes are bits, those of `resize`, `insert` and `remove` bytes; bit 0 is the highest of the first byte. An
offset below 0 counts from the end. What is read and written as an integer has its highest bit first.

The arguments are checked before the bin is looked at, then its type, then whether it may be there.
Sources: the constants of the C client; Aerospike's documentation of the operations; the recordings of a real server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire.particle import BLOB, NULL, pack
from asinfo.wire.result import Result
from asudfd.aerospike.message.bits import arguments as a
from asudfd.aerospike.message.bits import lengths, numbers
from asudfd.aerospike.message.bits.ranges import OutOfReach, bit_range
from asudfd.aerospike.message.command import (
    CREATE_ONLY,
    NO_FAIL,
    NOTHING,
    UNCHANGED,
    UPDATE_ONLY,
    Modified,
    check_flags,
    decode,
    goes_on,
)
from asudfd.aerospike.message.cost import COPY_STEPS
from asudfd.aerospike.message.operation import Operation
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from asudfd.aerospike.message.command import Particle
    from asudfd.aerospike.message.cost import CostBudget

    Reader = Callable[[bytes], Any]

PARTIAL = 8
"""Flag of a write: of a range that ends behind the blob the part within it is meant."""

_COPIES = 3
"""So often a blob is copied: out of the bin, when it is changed, and into the bin."""

RANGE_STEPS = 1 / 16
"""Steps for each byte of a range: it becomes an integer, is changed, and becomes bytes again, 5 to 8 ms for 1 MiB."""


RESIZE, INSERT, REMOVE, SET, OR, XOR, AND, NOT, SHIFT_LEFT, SHIFT_RIGHT = range(10)
ADD, SUBTRACT, SET_INTEGER = 10, 11, 12
GET, COUNT, FIRST, LAST, GET_INTEGER = range(50, 55)
"""Codes."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BitOperation(Operation):
    """An operation on bits. All cost what it takes to copy the blob; one that looks at bytes gets the bits of a range."""

    takes: tuple[Reader, ...]
    """Readers of the arguments that there must be; of an operation on a range the first two say which."""

    may_take: tuple[Reader, ...]
    """Readers of those that may be left out, and are 0 then; of a write the first is that of its flags."""

    flags: int
    """Flags that a write may have."""

    @property
    def of_range(self) -> bool:
        """Whether ``run`` gets the bits of a range as an integer; else it gets the blob."""
        return self.looks > 0

    def values(self, arguments: list[bytes]) -> list[Any]:
        """The values of the arguments. Raises WireError."""
        readers = self.takes + self.may_take
        values = [read(argument) for read, argument in zip(readers, arguments, strict=False)]
        return values + [0] * (len(readers) - len(values))

    def result(self, data: bytes, values: list[Any], *, partial: bool) -> Any:
        """What it makes of a blob. Raises WireError and RequestRefused."""
        if not self.of_range:
            return self.run(data, *values, partial=partial)
        offset, size, *more = values
        bits = bit_range(data, offset, size, partial=partial)
        found = self.run(bits.load(data), bits.size, *more)
        return bits.store(data, found) if self.modifies else found


def _row(
    run: Callable[..., Any],
    takes: tuple[Reader, ...],
    may_take: tuple[Reader, ...] = (),
    *,
    flags: int = 0,
    modifies: bool = False,
    looks: int = 1,
) -> BitOperation:
    least, most = len(takes), len(takes) + len(may_take)
    return BitOperation(run, least, most, modifies, looks, takes=takes, may_take=may_take, flags=flags)


def _look(run: Callable[..., int | bytes], *takes: Reader, may_take: tuple[Reader, ...] = ()) -> BitOperation:
    return _row(run, (a.offset, *takes), may_take)


def _length(
    run: Callable[..., bytes], *takes: Reader, flags: int, ways: tuple[Reader, ...] = ()
) -> BitOperation:
    return _row(run, takes, (a.flags, *ways), flags=flags, modifies=True, looks=0)


def _change(run: Callable[..., int], *takes: Reader) -> BitOperation:
    flags = UPDATE_ONLY | NO_FAIL | PARTIAL
    return _row(run, (a.offset, a.size, *takes), (a.flags,), flags=flags, modifies=True)


def _calculate(run: Callable[..., int], *ways: Reader) -> BitOperation:
    takes = (a.offset, a.integer_size, a.integer)
    return _row(run, takes, (a.flags, *ways), flags=UPDATE_ONLY | NO_FAIL, modifies=True)


_MAKE = CREATE_ONLY | UPDATE_ONLY | NO_FAIL
_RESIZE_WAYS = a.ways(lengths.GROW_ONLY | lengths.SHRINK_ONLY)
_OVERFLOW_WAYS = a.ways(numbers.SATURATE | numbers.WRAP)

OPERATIONS: dict[int, BitOperation] = {
    RESIZE: _length(lengths.resized, a.new_size, flags=_MAKE, ways=(_RESIZE_WAYS,)),
    INSERT: _length(lengths.inserted, a.byte_offset, a.blob, flags=_MAKE),
    REMOVE: _length(lengths.removed, a.byte_offset, a.byte_size, flags=UPDATE_ONLY | NO_FAIL | PARTIAL),
    SET: _change(numbers.replaced, a.blob),
    OR: _change(numbers.disjunction, a.blob),
    XOR: _change(numbers.difference, a.blob),
    AND: _change(numbers.conjunction, a.blob),
    NOT: _change(numbers.inverted),
    SHIFT_LEFT: _change(numbers.shifted_left, a.shift),
    SHIFT_RIGHT: _change(numbers.shifted_right, a.shift),
    ADD: _calculate(numbers.added, _OVERFLOW_WAYS),
    SUBTRACT: _calculate(numbers.subtracted, _OVERFLOW_WAYS),
    SET_INTEGER: _calculate(numbers.low_bits),
    GET: _look(numbers.packed, a.size),
    COUNT: _look(numbers.count, a.size),
    FIRST: _look(numbers.first_of, a.size, a.boolean),
    LAST: _look(numbers.last_of, a.size, a.boolean),
    GET_INTEGER: _look(numbers.integer, a.integer_size, may_take=(a.flags,)),
}
"""All operations, by code."""


def read(kind: int, data: bytes, command: bytes, budget: CostBudget) -> Particle:
    """What an operation shows of a blob; see `asudfd.aerospike.message.command`."""
    if kind == NULL:  # as on the real server, whatever the command is
        return NOTHING
    operation, arguments = decode(OPERATIONS, command, budget, modifies=False)
    values = operation.values(arguments)
    _check_kind(kind)
    _charge(budget, operation, len(data), values)
    return pack(operation.result(data, values, partial=False))


def modify(kind: int, data: bytes, command: bytes, budget: CostBudget) -> Modified:
    """A blob after an operation, which shows nothing; see `asudfd.aerospike.message.command`."""
    operation, arguments = decode(OPERATIONS, command, budget, modifies=True)
    values = operation.values(arguments)
    flags = values.pop(operation.least)
    check_flags(flags, operation.flags)
    _check_cover(operation, values)
    if kind != NULL:
        _check_kind(kind)
    creates = operation.flags & CREATE_ONLY
    if not goes_on(flags if creates else flags | UPDATE_ONLY, there=kind != NULL):
        return UNCHANGED
    _charge(budget, operation, len(data), values)
    try:
        changed = operation.result(data, values, partial=bool(flags & PARTIAL))
    except OutOfReach:
        if not flags & NO_FAIL:
            raise
        return UNCHANGED
    budget.charge(_COPIES * max(0, len(changed) - len(data)) * COPY_STEPS)
    return Modified((BLOB, changed), None)


def _check_kind(kind: int) -> None:
    if kind != BLOB:
        raise RequestRefused(Result.BIN_TYPE, "an operation on bits on something else than a blob")


def _check_cover(operation: BitOperation, values: list[Any]) -> None:
    """Raise WireError for a blob with fewer bits than the range that it is for."""
    if a.blob in operation.takes and operation.of_range and 8 * len(values[2]) < values[1]:
        raise WireError("a blob shorter than the range")


def _charge(budget: CostBudget, operation: BitOperation, size: int, values: list[Any]) -> None:
    """Pay for a blob that is copied, and for the range that is worked on. Raises CostExceededError."""
    budget.charge(_COPIES * size * COPY_STEPS)
    if operation.of_range:
        operation.pay_looks(budget, min(size, values[1] >> 3), RANGE_STEPS)
