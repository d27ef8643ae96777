"""The profile guard: keeps functions that are too slow for the event loop away from it.

A function is tried on the event loop. When it takes longer than HOLD_MAX of the processor it is *slow*: it runs in worker
threads, until QUICK_RUNS runs in a row were quick. A run that was late by the wall clock only makes a function *doubtful*:
perhaps something else had the processor. The processor time of its next runs decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

HOLD_MAX = 0.001
"""Seconds of the processor that a call may take on the event loop, or a little more.

A short request takes some 50 microseconds: one such call delays the others as much as twenty of them.
"""

SLOW_MAX = 1000
"""Slow and doubtful functions that are remembered for one version of a module, which can be made to have any number."""

QUICK_RUNS = 16
"""Quick runs in a row after which a function is slow or doubtful no longer: a busy machine may have made it look so."""


class ProfileGuard:
    """Which functions of one version of a module may not run on the event loop. Only the event loop uses it.

    ``slow`` has the quick runs of each slow function since it was; a demoted one has so few that they never suffice.
    ``doubtful`` has the quick runs of each doubtful function.
    """

    __slots__ = ("doubtful", "slow")

    def __init__(self) -> None:
        self.slow: dict[bytes, float] = {}
        self.doubtful: dict[bytes, int] = {}

    def demote(self, functions: Iterable[bytes]) -> None:
        """Treat ``functions`` as slow for good, however quick they are later."""
        self.slow.update(dict.fromkeys(functions, -inf))

    def demoted(self) -> list[bytes]:
        """The functions that are slow for good."""
        return [function for function, runs in self.slow.items() if runs == -inf]

    def note_slow(self, function: bytes) -> None:
        """A run of ``function`` took too long for the event loop."""
        self.doubtful.pop(function, None)
        if len(self.slow) < SLOW_MAX:
            self.slow.setdefault(function, 0)

    def note_late(self, function: bytes, seconds: float) -> None:
        """A run on the event loop was late by the wall clock, or its function is doubtful.

        ``seconds`` are those of the processor for a doubtful function, else those of the wall clock, which prove nothing.
        """
        runs = self.doubtful.get(function)
        if runs is None:
            if len(self.doubtful) < SLOW_MAX:
                self.doubtful[function] = 0
        elif seconds > HOLD_MAX:
            self.note_slow(function)
        elif runs + 1 < QUICK_RUNS:
            self.doubtful[function] = runs + 1
        else:
            del self.doubtful[function]

    def note_quick(self, function: bytes) -> None:
        """A run of ``function``, which may be slow, was quick."""
        runs = self.slow.get(function)
        if runs is None:
            return
        if runs + 1 < QUICK_RUNS:
            self.slow[function] = runs + 1
        else:
            del self.slow[function]
