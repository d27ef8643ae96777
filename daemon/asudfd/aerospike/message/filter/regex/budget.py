"""The budget of the regular expressions of one filter: work to compile them, and memory of the searches."""

from __future__ import annotations

from time import sleep

from asinfo.wire.expression import Unsupported

COMPILE_MAX = 4096
"""Steps of compiling for all patterns of a filter; a step is 2 to 5 us, so that the worst patterns take 20 ms, once and in
a thread. A pattern takes 35 steps and 7 for each letter: there may be thirty of fifteen letters, or one with `.{800}`
in it."""

PAUSE_STEPS = 200
PAUSE_SECONDS = 100e-6
"""Steps after which a thread that compiles lets go of the interpreter, and for how long: the event loop, which waits for it
to end 5 ms of its own accord, needs 50 us to wake up."""

BYTE_STEPS = 1
"""Steps to read a byte of a pattern."""

CELLS_MAX = 32_768
"""Transitions that all patterns of a filter remember, at 8 bytes each; a state without any counts for `STATE_CELLS`."""

STATE_CELLS = 40
"""The weight of a state without transitions, in cells: some 320 bytes."""


class RegexBudget:
    """The work that is left, and the memory in use."""

    __slots__ = ("_cells", "_left")

    def __init__(self, steps: int = COMPILE_MAX) -> None:
        self._left = steps
        self._cells = 0

    @property
    def spent(self) -> bool:
        """Whether more was asked for than there was."""
        return self._left < 0

    def charge(self, steps: int) -> None:
        """Take ``steps`` of compiling off. Raises Unsupported when there are not so many."""
        self._left -= steps
        if self._left < 0:
            raise Unsupported("the regular expressions of this filter are too large, or repeat too much")

    def keep(self, cells: int) -> bool:
        """Whether there is room for so many cells more; they are in use then."""
        if self._cells + cells > CELLS_MAX:
            return False
        self._cells += cells
        return True

    def release(self, cells: int) -> None:
        """So many cells are in use no more."""
        self._cells -= cells


class YieldingBudget(RegexBudget):
    """The same for a thread, which lets the event loop have the interpreter now and then."""

    __slots__ = ("_until_pause",)

    def __init__(self) -> None:
        super().__init__()
        self._until_pause = PAUSE_STEPS

    def charge(self, steps: int) -> None:
        """Take ``steps`` off, as above."""
        super().charge(steps)
        self._until_pause -= steps
        if self._until_pause < 0:
            self._until_pause = PAUSE_STEPS
            sleep(PAUSE_SECONDS)
