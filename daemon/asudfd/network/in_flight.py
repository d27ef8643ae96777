"""Requests of one connection that are answered out of order: those that the protocol numbers.

What a client sends is answered in order; a node that passes on what many clients ask need not wait for the slowest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.network.face import PendingReply, ReplyContent

COUNT_MAX = 4096
"""Requests of one connection that are in flight at a time. Another one holds up those behind it.

As many as a node lets wait for another one (`asudfd.aerospike.message.peer.peer`), so that none does."""

SIZE_MAX = 64 << 20
"""Bytes of these requests; the same as there."""


class InFlight:
    """The numbered requests of one connection whose replies are being made."""

    __slots__ = ("_size", "_tasks")

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Future[ReplyContent], int] = {}
        self._size = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def begins(self, later: PendingReply, on_end: Callable[[asyncio.Future[ReplyContent]], None]) -> bool:
        """Have a numbered reply made, if there is room for its request; ``on_end`` is called when it is made."""
        size, reply = later.numbered_size, later.reply
        if not size or isinstance(reply, AsyncIterator):
            return False
        if len(self._tasks) >= COUNT_MAX or self._size + size > SIZE_MAX:
            return False
        task = asyncio.ensure_future(reply)
        self._tasks[task] = size
        self._size += size
        task.add_done_callback(self._forget)
        task.add_done_callback(on_end)
        return True

    def cancel(self) -> None:
        """Cancel all of them."""
        for task in tuple(self._tasks):
            task.cancel()

    def _forget(self, task: asyncio.Future[ReplyContent]) -> None:
        self._size -= self._tasks.pop(task)
