"""Rows of the tables of operations: what those on lists and maps, on bits and on HyperLogLogs all say.

A table has the rows by their codes. What a row says is held against each command, and is paid for, here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from asinfo.errors import WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from asudfd.aerospike.message.cost import CostBudget

ANY_NUMBER = 1 << 32
"""Arguments of an operation that takes none, and ignores what is there."""


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """A row of a table: what does an operation, the arguments that it takes, whether it changes the bin, and its cost.

    Every operation costs `CALL_STEPS`, and something for each byte and value of its command. What all its calls look at is
    in the row, and is paid for before it runs. What it finds out on the way it pays for itself, when it comes to it: the
    order of elements where it is not known yet, and elements that are moved, taken out or shown.
    """

    run: Callable[..., Any]
    least: int
    """So many arguments there are at least."""

    most: int
    """So many there are at most."""

    modifies: bool = False
    looks: int = 0
    """How often each call looks at all that it works on: elements of a list or map, bytes of a range, registers."""

    def pay_looks(self, budget: CostBudget, parts: int, steps: float) -> None:
        """Pay for all looks at so many parts, of which each takes so many steps. Raises CostExceededError."""
        budget.charge(self.looks * parts * steps)


Row = TypeVar("Row", bound=Operation)


def row_of(rows: Mapping[int, Row], of: str, code: int, arguments: list[bytes], *, modifies: bool) -> Row:
    """The row of a command in the table of operations on ``of``. Raises WireError where there is none that fits it."""
    row = rows.get(code)
    if row is None:
        raise WireError(f"there is no operation {code} on {of}")
    if row.modifies != modifies:
        raise WireError("an operation that modifies as one that reads, or the reverse")
    if not row.least <= len(arguments) <= row.most:
        raise WireError("an operation with too few or too many arguments")
    return row
