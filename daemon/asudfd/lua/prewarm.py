"""Prewarming: contexts are made in threads of their own before the calls that will use them.

A call that finds no context starts this, and waits for the first one: to run a short call on the event loop is quicker
than to run it in a thread, and the context's memory is in the cache of that processor the next time.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

    from asudfd.lua.budget import MemoryBudget
    from asudfd.lua.context import LuaContext
    from asudfd.lua.pool import ContextLease, ContextPool
    from asudfd.lua.runner import Runner

EXPECTED_SECONDS = 0.02
"""How long a call waits for a prewarmed context before it makes one in its own thread.

Some ten times what a context of a small module takes: one that takes longer has a long body, or the machine is busy.
"""


class Prewarmer:
    """Makes contexts for a host in ``threads``; ``ended`` is called for each, with the context if it is not kept."""

    __slots__ = ("_budget", "_ended", "_runner", "_stopping", "_threads")

    def __init__(
        self,
        runner: Runner,
        budget: MemoryBudget,
        threads: ThreadPoolExecutor,
        ended: Callable[[ContextPool, LuaContext | None], None],
    ) -> None:
        self._runner = runner
        self._budget = budget
        self._threads = threads
        self._ended = ended
        self._stopping = False

    async def expect(self, pool: ContextPool, seconds: float) -> None:
        """Wait for a context, ``seconds`` at most.

        Where a call may make another one itself, it waits no longer than EXPECTED_SECONDS.
        """
        made = pool.expect()
        try:
            self._make(pool)
            if pool.is_making():
                longest = seconds if pool.is_complete() else min(seconds, EXPECTED_SECONDS)
                await asyncio.wait((made,), timeout=longest)
        finally:
            pool.expected(made)

    def stop(self) -> None:
        """Make no more; what is being made ends soon."""
        self._stopping = True
        self._threads.shutdown(wait=False)

    def join(self) -> None:
        """Wait until the threads have ended."""
        self._threads.shutdown()

    def _make(self, pool: ContextPool) -> None:
        """Have the contexts made that the next calls will want, if there is memory for them."""
        while not self._stopping and self._budget.lacking() <= 0 and (lease := pool.prewarm()):
            task = self._threads.submit(self._runner.prewarm, pool.module, lease)
            asyncio.wrap_future(task).add_done_callback(partial(self._made, pool, lease))

    def _made(self, pool: ContextPool, lease: ContextLease, _task: asyncio.Future[None]) -> None:
        self._ended(pool, pool.prewarmed(lease))
        self._make(pool)
