"""Contexts that are made ahead of the calls that will use them, in threads of their own.

A call that finds none starts them, and waits for the first: to run it in the event loop's thread is quicker than a
call in another one, and the context's memory is at hand there the next time.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.lua.budget import Budget
    from asudfd.lua.pool import Lease, Pool
    from asudfd.lua.runtime import Context
    from asudfd.lua.work import Work

EXPECTED_SECONDS = 0.02
"""How long a call waits for a context that is made ahead, before it makes one in a thread of its own."""


class Ahead:
    """The makers of a host's contexts; ``ended`` is told of each that has ended, with a context that is not kept."""

    __slots__ = ("_budget", "_ended", "_stopping", "_threads", "_work")

    def __init__(
        self,
        work: Work,
        budget: Budget,
        threads: ThreadPoolExecutor,
        ended: Callable[[Pool, Context | None], None],
    ) -> None:
        self._work = work
        self._budget = budget
        self._threads = threads
        self._ended = ended
        self._stopping = False

    async def expect(self, pool: Pool, seconds: float) -> None:
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

    def _make(self, pool: Pool) -> None:
        """Have the contexts made that the next calls will want, if there is memory for them."""
        while not self._stopping and self._budget.lacking() <= 0 and (lease := pool.make_ahead()):
            work = self._threads.submit(self._work.make_ahead, pool.module, lease)
            asyncio.wrap_future(work).add_done_callback(partial(self._made, pool, lease))

    def _made(self, pool: Pool, lease: Lease, _work: asyncio.Future[None]) -> None:
        self._ended(pool, pool.made(lease))
        self._make(pool)
