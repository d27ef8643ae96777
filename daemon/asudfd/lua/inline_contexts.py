"""The contexts of one module in the node's own process, for calls on the event loop: first in first out.

Sequential calls walk through the contexts in turn, as on the real server: a counter in a global gives 1 ten times, then
2 ten times. So prewarmed contexts, which served no call yet, go before those that have.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

from asudfd.lua.context import TRIAL_MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.lua.context import LuaContext
    from asudfd.lua.context_counts import ContextCounts

PREWARM_MAX = 2
"""Contexts of one module that are prewarmed at the same time; more would take the processor from calls."""


class InlineContexts:
    """``count`` contexts are kept. Only the event loop uses it.

    ``fails`` tells that a context could not be prewarmed: the calls of this version go to workers.
    """

    __slots__ = (
        "_count",
        "_counts",
        "_expecting",
        "_fresh",
        "_idle",
        "_making",
        "_total",
        "fails",
    )

    def __init__(self, count: int, counts: ContextCounts) -> None:
        self._count = count
        self._counts = counts
        self._idle: deque[LuaContext] = deque()
        self._fresh: deque[LuaContext] = deque()  # prewarmed, and never used
        self._making = 0  # prewarmed, just now
        self._expecting: deque[asyncio.Future[None]] = deque()  # calls that wait for one of those
        self._total = 0
        self.fails = False

    def take(self) -> LuaContext | None:
        """A context for a call that ends before the event loop goes on; None if one has to be waited for."""
        line = self._fresh or self._idle
        if not line or self.is_to_wait():
            return None
        if line is self._fresh:
            self._counts.misses += 1
        else:
            self._counts.hits += 1
        return line.popleft()

    def give(self, context: LuaContext) -> bool:
        """Take back what `take` gave; False when it is not kept, and is to be closed: one that holds much is not tried again."""
        if context.usable and context.memory() <= TRIAL_MEMORY:
            self._idle.append(context)
            return True
        self._leave()
        self._counts.evictions += 1
        return False

    def _leave(self) -> None:
        self._total -= 1
        self._counts.total -= 1

    def is_to_wait(self) -> bool:
        """Whether a call that can wait is best served by a context that is being made, or is to be."""
        return not self._fresh and not self.fails and (self._total < self._count or self._making > 0)

    def is_making(self) -> bool:
        """Whether a context is being made."""
        return self._making > 0

    def is_complete(self) -> bool:
        """Whether as many as are kept exist, or are being made."""
        return self._total >= self._count

    def is_empty(self) -> bool:
        """Whether there is no context, nor one in the making."""
        return not self._total

    def expect(self) -> asyncio.Future[None]:
        """Done when a context has been prewarmed, or when no more will be; `expected` ends the wait."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._expecting.append(future)
        return future

    def expected(self, future: asyncio.Future[None]) -> None:
        """Nobody waits for ``future`` any more."""
        with suppress(ValueError):
            self._expecting.remove(future)

    def prewarm(self) -> bool:
        """Whether a context is to be made for a later call, which `prewarmed` ends; not when enough are there, or are made.

        Those are as many as have served calls, up to the kept count: a module that is called once need not have all.
        """
        fresh = len(self._fresh) + self._making
        wanted = max(self._total - fresh, len(self._expecting))
        if self._total >= self._count or self._making >= PREWARM_MAX or fresh >= wanted or self.fails:
            return False
        self._begin()
        return True

    def _begin(self) -> None:
        self._making += 1
        self._total += 1
        self._counts.begin()

    def prewarmed(self, context: LuaContext | None) -> None:
        """What `prewarm` has come to: a context, or none."""
        self._making -= 1
        if context is None:
            self._leave()
            self.fails = True
            self._tell(len(self._expecting))
            return
        self._counts.creations += 1
        self._fresh.append(context)
        self._tell(1 if self._making or self._total < self._count else len(self._expecting))

    def _tell(self, calls: int) -> None:
        while self._expecting and calls:
            future = self._expecting.popleft()
            if not future.done():
                future.set_result(None)
                calls -= 1

    def idle(self) -> Iterator[LuaContext]:
        """The contexts that no call has now."""
        return chain(self._idle, self._fresh)

    def drop(self, context: LuaContext) -> None:
        """Take out an idle context, which is to be closed."""
        (self._fresh if context in self._fresh else self._idle).remove(context)
        self._leave()
        self._counts.evictions += 1

    def clear(self) -> list[LuaContext]:
        """Let go of all; answers the idle ones, which are to be closed. What is being made is nobody's any more."""
        dropped = list(self.idle())
        self._idle.clear()
        self._fresh.clear()
        self._counts.evictions += len(dropped)
        self._counts.total -= self._total
        self._total = self._making = 0
        self.fails = False
        self._tell(len(self._expecting))
        return dropped
