"""The lines that two texts have in common, found in bounded time by Myers' greedy algorithm.

difflib alone takes minutes for some texts of a thousand lines that repeat. Here the work grows with the square of the
number of lines added and removed, and that is bounded: texts with more differences than EDITS_MAX between their common
beginning and their common end are told as one block that was replaced.

Source: E. W. Myers, An O(ND) Difference Algorithm and Its Variations, Algorithmica 1 (1986).
"""

from __future__ import annotations

from array import array
from difflib import Match, SequenceMatcher

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EDITS_MAX = 1000
"""Lines added and removed that are told apart; a thousand cost half a second and some 4 MB."""

CONTEXT = 3
"""Unchanged lines around a change."""


class LineMatcher(SequenceMatcher[bytes]):
    """Two texts, line by line. Only ``get_matching_blocks`` differs from what difflib does."""

    def __init__(self, old: Sequence[bytes], new: Sequence[bytes]) -> None:
        super().__init__(None, old, new, autojunk=False)
        self.old = old
        self.new = new

    def get_matching_blocks(self) -> list[Match]:
        """Runs of equal lines, in order, and an empty one at the end."""
        return [Match(*block) for block in blocks(self.old, self.new)]


def blocks(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[tuple[int, int, int]]:
    """``(position in old, position in new, lines)`` of each run of equal lines, and one of no lines at the end."""
    first = _common(old, new)
    last = min(_common(old[::-1], new[::-1]), len(old) - first, len(new) - first)
    if first:
        yield 0, 0, first
    middle = old[first : len(old) - last], new[first : len(new) - last]
    yield from ((first + x, first + y, size) for x, y, size in _runs(*middle))
    if last:
        yield len(old) - last, len(new) - last, last
    yield len(old), len(new), 0


def _common(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    """How many lines both begin with."""
    for number, (one, two) in enumerate(zip(old, new, strict=False)):
        if one != two:
            return number
    return min(len(old), len(new))


def _runs(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int, int]]:
    """Runs of equal lines of two texts that begin and end with different ones."""
    numbers: dict[bytes, int] = {}
    one, two = ([numbers.setdefault(line, len(numbers)) for line in lines] for lines in (old, new))
    steps = _steps(one, two) if one and two else []
    x, y = len(one), len(two)
    found = []
    for edits in range(len(steps) - 1, -1, -1):
        furthest = steps[edits]
        diagonal = x - y
        down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
        before = diagonal + 1 if down else diagonal - 1
        begin = furthest[before] if down else furthest[before] + 1
        begin = begin if edits else 0
        if x > begin:
            found.append((begin, begin - diagonal, x - begin))
        x = furthest[before]
        y = x - before
    return found[::-1]


def _steps(one: Sequence[int], two: Sequence[int]) -> list[array[int]]:
    """For each number of edits, how far each diagonal was reached with one edit less; empty when it takes too many.

    Diagonals below zero stand at the end of an array, where Python's negative positions find them.
    """
    rows, columns = len(one), len(two)
    steps: list[array[int]] = []
    furthest = array("i", [0]) * (2 * min(rows + columns, EDITS_MAX) + 3)
    for edits in range(min(rows + columns, EDITS_MAX) + 1):
        steps.append(_kept(furthest, edits))
        for diagonal in range(-edits, edits + 1, 2):
            left, right = furthest[diagonal - 1], furthest[diagonal + 1]
            x = right if diagonal == -edits or (diagonal != edits and left < right) else left + 1
            y = x - diagonal
            while x < rows and y < columns and one[x] == two[y]:
                x += 1
                y += 1
            furthest[diagonal] = x
            if x >= rows and y >= columns:
                return steps
    return []


def _kept(furthest: array[int], edits: int) -> array[int]:
    """The diagonals from ``-edits - 1`` to ``edits + 1``, with those below zero at the end again."""
    return furthest[: edits + 2] + furthest[len(furthest) - edits - 1 :]
