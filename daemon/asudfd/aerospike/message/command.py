"""Commands on a bin that is one value, bits or a HyperLogLog: what both kinds have in common.

A command is a msgpack list, [CODE, ARGUMENT...]. Each kind has a table of its operations, and two functions,

    read(kind, data, command, budget)      what an operation shows of a bin
    modify(kind, data, command, budget)    what the bin becomes, and what the operation shows

for a bin of particle type ``kind`` with the bytes ``data``; ``kind`` is NULL for one that is not there. They change
nothing. They raise RequestRefused with the result code, WireError for a command that is none, which is code 4, and
CostExceededError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from asinfo.errors import WireError
from asinfo.wire import cdt
from asinfo.wire.particle import NULL
from asinfo.wire.result import Result
from asudfd.aerospike.message.cost import CALL_STEPS, COPY_STEPS
from asudfd.aerospike.message.operation import Row, row_of
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asudfd.aerospike.message.cost import CostBudget

    Particle = tuple[int, bytes]

CREATE_ONLY, UPDATE_ONLY, NO_FAIL = 1, 2, 4
"""Flags of a write: the bin must not be there, or must be; what cannot be done is left undone, without an error."""

NOTHING = (NULL, b"")


class Modified(NamedTuple):
    """What an operation did: ``bin`` is what the bin is now, None where it is as it was; ``shown`` what it shows."""

    bin: Particle | None
    shown: Particle | None


UNCHANGED = Modified(None, None)


class ValueOperations(Protocol):
    """A module with the two functions."""

    def read(self, kind: int, data: bytes, command: bytes, budget: CostBudget, /) -> Particle:
        """What an operation shows."""

    def modify(self, kind: int, data: bytes, command: bytes, budget: CostBudget, /) -> Modified:
        """What an operation does."""


def decode(
    rows: Mapping[int, Row], command: bytes, budget: CostBudget, *, modifies: bool
) -> tuple[Row, list[bytes]]:
    """The operation of a command, and its arguments as they stand. Raises WireError."""
    budget.charge(CALL_STEPS + len(command) * COPY_STEPS)
    code, arguments = cdt.command(command, budget.charge)
    row = row_of(rows, "bits or HyperLogLogs", code, arguments, modifies=modifies)
    return row, arguments


def check_flags(flags: int, allowed: int) -> None:
    """Raise WireError for flags that an operation does not have, and for two that exclude each other."""
    if flags & ~allowed or (flags & CREATE_ONLY and flags & UPDATE_ONLY):
        raise WireError(f"flags of a write that cannot be: {flags}")


def goes_on(flags: int, *, there: bool) -> bool:
    """Whether a write goes on, as its flags say: False where it is left undone. Raises RequestRefused."""
    if not flags & (CREATE_ONLY if there else UPDATE_ONLY):
        return True
    if flags & NO_FAIL:
        return False
    if there:
        raise RequestRefused(Result.BIN_EXISTS, "the bin is there already")
    raise RequestRefused(Result.BIN_NOT_FOUND, "the bin is not there")
