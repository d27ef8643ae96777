"""What the regular expressions of one filter may take: work to compile them, and memory for what searches find out."""

from __future__ import annotations

from asinfo.wire.expression import Unsupported

COMPILE_MAX = 4096
"""Steps of compiling for all patterns of a filter; a step is 2 to 5 us, so that the worst patterns take 20 ms of the event
loop, once. A pattern takes 35 steps and 7 for each letter: there may be thirty of
fifteen letters, or one with `.{800}` in it."""

BYTE_STEPS = 1
"""Steps to read a byte of a pattern."""

CELLS_MAX = 32_768
"""Transitions that all patterns of a filter remember, at 8 bytes each; a state without any counts for `STATE_CELLS`."""

STATE_CELLS = 40


class Budget:
    """What is left, and what is in use."""

    __slots__ = ("_cells", "_left")

    def __init__(self) -> None:
        self._left = COMPILE_MAX
        self._cells = 0

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
