"""Where in a function a line has to be marked: on each way to a step that wants it, unless it was marked on all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WAYS_MAX = 1 << 26
"""Lines times rows of steps of a function whose ways are followed, some megabytes: in a larger one lines are marked more often than need be."""


class CodeStep(NamedTuple):
    """Instructions from ``number`` on that run one after the other.

    ``lines`` want a mark before them; ``followers`` are the instructions that may come next, each the first of a step.
    """

    number: int
    lines: set[int]
    followers: list[int]


class _StepRow:
    """Steps that run one after the other, with their lines as bits.

    ``known`` are the lines that are marked before it, whichever way it is reached; None while no way is known.
    """

    __slots__ = ("followers", "known", "steps", "wanted")

    def __init__(self, steps: Sequence[CodeStep], wanted: int) -> None:
        self.steps = steps
        self.wanted = wanted
        self.followers = steps[-1].followers
        self.known: int | None = None


def wanted_first(steps: Sequence[CodeStep]) -> dict[int, list[int]]:
    """The lines to mark before instructions, by their numbers; the function begins with the first of ``steps``."""
    bits = {
        line: 1 << number for number, line in enumerate(sorted(set().union(*(each.lines for each in steps))))
    }
    rows = [_StepRow(each, _bits(bits, set().union(*(step.lines for step in each)))) for each in _rows(steps)]
    if len(bits) * len(rows) <= WAYS_MAX:
        _follow(rows)
    else:
        for row in rows:
            row.known = 0
    marks: dict[int, list[int]] = {}
    for row in rows:
        known = row.known
        if known is None:
            continue
        for step in row.steps:
            if fresh := [line for line in sorted(step.lines) if not known & bits[line]]:
                marks[step.number] = fresh
                known |= _bits(bits, fresh)
    return marks


def _bits(bits: dict[int, int], lines: Iterable[int]) -> int:
    found = 0
    for line in lines:
        found |= bits[line]
    return found


def _rows(steps: Sequence[CodeStep]) -> list[list[CodeStep]]:
    """Steps that are reached from the one before alone go into its row."""
    begins = set()
    for step, following in zip(steps, (*steps[1:], None), strict=True):
        goes_on = following is not None and step.followers == [following.number]
        if not goes_on:
            begins.update(step.followers)
            if following is not None:
                begins.add(following.number)
    rows: list[list[CodeStep]] = []
    for step in steps:
        if not rows or step.number in begins:
            rows.append([])
        rows[-1].append(step)
    return rows


def _follow(rows: Sequence[_StepRow]) -> None:
    """Find what is known where each row begins: in their order, again while loops bring something new to where they begin."""
    by_number = {row.steps[0].number: row for row in rows}
    rows[0].known = 0
    changed = True
    while changed:
        changed = False
        for row in rows:
            if row.known is None:
                continue
            known = row.known | row.wanted
            for number in row.followers:
                follower = by_number[number]
                narrowed = known if follower.known is None else follower.known & known
                if narrowed != follower.known:
                    follower.known = narrowed
                    changed = changed or number <= row.steps[0].number
