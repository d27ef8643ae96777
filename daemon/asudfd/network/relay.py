"""Replies that come in pieces: each is made when the client has taken those before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.fairness import PIECE_SIZE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asudfd.network.flow import Flow


async def send_pieces(flow: Flow, pieces: AsyncIterator[bytes]) -> bytes:
    """Send all pieces but the last, which is returned. For a client that is gone no further piece is made."""
    last = b""
    async for piece in pieces:
        if not await flow.is_taken():
            break
        if last:
            flow.send(last)
        last = piece
        if not await flow.is_taken():
            break
    return last


async def send_pieces_sparingly(flow: Flow, pieces: AsyncIterator[bytes]) -> bytes:
    """The same, but next to nothing waits for the client: the next piece is easily made."""
    flow.limit_unsent(PIECE_SIZE)
    last = await send_pieces(flow, pieces)
    if not flow.is_closing():
        flow.limit_unsent(None)
    return last
