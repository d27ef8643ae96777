"""The work that one request may make on lists, maps and expressions: it is done in the event loop, where all others wait.

Whatever takes time that a client decides is charged before it is done, in steps. One that has none left is refused:
what would take too long is never begun.
"""

from __future__ import annotations

from asinfo.wire.expression import Unsupported

WORK_MAX = 300_000
"""Steps of one request on one record, as many of its filter, and of the expressions among its operations; a step is about a tenth of a microsecond.

Tuned so that each operation works on lists of 10,000 strings with 1 MiB in all, and a turn stays under 50 ms."""

CALL_STEPS = 100
"""Steps of an operation on a list or map, whatever its size."""

ORDER_STEPS = 4
"""Steps to find out by what a value is compared, for each value in it."""

SORT_STEPS = 0.25
"""Steps to compare two values with each other."""

ENTRY_STEPS = 8
"""Steps to put an entry into a map, its place being known."""

MOVE_STEPS = 1 / 100
"""Steps to move an element by one place."""

LOOK_STEPS = 0.5
"""Steps to look at an element whose order is known."""

PATTERN_STEPS = 20
"""Steps to compare a value with one that has wildcards: in a loop of Python, over the parts of both, 2 to 3 us."""

PACK_STEPS = 4
"""Steps to pack a number of our own, an index or a rank: 0.4 to 0.5 us."""

EXPRESSION_STEPS = 2
"""Steps to find the value of an expression, for each of its bytes: 0.3 to 0.5 us for a call of three bytes."""

COPY_STEPS = 1 / 1024
"""Steps to copy or compare a byte."""


class CostExceededError(Unsupported):
    """A request costs more steps than one may take."""


class CostBudget:
    """The steps that are left to a request."""

    __slots__ = ("left",)

    def __init__(self, steps: float = WORK_MAX) -> None:
        self.left = steps

    def charge(self, steps: float) -> None:
        """Take ``steps`` off. Raises CostExceededError when there are not so many."""
        self.left -= steps
        if self.left < 0:
            raise CostExceededError(
                "the lists, maps and expressions of this request are too much for one turn"
            )
