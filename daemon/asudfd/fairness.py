"""Fair scheduling on the event loop, over all connections: long tasks run in slices, and those that wait are queued in order.

In each turn of the loop one of those in line goes on, so that two hundred large answers delay a small one no longer than
one of them does. What has just arrived is answered at once while the turn is young; when it is over, it stands in line.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

TURN_SECONDS = 0.002
TURN_SIZE = 262_144
"""What all connections together get in one turn of the loop before the rest stands in line: so much time since the first
of them began, and so many bytes of answers. Half a percent of what others may wait for at worst (250 ms)."""


SLICE_SECONDS = 0.002
"""How long a task goes on that takes many turns. As long as a turn: others may wait for one of each, not for more."""

PIECE_SIZE = 65_536
"""Bytes of a large answer that are written in one turn: what a socket takes in some 50 us."""


class LoopScheduler:
    """The tasks that wait for a turn of one event loop, in order. ``crowded``: the present turn is over."""

    __slots__ = ("_end", "_loop", "_size", "_waiting", "crowded")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], None]] = deque()
        self._end = 0.0  # of this turn of the loop; 0 when nobody has asked in it
        self._size = 0
        self.crowded = False

    def over(self) -> bool:
        """Whether this turn of the loop has had enough; the first to ask begins it."""
        if self._end:
            self.crowded = self._size > TURN_SIZE or monotonic() > self._end
        else:
            self._begin()
        return self.crowded

    def spend(self, size: int) -> None:
        """So many bytes of answers were made in this turn."""
        if not self._end:
            self._begin()
        self._size += size
        if self._size > TURN_SIZE:
            self.crowded = True

    def call(self, go_on: Callable[[], None]) -> None:
        """Have ``go_on`` called when it is its turn."""
        self._waiting.append(go_on)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._let_one_go_on)

    async def turn(self) -> None:
        """Wait until it is the caller's turn."""
        turn = self._loop.create_future()
        self.call(partial(_end, turn))
        await turn
        self._begin()

    def _begin(self) -> None:
        if not self._end:
            self._loop.call_soon(self._begin_anew)
        self._end = monotonic() + TURN_SECONDS
        self._size = 0
        self.crowded = False

    def _begin_anew(self) -> None:
        self._end = 0.0
        self._size = 0
        self.crowded = False

    def _let_one_go_on(self) -> None:
        go_on = self._waiting.popleft()
        if self._waiting:
            self._loop.call_soon(self._let_one_go_on)
        self._begin()
        go_on()


def _end(turn: asyncio.Future[None]) -> None:
    if not turn.done():  # who waited may have been cancelled
        turn.set_result(None)


class Slice:
    """The time for which a long task goes on before it lets others have a turn; ``seconds`` long.

    ``if slice.is_over(): await slice.next()`` stands in the task's loop.
    """

    __slots__ = ("_end", "_scheduler", "_seconds")

    def __init__(self, seconds: float = SLICE_SECONDS) -> None:
        self._seconds = seconds
        self._scheduler = loop_scheduler()
        self._end = monotonic() + seconds

    def is_over(self, now: float | None = None) -> bool:
        """Whether the time is up; ``now`` is the monotonic clock's, where it is known."""
        return (monotonic() if now is None else now) > self._end

    def restart(self) -> None:
        """Begin a new slice: others have had their turn."""
        self._end = monotonic() + self._seconds

    async def next(self) -> None:
        """Let others have a turn, then begin a new slice."""
        await self._scheduler.turn()
        self.restart()


_schedulers: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopScheduler] = WeakKeyDictionary()


def fill() -> None:
    """Let nobody else begin what takes long in this turn of the loop, if one runs: what was done took long."""
    with suppress(RuntimeError):
        loop_scheduler().spend(TURN_SIZE + 1)


def loop_scheduler() -> LoopScheduler:
    """The line of the event loop that runs: one for all nodes of a process, as they share it."""
    loop = asyncio.get_running_loop()
    found = _schedulers.get(loop)
    if found is None:
        found = _schedulers[loop] = LoopScheduler(loop)
    return found


async def cut(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    """A large answer in pieces, each when it is its turn. The parts are not copied, so that many may share one."""
    scheduler = loop_scheduler()
    for part in parts:
        for start in range(0, len(part), PIECE_SIZE):
            await scheduler.turn()
            yield part[start : start + PIECE_SIZE]
