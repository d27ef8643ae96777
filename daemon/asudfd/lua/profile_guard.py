"""The profile guard: which functions may run on the event loop. Those that have proven quick, in a worker.

A function that nobody has called yet runs in a worker first. When it took no longer than half of HOLD_MAX of the processor there, it is
*quick*: it runs on the event loop. When it takes longer than HOLD_MAX there, it is *slow*: it runs in workers, until QUICK_RUNS
runs in a row were quick. A run that was late by the wall clock only makes a function *doubtful*: perhaps something else had
the processor. The processor time of its next runs decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Future

HOLD_MAX = 0.001
"""Seconds of the processor that a call may take on the event loop, or a little more.

A short request takes some 50 microseconds: one such call delays the others as much as twenty of them.
"""

FUNCTIONS_MAX = 1000
"""Functions that are remembered for one version of a module, which can be made to have any number; further ones run in workers."""

QUICK_RUNS = 16
"""Quick runs in a row after which a function is slow or doubtful no longer: a busy machine may have made it look so."""


class ProfileGuard:
    """Which functions of one version of a module may run on the event loop. Only the event loop uses it.

    ``quick`` are those that may. ``slow`` has the quick runs of each slow function since it was; a demoted one has so few that they
    never suffice. ``doubtful`` has the quick runs of each doubtful function. ``proofs`` are the first runs that are under way.
    """

    __slots__ = ("doubtful", "proofs", "quick", "slow")

    def __init__(self) -> None:
        self.quick: set[bytes] = set()
        self.slow: dict[bytes, float] = {}
        self.doubtful: dict[bytes, int] = {}
        self.proofs: dict[bytes, Future[None]] = {}

    def demote(self, functions: Iterable[bytes]) -> None:
        """Treat ``functions`` as slow for good, however quick they are later."""
        self.slow.update(dict.fromkeys(functions, -inf))
        self.quick.difference_update(functions)

    def pardon(self) -> None:
        """Forget which functions are slow for good: they are slow as others."""
        for function in self.demoted():
            self.slow[function] = 0

    def demoted(self) -> list[bytes]:
        """The functions that are slow for good."""
        return [function for function, runs in self.slow.items() if runs == -inf]

    def is_unknown(self, function: bytes) -> bool:
        """Whether ``function`` has not run yet, and what it takes will be remembered."""
        return function not in self.quick and function not in self.slow and len(self.slow) < FUNCTIONS_MAX

    def has_only_slow(self) -> bool:
        """Whether functions have been slow, and none is quick."""
        return bool(self.slow) and not self.quick

    def note_slow(self, function: bytes) -> None:
        """A run of ``function`` took too long for the event loop."""
        self.doubtful.pop(function, None)
        self.quick.discard(function)
        if len(self.slow) < FUNCTIONS_MAX:
            self.slow.setdefault(function, 0)

    def note_late(self, function: bytes, seconds: float) -> None:
        """A run on the event loop was late by the wall clock, or its function is doubtful.

        ``seconds`` are those of the processor for a doubtful function, else those of the wall clock, which prove nothing.
        """
        runs = self.doubtful.get(function)
        if runs is None:
            self.doubtful[function] = 0
        elif seconds > HOLD_MAX:
            self.note_slow(function)
        elif runs + 1 < QUICK_RUNS:
            self.doubtful[function] = runs + 1
        else:
            del self.doubtful[function]

    def note_ran(self, function: bytes, seconds: float) -> None:
        """A run of ``function`` in a worker took so much of the processor.

        Where the first one was not quick, one more that is suffices: it may have met memory that nobody had touched.
        """
        runs = self.slow.get(function)
        if function in self.quick:
            return
        if seconds >= HOLD_MAX / 2:
            if runs is not None or len(self.slow) < FUNCTIONS_MAX:
                self.slow[function] = QUICK_RUNS - 1 if runs is None else min(runs, 0)
        elif runs is not None and runs + 1 < QUICK_RUNS:
            self.slow[function] = runs + 1
        elif len(self.quick) < FUNCTIONS_MAX:
            self.slow.pop(function, None)
            self.quick.add(function)
