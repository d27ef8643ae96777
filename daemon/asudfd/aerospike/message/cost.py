"""The work that one request may make on lists, maps and expressions.

Whatever takes time that a client decides is charged before it is done, in steps. In the event loop, where all others wait,
there are few of them: what would take too long is never begun there, and is done by a thread instead
(`asudfd.aerospike.message.beside`).
"""

from __future__ import annotations

from time import sleep

from asinfo.wire.expression import Unsupported
from asudfd.record.namespace import RECORD_SIZE_MAX

TURN_STEPS = 40_000
"""Steps of the filter on one record, and of the operations of one request, in the event loop: some 4 ms, as a step is about
a tenth of a microsecond. Tuned so that what clients do to 1,000 elements is done there, since a thread costs 100 us more, and
that `build` waits for less than 10 ms beside it."""

BESIDE_STEPS = 100_000_000
"""The same in a thread: some 10 s. Tuned so that any one operation works on a list of a million integers, which takes up
to 30 million."""

PAUSE_STEPS = 20_000
PAUSE_SECONDS = 100e-6
"""Steps after which the thread lets go of the interpreter, and for how long: the event loop needs 50 us to wake up."""

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

WILDCARD_STEPS = 6
"""Steps to compare an element with values that have wildcards, however many, for each value in it: 0.3 to 0.5 us."""

PACK_STEPS = 4
"""Steps to pack a number of our own, an index or a rank: 0.4 to 0.5 us."""

EXPRESSION_STEPS = 2
"""Steps to find the value of an expression, for each of its bytes: 0.3 to 0.5 us for a call of three bytes."""

ELEMENT_STEPS = 50
"""Steps to ask an expression about an element of a path, if it is one of a few calls."""

PART_STEPS = 4
"""Steps for each value and call of an expression that is asked about an element: 0.15 to 0.4 us."""

CHECK_STEPS = 10
"""Steps to check a value that an element becomes, for each value in it: a microsecond."""

GEO_STEPS = 0.75
"""Steps to read a character of geo JSON: 20 to 70 ns."""

SHAPE_STEPS = 2
"""Steps that a region takes for each of its bytes, until points can be looked for in it: 1 to 5, known when it is read."""

PLACE_STEPS = 12
"""Steps to find where on the sphere a place is: 1 to 2 us."""

NEW_RING_STEPS = 120
"""Steps to begin and end a ring of a region that is read, whatever its corners: 15 us."""

CORNER_STEPS = 4
"""Steps to look at a corner of a region: 0.3 to 0.5 us."""

RING_STEPS = 8
"""Steps to look whether a point is in the circle around a ring: 0.5 to 1 us."""

SHOW_STEPS = 1 / 128
"""Steps to show a byte of an element as a bin has it: a text is unpacked and packed again."""

HASH_STEPS = 1 / 128
"""Steps to find the hash of a byte: 0.9 ms for a MiB."""

COPY_STEPS = 1 / 1024
"""Steps to copy or compare a byte."""


class CostExceededError(Unsupported):
    """A request costs more steps than one may take."""


class CostBudget:
    """The steps that are left to a request, and the nils that it may still fill gaps in lists with: each takes room in memory at once."""

    __slots__ = ("left", "nils")

    def __init__(self, steps: float | None = None) -> None:
        """Those of a turn of the event loop, unless ``steps`` says how many."""
        self.left: float = TURN_STEPS if steps is None else steps
        self.nils = RECORD_SIZE_MAX

    def charge(self, steps: float) -> None:
        """Take ``steps`` off. Raises CostExceededError when there are not so many."""
        self.left -= steps
        self.foresee(0)

    def foresee(self, steps: float) -> None:
        """What comes is charged piece by piece, so many ``steps`` in all. Raises CostExceededError when there are not so many."""
        if self.left < steps:
            raise CostExceededError(
                "the lists, maps and expressions of this request are too much for one turn"
            )

    def charge_text(self, characters: int) -> None:
        """As `charge`, for so many characters of geo JSON that are read."""
        self.charge(characters * GEO_STEPS)


def check_budget() -> CostBudget:
    """For the check of a command while an expression is compiled: the size of the expression bounds that, not a turn."""
    return CostBudget(BESIDE_STEPS)


class BesideBudget(CostBudget):
    """The steps of a request in a thread, which lets the event loop have the interpreter now and then."""

    __slots__ = ("_pause", "ended")

    def __init__(self) -> None:
        super().__init__(BESIDE_STEPS)
        self._pause: float = BESIDE_STEPS - PAUSE_STEPS
        self.ended = False

    def charge(self, steps: float) -> None:
        """Take ``steps`` off. Raises CostExceededError when there are not so many, and when nobody waits any more."""
        if self.ended:
            self.left = 0
        super().charge(steps)
        if self.left < self._pause:
            self._pause = self.left - PAUSE_STEPS
            sleep(PAUSE_SECONDS)
