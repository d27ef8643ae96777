"""Search a text for a pattern, by an automaton whose states are made as they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asudfd.aerospike.message.filter.regex import budget as budgets
from asudfd.aerospike.message.filter.regex.automaton import Builder
from asudfd.aerospike.message.filter.regex.budget import STATE_CELLS, RegexBudget
from asudfd.aerospike.message.filter.regex.grammar import PatternReader

if TYPE_CHECKING:
    from asudfd.aerospike.message.cost import CostBudget

EXTENDED, ICASE, NOSUB, NEWLINE = 1, 2, 4, 8
"""The flags of clients. NOSUB changes nothing, since nobody asks where a match is."""

CALL_STEPS = 10
"""Steps for a search, whatever the text: see `asudfd.aerospike.message.cost`."""

BYTE_STEPS = 0.25
"""Steps for a byte whose way is known already: 25 ns."""

STATE_STEPS = 15
PLACE_STEPS = 2.5
WIDTH_STEPS = 1 / 500
"""Steps to find a new state, and for each place that it has to be found from: 1.5 us, and 0.25 for each, with the more
the more places there are in all, as their sets are longer."""


class _AutomatonState:
    """The places that may take the next byte; ``after`` has the states after each class of bytes, where known."""

    __slots__ = ("after", "places")

    def __init__(self, places: int, classes: int) -> None:
        self.places = places
        self.after: list[_AutomatonState | None] = [None] * classes


class Regex:
    """A compiled pattern."""

    __slots__ = ("_automaton", "_budget", "_place_steps", "_states")

    def __init__(self, pattern: bytes, flags: int, budget: RegexBudget | None = None) -> None:
        """Raises WireError for a pattern that is none, Unsupported for one that is not offered, or too much work.

        Patterns of one filter share a ``budget``.
        """
        pattern = pattern.removesuffix(b"\0")
        if b"\0" in pattern:
            raise WireError("a pattern with a zero byte in it")
        self._budget = budget or RegexBudget()
        self._budget.charge(len(pattern) * budgets.BYTE_STEPS)
        newline = bool(flags & NEWLINE)
        tree = PatternReader(
            pattern, extended=bool(flags & EXTENDED), fold=bool(flags & ICASE), newline=newline
        ).read()
        self._automaton = Builder(self._budget, tree.points, newline=newline).build(tree)
        self._place_steps = PLACE_STEPS + len(self._automaton.follows) * WIDTH_STEPS
        self._states: dict[int, _AutomatonState] = {}

    def __call__(self, text: bytes, budget: CostBudget) -> bool:
        """Whether it is found in ``text``, up to the first zero byte. Raises CostExceededError when that is too much work."""
        text = text.partition(b"\0")[0]
        budget.charge(CALL_STEPS + len(text) * BYTE_STEPS)
        automaton = self._automaton
        state = self._state(automaton.starts)
        for class_ in text.translate(automaton.classes):
            following = state.after[class_]
            if following is None:
                active = state.places & automaton.takes[class_]
                if active & automaton.found:
                    return True
                following = state.after[class_] = self._following(active, class_, budget)
            state = following
        return bool(state.places & automaton.found_at_end)

    def _following(self, active: int, class_: int, budget: CostBudget) -> _AutomatonState:
        """The state after the places ``active`` have taken a byte of a class."""
        budget.charge(STATE_STEPS + active.bit_count() * self._place_steps)
        follows = self._automaton.follows
        places = self._automaton.restarts[class_]
        while active:
            lowest = active & -active
            places |= follows[lowest.bit_length() - 1]
            active ^= lowest
        return self._state(places)

    def _state(self, places: int) -> _AutomatonState:
        """The one state with ``places``. When there is no room for another one, all are forgotten."""
        found = self._states.get(places)
        if found is None:
            classes = len(self._automaton.takes)
            size = classes + STATE_CELLS
            if not self._budget.keep(size):
                self._budget.release(len(self._states) * size)
                self._forget()
                self._budget.keep(size)
            found = _AutomatonState(places, classes)
            self._states[places] = found
        return found

    def _forget(self) -> None:
        for state in self._states.values():
            state.after[:] = [None] * len(state.after)  # they know each other: apart, they go at once
        self._states.clear()
