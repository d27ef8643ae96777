"""Calls of one module that come in one turn of the event loop, and go to its worker in one write.

While turns bring one call each, the event loop waits for it; when they bring several, that would be a switch of processes for each.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.lua.call import LuaCall

SEVERAL = 2
"""So many calls in one turn of the event loop, and those of the next turn go together."""

UNSEEN_MAX = 8
"""Calls in turns of which nobody looks at the end, while turns bring one each: to be called back at the end of a turn, and the empty turn that comes
of it, take 7 microseconds."""


class BatchedCall(NamedTuple):
    """A call, when it ``began`` on the monotonic clock, and its result when it is there: None where it has to be done in another way."""

    call: LuaCall
    began: float
    result: asyncio.Future[Any]


class TurnBatch:
    """The calls of one module in this turn. ``flush`` is called at its end, if any wait."""

    __slots__ = ("_count", "_ends", "_flush", "_last", "_unseen", "in_flight", "waiting")

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._count = 0  # in this turn, if its end is awaited
        self._unseen = UNSEEN_MAX  # since the last turn whose end was awaited
        self._ends = False  # is the end of this turn awaited?
        self._last = 0  # in the turn before that had any
        self.waiting: deque[BatchedCall] = deque()
        self.in_flight = False  # a batch has been sent, and is not answered

    def note(self) -> bool:
        """A call has come; answers whether it is to wait for the end of the turn."""
        if self._ends or self._unseen >= UNSEEN_MAX or self.gathers():
            self._count += 1
            self._unseen = 0
            self._await_end()
            return self.gathers()
        self._unseen += 1
        return False

    def gathers(self) -> bool:
        """Whether calls are to wait for the end of the turn."""
        return self._last >= SEVERAL or self.in_flight

    def add(self, call: LuaCall) -> asyncio.Future[Any]:
        """Have ``call`` go with the others."""
        result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.waiting.append(BatchedCall(call, time.monotonic(), result))
        self._await_end()
        return result

    def _await_end(self) -> None:
        if not self._ends:
            self._ends = True
            asyncio.get_running_loop().call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._ends = False
        if self._count:
            self._last, self._count = self._count, 0
        if self.waiting and not self.in_flight:
            self._flush()
