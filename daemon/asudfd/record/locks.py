"""Locks on single records: an operation on a digest that spans more than one turn of the event loop holds its lock.

What happens within one turn needs no lock, only a look (`digest in locks`): a dict look-up. Whoever finds a digest
locked waits in line for it; others go on. A lock goes straight to the first in line, so that nobody overtakes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Locks(dict[bytes, deque[asyncio.Future[None]]]):
    """The locked digests of a namespace, each with the queue of operations that wait for it."""

    __slots__ = ()

    @asynccontextmanager
    async def hold(self, digest: bytes, seconds: float | None = None) -> AsyncIterator[None]:
        """Hold ``digest`` for the time of an ``async with``; waits in line for it where necessary.

        Raises TimeoutError when the turn has not come after ``seconds``.
        The line is as long as there are clients at most, for each waits for one request. A real server's
        `transaction-pending-limit` bounds requests that wait for other nodes' copies, of which there are none here.
        """
        line = self.get(digest)
        if line is None:
            self[digest] = deque()
        else:
            async with asyncio.timeout(seconds):
                await self._queue(digest, line)
        try:
            yield
        finally:
            self.give(digest)

    def take(self, digest: bytes) -> None:
        """Lock ``digest``, which is not locked; `give` ends that."""
        self[digest] = deque()

    async def _queue(self, digest: bytes, line: deque[asyncio.Future[None]]) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(digest)  # the lock came in the same moment as the cancellation
            else:
                with suppress(ValueError):  # it was passed over already
                    line.remove(turn)
            raise

    def give(self, digest: bytes) -> None:
        """Give the lock to the first in line, or up."""
        line = self[digest]
        while line:
            turn = line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self[digest]
