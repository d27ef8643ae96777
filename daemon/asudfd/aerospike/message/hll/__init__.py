"""Operations on HyperLogLogs: a table of them.

The bin's type is checked before the arguments, then those, then whether the bin may be there.
Sources: the constants of the C client; Aerospike's documentation of the operations; the recordings of a real server.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import cdt
from asinfo.wire.particle import HLL, NULL, pack
from asinfo.wire.result import Result
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
from asudfd.aerospike.message.hll import arguments as a
from asudfd.aerospike.message.hll import estimate, reads, writes
from asudfd.aerospike.message.hll.sketch import Sketch, parse
from asudfd.aerospike.message.operation import Operation
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from asudfd.aerospike.message.command import Particle
    from asudfd.aerospike.message.cost import CostBudget


REGISTER_STEPS, MINHASH_STEPS = 1, 2
"""Steps for a register that is taken out of its bytes, compared and put back; for one with a minhash."""


INIT, ADD, UNITE, REFRESH, FOLD = range(5)
COUNT, UNION, UNION_COUNT, INTERSECT_COUNT, SIMILARITY, DESCRIBE, MAY_CONTAIN = range(50, 57)
"""Codes."""


@dataclass(frozen=True, slots=True, eq=False)
class HllOperation(Operation):
    """An operation on HyperLogLogs. It looks at registers; values are paid for when they are hashed."""

    takes: Callable[[list[bytes], CostBudget], tuple[Any, ...]] = a.nothing
    """The reader of its arguments."""

    flags: int = 0
    """Flags that a write may have; they are its last argument, if it has as many as it may."""


_ADD_FLAGS = CREATE_ONLY | NO_FAIL
_MAKE_FLAGS = _ADD_FLAGS | UPDATE_ONLY
_UNITE_FLAGS = _MAKE_FLAGS | writes.ALLOW_FOLD

OPERATIONS: dict[int, HllOperation] = {
    INIT: HllOperation(writes.init, 0, 3, takes=a.shape, modifies=True, flags=_MAKE_FLAGS),
    ADD: HllOperation(writes.add, 1, 4, takes=a.values_and_shape, modifies=True, flags=_ADD_FLAGS),
    UNITE: HllOperation(writes.unite, 1, 2, takes=a.sketches, looks=1, modifies=True, flags=_UNITE_FLAGS),
    REFRESH: HllOperation(writes.refresh, 0, 0, looks=1, modifies=True),
    FOLD: HllOperation(writes.fold, 1, 1, takes=a.index_bits, looks=1, modifies=True),
    COUNT: HllOperation(estimate.count, 0, 0, looks=1),
    UNION: HllOperation(reads.union, 1, 1, takes=a.sketches, looks=1),
    UNION_COUNT: HllOperation(reads.union_count, 1, 1, takes=a.sketches, looks=1),
    INTERSECT_COUNT: HllOperation(reads.intersect_count, 1, 1, takes=a.sketches, looks=2),
    SIMILARITY: HllOperation(reads.similarity, 1, 1, takes=a.sketches, looks=2),
    DESCRIBE: HllOperation(reads.describe, 0, 0),
    MAY_CONTAIN: HllOperation(reads.may_contain, 1, 1, takes=a.values),
}
"""All operations, by code."""


def read(kind: int, data: bytes, command: bytes, budget: CostBudget) -> Particle:
    """What an operation shows of a HyperLogLog; see `asudfd.aerospike.message.command`."""
    if kind == NULL:  # as on the real server, whatever the command is
        return NOTHING
    operation, arguments = decode(OPERATIONS, command, budget, modifies=False)
    found = _opened(kind, data, budget)
    given = operation.takes(arguments, budget)
    _charge(budget, operation, found, *given)
    return pack(operation.run(found, *given))


def modify(kind: int, data: bytes, command: bytes, budget: CostBudget) -> Modified:
    """A HyperLogLog after an operation, and what that shows; see `asudfd.aerospike.message.command`."""
    operation, arguments = decode(OPERATIONS, command, budget, modifies=True)
    found = _opened(kind, data, budget)
    flags = 0 if operation.flags else UPDATE_ONLY
    if operation.flags and len(arguments) == operation.most:
        flags = cdt.integer(arguments.pop())
        check_flags(flags, operation.flags)
    given = operation.takes(arguments, budget)
    if not goes_on(flags, there=found is not None):
        return UNCHANGED
    _charge(budget, operation, found, *given)
    changed, shown = operation.run(found, flags, *given)
    return Modified((HLL, changed.pack()), None if shown is None else pack(shown))


def _opened(kind: int, data: bytes, budget: CostBudget) -> Sketch | None:
    """The HyperLogLog of a bin, None where there is none. Raises RequestRefused for something else."""
    if kind == NULL:
        return None
    budget.charge(2 * len(data) * COPY_STEPS)
    with suppress(WireError):  # a client may store any bytes as one
        if kind == HLL:
            return parse(data)
    raise RequestRefused(Result.BIN_TYPE, "an operation on HyperLogLogs on something else")


def _charge(budget: CostBudget, operation: HllOperation, found: Sketch | None, *given: Any) -> None:
    """Pay for all looks at registers. Raises CostExceededError."""
    others = given[0] if operation.takes is a.sketches else []
    for each in [found, *others] if found else others:
        steps = MINHASH_STEPS if each.shape.minhash_bits else REGISTER_STEPS
        operation.pay_looks(budget, each.shape.registers, steps)
