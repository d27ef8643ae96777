"""Replies that come in pieces: each is made when the client has taken those before."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from asudfd.fairness import PIECE_SIZE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class Relay:
    """Sends pieces to one client. ``blocked``: it does not take what it was sent."""

    __slots__ = ("_high", "_send", "_taken", "_transport", "blocked")

    def __init__(self, transport: asyncio.Transport, send: Callable[[bytes], None], high: int) -> None:
        """``high``: so many bytes may wait for the client before it counts as blocked."""
        self._transport = transport
        self._send = send
        self._high = high
        self._taken: asyncio.Future[None] | None = None  # done when the client has taken the pieces so far
        self.blocked = False
        transport.set_write_buffer_limits(high=high)

    async def pour(self, pieces: AsyncIterator[bytes]) -> bytes:
        """Send all pieces but the last, which is returned. For a client that is gone no further piece is made."""
        last = b""
        async for piece in pieces:
            if not await self._has_taken_all():
                break
            if last:
                self._send(last)
            last = piece
            if not await self._has_taken_all():
                break
        return last

    async def pour_sparingly(self, pieces: AsyncIterator[bytes]) -> bytes:
        """The same, but next to nothing waits for the client: the next piece is easily made."""
        self._transport.set_write_buffer_limits(high=min(PIECE_SIZE, self._high))
        last = await self.pour(pieces)
        if not self._transport.is_closing():
            self._transport.set_write_buffer_limits(high=self._high)
        return last

    def go_on(self) -> None:
        """Let the pieces flow again, or end if the connection is closing."""
        if self._taken is not None and not self._taken.done():
            self._taken.set_result(None)
        self._taken = None

    async def _has_taken_all(self) -> bool:
        """Whether the client is still there, once it has taken what it was sent."""
        while self.blocked and not self._transport.is_closing():
            self._taken = asyncio.get_running_loop().create_future()
            await self._taken
        return not self._transport.is_closing()
