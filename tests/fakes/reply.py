"""The whole of a reply, whichever way it comes: at once, later, or in pieces."""

from collections.abc import AsyncIterator, Awaitable

Made = bytes | AsyncIterator[bytes]


async def whole(reply: Made | Awaitable[Made]) -> bytes:
    if not isinstance(reply, bytes | AsyncIterator):
        reply = await reply
    return reply if isinstance(reply, bytes) else b"".join([piece async for piece in reply])
