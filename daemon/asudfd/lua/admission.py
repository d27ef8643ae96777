"""Admission of calls to the workers, when more come than there may be workers: no function may take them all.

A call begins when fewer calls of its function have begun than places are free. So one function alone gets half of the
places, a second half of the rest, and one that comes new finds a place. The others wait, first come first served
among the calls of one function; a place that becomes free goes to the function with the fewest calls.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from contextlib import suppress
from typing import NamedTuple


class FunctionKey(NamedTuple):
    """A function of a module."""

    module: str
    function: bytes


class Admission:
    """The places of a host, ``most`` in all. Only the event loop uses it."""

    __slots__ = ("_begun", "_free", "_waiting")

    def __init__(self, most: int) -> None:
        self._free = most
        self._begun: Counter[FunctionKey] = Counter()
        self._waiting: dict[FunctionKey, deque[asyncio.Future[None]]] = {}

    async def enter(self, function: FunctionKey) -> None:
        """Take a place, when there is one; `leave` gives it back. A cancelled call waits no longer."""
        if function not in self._waiting and self._may(function):
            self._begin(function)
            return
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(function, deque()).append(admitted)
        try:
            await admitted
        except asyncio.CancelledError:
            if admitted.cancelled():
                self._drop(function, admitted)
            else:
                self.leave(function)  # the place came in the same moment
            raise

    def leave(self, function: FunctionKey) -> None:
        """Give a place back, and let those calls begin that may."""
        self._free += 1
        self._begun[function] -= 1
        if not self._begun[function]:
            del self._begun[function]
        while self._waiting:
            chosen = min(self._waiting, key=self._begun.__getitem__)
            if not self._may(chosen):
                return
            admitted = self._waiting[chosen][0]
            self._drop(chosen, admitted)
            if not admitted.done():
                self._begin(chosen)
                admitted.set_result(None)

    def _may(self, function: FunctionKey) -> bool:
        return self._begun[function] < self._free

    def _begin(self, function: FunctionKey) -> None:
        self._begun[function] += 1
        self._free -= 1

    def _drop(self, function: FunctionKey, admitted: asyncio.Future[None]) -> None:
        queue = self._waiting.get(function)
        if queue is not None:
            with suppress(ValueError):  # it was passed over already
                queue.remove(admitted)
            if not queue:
                del self._waiting[function]
