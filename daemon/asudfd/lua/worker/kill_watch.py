"""Watches that kill a worker which does not end by itself."""

from __future__ import annotations

import asyncio
import time
from math import inf
from typing import Protocol

KILL_SECONDS = 0.042
"""How long after its deadline a call is killed: its end is answered within 50 ms, 3 to 5 of which are the node's own. Lua itself ends it at the deadline, as it looks at the clock once a millisecond; and
where the machine is busy, the worker may have to wait for the processor."""

SILENT_SECONDS = 60.0
"""Seconds by the wall clock that a check, or the making of a context, may take beyond those of the processor: a worker that is given none ends then."""

LOOK_SECONDS = 0.05
"""Between two looks at the processor time of a worker, which are a system call each: what it may take too much is a tenth of what it may."""


class KillableWorker(Protocol):
    """A worker, as a watch needs it."""

    def seconds(self) -> float:
        """Processor time that it has taken."""
        ...

    def kill(self) -> None:
        """End it now."""
        ...


class KillWatch:
    """Kills a worker that takes too long."""

    __slots__ = ("_began", "_end", "_most", "_timer", "_worker")

    def __init__(self, worker: KillableWorker, deadline: float, most: float) -> None:
        now = time.monotonic()
        self._worker = worker
        self._end = deadline + KILL_SECONDS
        self._most = most
        self._began = 0.0
        seconds = self._end - now
        if most < inf:
            self._began = worker.seconds()
            self._end = min(self._end, now + most + SILENT_SECONDS)
            seconds = min(LOOK_SECONDS, self._end - now)
        self._timer = (
            asyncio.get_running_loop().call_later(max(0.0, seconds), self._look) if seconds < inf else None
        )

    def _look(self) -> None:
        left = self._end - time.monotonic()
        if left <= 0 or (self._most < inf and self._worker.seconds() - self._began > self._most):
            self._worker.kill()
            return
        seconds = left if self._most == inf else min(left, LOOK_SECONDS)
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def cancel(self) -> None:
        """It has ended."""
        if self._timer is not None:
            self._timer.cancel()


class BatchWatch:
    """Kills a worker one of whose calls takes more than ``most`` seconds of the processor. ``answered`` counts the others."""

    __slots__ = ("_began", "_most", "_seen", "_timer", "_worker", "answered")

    def __init__(self, worker: KillableWorker, most: float) -> None:
        self._worker = worker
        self._most = most
        self._seen = self.answered = 0
        self._began = worker.seconds()
        self._timer = asyncio.get_running_loop().call_later(most, self._look)

    def _look(self) -> None:
        seconds = self._worker.seconds()
        if self.answered != self._seen:
            self._seen, self._began = self.answered, seconds
        elif seconds - self._began > self._most:
            self._worker.kill()
            return
        self._timer = asyncio.get_running_loop().call_later(self._most, self._look)

    def cancel(self) -> None:
        """It has ended."""
        self._timer.cancel()
