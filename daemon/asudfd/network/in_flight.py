"""Requests of one connection that are worked on beside each other: those that other nodes pass on, which are numbered.

What a client sends is answered in order; a node that passes on what many clients ask need not wait for the slowest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from asudfd.network.connections import Made

COUNT_MAX = 4096
"""Requests of one connection that are worked on at a time. Another one holds up those behind it."""

SIZE_MAX = 64 << 20
"""Bytes of these requests."""


class InFlight:
    """What is worked on."""

    __slots__ = ("_size", "_tasks")

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Future[Made], int] = {}
        self._size = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def begins(
        self,
        reply: Awaitable[Made] | AsyncIterator[bytes],
        size: int,
        answered: Callable[[asyncio.Future[Made]], None],
    ) -> bool:
        """Have the ``reply`` to a request of ``size`` bytes made, if there is room; ``answered`` is told of its end."""
        if isinstance(reply, AsyncIterator) or len(self._tasks) >= COUNT_MAX or self._size + size > SIZE_MAX:
            return False
        task = asyncio.ensure_future(reply)
        self._tasks[task] = size
        self._size += size
        task.add_done_callback(self._on_end)
        task.add_done_callback(answered)
        return True

    def give_up(self) -> None:
        """Let nobody work on them any more."""
        for task in tuple(self._tasks):
            task.cancel()

    def _on_end(self, task: asyncio.Future[Made]) -> None:
        self._size -= self._tasks.pop(task)
