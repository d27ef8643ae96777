"""Who runs Lua now: as many threads as `udf-threads` says; the threads of the other calls that began wait for their turn.

A turn ends after QUANTUM when others wait, the first of a call after FIRST. Who has had none goes before who has had one, and those before all others, so that a short call waits for the
rest of a turn or two however many endless calls there are; every FOURTH turn is one of the others', in the order in
which they gave up theirs. A call whose deadline has passed gets its turn at once: it has only to end.

Turns are changed in the threads. The event loop takes none of the locks here: a thread that holds one may be less
urgent, and lose the processor.
"""

from __future__ import annotations

from collections import deque
from math import inf
from threading import Lock
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from asudfd.lua.budget import Budget
    from asudfd.lua.runtime import Context

QUANTUM = 0.01
"""Seconds of a turn when others wait; Lua looks at the clock once a millisecond."""

FIRST = 0.006
"""The same for the first turn of a call: enough for most, and many endless ones that come at once delay others less."""

FOURTH = 4


class Turns:
    """The turns of a host's calls; ``most`` threads have one at a time."""

    __slots__ = ("_free", "_given", "_lines", "_lock", "_stopped", "begun", "budget")

    def __init__(self, most: int, budget: Budget) -> None:
        self.budget = budget
        self._free = most
        self._given = 0
        self._lock = Lock()
        self._lines: tuple[deque[Turn], ...] = (deque(), deque(), deque())  # by the turns that each has had
        self._stopped = False
        self.begun: set[Turn] = set()  # and not ended

    def __len__(self) -> int:
        """How many threads wait."""
        return sum(map(len, self._lines))

    def begin(self, turn: Turn) -> None:
        """Wait for the first turn."""
        with self._lock:
            self.begun.add(turn)
            if self._stopped:
                turn.give_up()
            if self._free or self._stopped:
                self._free -= 1
                return
            self._lines[0].append(turn)
        turn.baton.acquire()

    def end(self) -> None:
        """Pass the last turn on."""
        with self._lock:
            following = self._following()
            if following is None:
                self._free += 1
        if following is not None:
            following.baton.release()

    def change(self, turn: Turn) -> None:
        """Pass ``turn`` on and wait for the next, if others wait."""
        with self._lock:
            following = self._following()
            if following is not None:
                turn.had += 1
                self._lines[min(turn.had, len(self._lines) - 1)].append(turn)
        if following is not None:
            following.baton.release()
            turn.baton.acquire()

    def stop(self) -> None:
        """Have every call end now, whatever its deadline; who waits for a turn need not wait for who has one."""
        with self._lock:
            self._stopped = True
            for turn in tuple(self.begun):
                turn.give_up()
            for line in self._lines:
                while line:
                    self._free -= 1
                    line.popleft().baton.release()

    def _following(self) -> Turn | None:
        self._given += 1
        now = monotonic()
        for line in self._lines:
            for turn in line:
                if turn.deadline <= now:
                    line.remove(turn)
                    return turn
        for line in self._lines if self._given % FOURTH else reversed(self._lines):
            if line:
                return line.popleft()
        return None


class Turn:
    """A call in its thread; it runs Lua within ``with turn``.

    ``deadline`` is on the monotonic clock. ``context`` is the one it runs in, known when it has one. ``had`` are the
    turns that it has given up.
    """

    __slots__ = ("_since", "_turns", "baton", "context", "deadline", "had")

    def __init__(self, turns: Turns, deadline: float) -> None:
        self._turns = turns
        self._since = 0.0
        self.had = 0
        self.deadline = deadline
        self.context: Context | None = None
        self.baton = Lock()
        self.baton.acquire()

    def __enter__(self) -> Self:
        self._turns.begin(self)
        self._since = monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self._turns.begun.discard(self)
        self._turns.end()

    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return monotonic() >= self.deadline

    def is_given_up(self) -> bool:
        """Whether nobody waits for the call any more."""
        return self.deadline == -inf

    def lacks_memory(self) -> bool:
        """Whether it may be memory that a late call lacks."""
        return self.context is not None and self.context.is_full()

    def give_up(self) -> None:
        """Nobody waits for the call any more: it ends at its next look at the clock, or never begins."""
        self.deadline = -inf

    def now(self) -> float:
        """The monotonic time for Lua, perhaps after a wait for the next turn.

        Infinity when the call must end at once: it was given up, or takes too much of the node's memory.
        """
        if self.is_given_up():
            return inf
        now = monotonic()
        if now - self._since > (QUANTUM if self.had else FIRST):
            if self.context is not None and self._turns.budget.is_exceeded_by(self.context):
                return inf
            self._turns.change(self)
            now = self._since = monotonic()
        return inf if self.is_given_up() else now

    def own_now(self) -> float:
        """The processor's time of this thread, after the same wait: a limit by it is for what runs here.

        What others do, in this process or beside it on a busy machine, does not count. Infinity too when the deadline of
        the call has passed, which is on the other clock.
        """
        return inf if self.now() >= self.deadline else thread_time()
