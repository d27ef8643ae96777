"""The scheduler of Lua calls: `udf-threads` of them run at a time, the others wait for a time slice.

Each call that has begun has a thread and a slot. A slice lasts QUANTUM when other calls wait; the first slice of a call
lasts FIRST. There are three queues, by the number of slices that a call has had: none, one, more. A queue is served
before the next one, so a short call waits for the rest of a slice or two, however many endless calls there are. Every
FOURTH slice goes to the queues in reverse order, so that no call starves. A call whose deadline has passed is served
first: it has only to end.

Calls hand over in their own threads. The event loop takes none of the locks here: a worker thread that holds one has
a lower priority, and may lose the processor while it does.
"""

from __future__ import annotations

from collections import deque
from math import inf
from threading import Lock
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from asudfd.lua.budget import MemoryBudget
    from asudfd.lua.context import LuaContext

QUANTUM = 0.01
"""Seconds of a slice when other calls wait.

Ten times the interval at which Lua asks for the time. A hand-over is two switches of threads: well below one per cent.
"""

FIRST = 0.006
"""Seconds of the first slice of a call.

Most functions end within it. It is shorter than QUANTUM for the case of many endless calls that come at once: a short
call that comes after them waits for all their first slices.
"""

FOURTH = 4
"""One slice of so many goes to the calls that have had most, so that endless calls make progress beside many short ones."""


class Scheduler:
    """Gives time slices to the calls of one host, to ``most`` of them at a time; its length is how many calls wait."""

    __slots__ = ("_free", "_given", "_lock", "_queues", "_stopped", "begun", "budget")

    def __init__(self, most: int, budget: MemoryBudget) -> None:
        self.budget = budget
        self._free = most
        self._given = 0
        self._lock = Lock()
        self._queues: tuple[deque[SchedulerSlot], ...] = (
            deque(),
            deque(),
            deque(),
        )  # by the slices that each has had
        self._stopped = False
        self.begun: set[SchedulerSlot] = set()  # of calls that have begun and not ended

    def __len__(self) -> int:
        return sum(map(len, self._queues))

    def begin(self, slot: SchedulerSlot) -> None:
        """Wait for the first slice of a call."""
        with self._lock:
            self.begun.add(slot)
            if self._stopped:
                slot.give_up()
            if self._free or self._stopped:
                self._free -= 1
                return
            self._queues[0].append(slot)
        slot.wakeup.acquire()

    def end(self) -> None:
        """A call has ended: the next one runs."""
        with self._lock:
            following = self._following()
            if following is None:
                self._free += 1
        if following is not None:
            following.wakeup.release()

    def hand_over(self, slot: SchedulerSlot) -> None:
        """End the slice of ``slot`` and wait for its next one, if other calls wait."""
        with self._lock:
            following = self._following()
            if following is not None:
                slot.had += 1
                self._queues[min(slot.had, len(self._queues) - 1)].append(slot)
        if following is not None:
            following.wakeup.release()
            slot.wakeup.acquire()

    def stop(self) -> None:
        """Have every call end now, whatever its deadline; those that wait run at once, beside those that have a slice."""
        with self._lock:
            self._stopped = True
            for slot in tuple(self.begun):
                slot.give_up()
            for queue in self._queues:
                while queue:
                    self._free -= 1
                    queue.popleft().wakeup.release()

    def _following(self) -> SchedulerSlot | None:
        """Take the call that runs next from its queue."""
        self._given += 1
        now = monotonic()
        for queue in self._queues:
            for slot in queue:
                if slot.deadline <= now:
                    queue.remove(slot)
                    return slot
        for queue in self._queues if self._given % FOURTH else reversed(self._queues):
            if queue:
                return queue.popleft()
        return None


class SchedulerSlot:
    """A call's place in the scheduler: its thread runs Lua within ``with slot``.

    ``deadline`` is on the monotonic clock. ``context`` is the context of the call, once it has one. ``had`` counts the
    slices that it has used up. ``wakeup`` is released when its next slice begins.
    """

    __slots__ = ("_scheduler", "_since", "context", "deadline", "had", "wakeup")

    def __init__(self, scheduler: Scheduler, deadline: float) -> None:
        self._scheduler = scheduler
        self._since = 0.0
        self.had = 0
        self.deadline = deadline
        self.context: LuaContext | None = None
        self.wakeup = Lock()
        self.wakeup.acquire()

    def __enter__(self) -> Self:
        self._scheduler.begin(self)
        self._since = monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self._scheduler.begun.discard(self)
        self._scheduler.end()

    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return monotonic() >= self.deadline

    def is_given_up(self) -> bool:
        """Whether nobody waits for the call any more."""
        return self.deadline == -inf

    def lacks_memory(self) -> bool:
        """Whether the call may be late for want of memory."""
        return self.context is not None and self.context.is_full()

    def give_up(self) -> None:
        """Nobody waits for the call any more: it ends the next time that Lua asks for the time, or never begins."""
        self.deadline = -inf

    def now(self) -> float:
        """The monotonic time, for Lua; when the slice is over, after a wait for the next one.

        Infinity when the call must end at once: it was given up, or takes too much of the node's memory.
        """
        if self.is_given_up():
            return inf
        now = monotonic()
        if now - self._since > (QUANTUM if self.had else FIRST):
            if self.context is not None and self._scheduler.budget.is_exceeded_by(self.context):
                return inf
            self._scheduler.hand_over(self)
            now = self._since = monotonic()
        return inf if self.is_given_up() else now

    def own_now(self) -> float:
        """The processor time of this thread, after the same wait; for limits on what the thread itself computes.

        What others do, in this process or beside it on a busy machine, does not count. Infinity too when the deadline of
        the call has passed, which is on the monotonic clock.
        """
        return inf if self.now() >= self.deadline else thread_time()
