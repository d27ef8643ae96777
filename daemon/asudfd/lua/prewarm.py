"""Prewarming: contexts in the node are made before the calls that will use them.

A call that finds no context starts this, and waits for the first one: to run a short call on the event loop is quicker
than to run it in a worker.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from asudfd.lua.budget import MemoryBudget
    from asudfd.lua.context import LuaContext
    from asudfd.lua.context_maker import ContextMaker
    from asudfd.lua.module_version import ModuleVersion
    from asudfd.lua.pool import ContextPool

EXPECTED_SECONDS = 0.25
"""How long a call waits for a prewarmed context before it goes to a worker.

Some hundred times what a context of a small module takes: a large module takes longer to compile, or the machine is busy.
"""


class Prewarmer:
    """Makes contexts for a host; ``close`` is called for those that are not kept."""

    __slots__ = ("_budget", "_close", "_maker", "_stopping", "_tasks")

    def __init__(
        self,
        maker: ContextMaker,
        budget: MemoryBudget,
        close: Callable[[ContextPool, LuaContext], None],
    ) -> None:
        self._maker = maker
        self._budget = budget
        self._close = close
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def expect(self, pool: ContextPool, seconds: float) -> None:
        """Wait for a context, no longer than ``seconds``; nor than EXPECTED_SECONDS, where a worker may have another one."""
        made = pool.inline.expect()
        try:
            self._make(pool)
            if pool.inline.is_making():
                longest = seconds if pool.inline.is_complete() else min(seconds, EXPECTED_SECONDS)
                await asyncio.wait((made,), timeout=longest)
        finally:
            pool.inline.expected(made)

    async def stop(self) -> None:
        """Make no more, and wait until nothing is being made."""
        self._stopping = True
        self._maker.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _make(self, pool: ContextPool) -> None:
        """Have the contexts made that the next calls will want, if there is memory for them."""
        while not self._stopping and self._budget.lacking() <= 0 and pool.inline.prewarm():
            self._begin(self._prewarm(pool, pool.version))

    async def _prewarm(self, pool: ContextPool, version: ModuleVersion) -> None:
        context = await self._new_context(pool, version)
        if pool.version is version:
            pool.inline.prewarmed(context)
            self._make(pool)
        elif context is not None:
            self._close(pool, context)

    async def _new_context(self, pool: ContextPool, version: ModuleVersion) -> LuaContext | None:
        context = await self._maker.make(pool.module, version.required)
        if context is not None:
            self._budget.add(context)
        return context
