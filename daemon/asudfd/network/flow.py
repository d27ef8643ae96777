"""Flow control of one connection: back-pressure in both directions, stalled clients, idle clients.

    ANSWERING    what comes is answered
    HOLDING      what comes is kept, up to HELD_SIZE bytes: a reply takes time, or the turn of the event loop is over
    STOPPED      nothing is read: so much is kept, or the client does not take its replies, or a reply takes time that is
                 finished whatever becomes of the client

It is ANSWERING again once the replies so far are made and the client takes them.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING

from asudfd.fairness import PIECE_SIZE

if TYPE_CHECKING:
    from asudfd.network.connections import ConnectionSet

HELD_SIZE = 65536
"""So many bytes are read while a reply is made that ends with its client: only who reads learns that it has gone.

What a socket gives in one read by uvloop is 256 KiB at most; a client that sends one request at a time stays far below."""


class ReadState(Enum):
    """The state of reading from a client."""

    ANSWERING = "answered as they come"
    HOLDING = "kept"
    STOPPED = "not read"


class Flow:
    """Reads from and writes to one transport as fast as the client and the limits of all connections allow.

    ``blocked``: the client does not take what it was sent. ``idle_since``: 0 while something has arrived since the last
    look.
    """

    __slots__ = (
        *("_backlog", "_connections", "_high", "_stalled_since", "_taken", "_transport"),
        *("blocked", "idle_since", "state"),
    )

    def __init__(self, connections: ConnectionSet, transport: asyncio.Transport) -> None:
        self._connections = connections
        self._transport = transport
        self._high = connections.limits.proto_backlog_max
        self._backlog = 0
        self._stalled_since = 0.0
        self._taken: asyncio.Future[None] | None = None  # done when the client has taken what it was sent
        self.blocked = False
        self.idle_since = 0.0
        self.state = ReadState.ANSWERING
        transport.set_write_buffer_limits(high=self._high)

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._transport.is_closing()

    def hold(self, *, stop: bool) -> None:
        """Answer nothing that comes for now; with ``stop`` read nothing either."""
        if self.state is ReadState.ANSWERING:
            self.state = ReadState.STOPPED if stop else ReadState.HOLDING
            if stop and not self._transport.is_closing():
                self._transport.pause_reading()

    def check_held(self, size: int) -> None:
        """Stop reading when ``size`` bytes are kept and that is enough."""
        if self.state is ReadState.HOLDING and size > HELD_SIZE:
            self.state = ReadState.STOPPED
            if not self._transport.is_closing():
                self._transport.pause_reading()

    def read_on(self) -> None:
        """Read again after ``state`` has become ANSWERING, unless that has ended meanwhile."""
        if self.state is not ReadState.STOPPED and not self._transport.is_closing():
            self._transport.resume_reading()

    def send(self, data: bytes) -> None:
        """Write ``data``; count what the client has not taken if it is behind."""
        _write(self._transport, data)
        if self.blocked and not self._transport.is_closing():
            self._set_backlog(self._transport.get_write_buffer_size())
            self._check_backlog()

    def limit_unsent(self, size: int | None) -> None:
        """Let only so many bytes wait for the client before it counts as blocked; None for the configured limit."""
        self._transport.set_write_buffer_limits(high=self._high if size is None else min(size, self._high))

    def block(self) -> None:
        """The client does not take its replies: read nothing from it."""
        self.blocked = True
        self._stall()
        self.hold(stop=True)
        self._check_backlog()

    def unblock(self) -> None:
        """The client has taken its replies."""
        self.blocked = False
        self._go_on()
        self._connections.stalled.discard(self)
        self._set_backlog(0)

    def lost(self) -> None:
        """The transport has ended."""
        self._go_on()
        self._connections.stalled.discard(self)
        self._set_backlog(0)

    async def is_taken(self) -> bool:
        """Whether the client is still there, once it has taken what it was sent."""
        while self.blocked and not self._transport.is_closing():
            self._taken = asyncio.get_running_loop().create_future()
            await self._taken
        return not self._transport.is_closing()

    def close(self) -> None:
        """Close after what has been sent so far; `check_stall` ends it if nobody takes that."""
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._stall()

    def abort(self, reason: str) -> None:
        """Close at once, and say why in the log."""
        self._connections.log.warning("proto", f"closing {peer(self._transport)}: {reason}")
        self._transport.abort()

    def check_stall(self, now: float, limit: float) -> None:
        """Close a client that has taken nothing of its replies for ``limit`` seconds."""
        size = self._transport.get_write_buffer_size()
        if size != self._backlog:
            self._set_backlog(size)
            self._stalled_since = now
        elif now - self._stalled_since >= limit:
            self.abort(f"{size} bytes of replies not taken for {limit:g} seconds")

    def is_idle(self, now: float, limit: float) -> bool:
        """Whether the client has sent nothing for ``limit`` seconds, and waits for no reply in order."""
        if not self.idle_since:
            self.idle_since = now
            return False
        return self.state is ReadState.ANSWERING and now - self.idle_since >= limit

    def _go_on(self) -> None:
        """Let pieces flow again, or end if the connection is closing."""
        if self._taken is not None and not self._taken.done():
            self._taken.set_result(None)
        self._taken = None

    def _stall(self) -> None:
        self._connections.stalled.add(self)
        self._stalled_since = asyncio.get_running_loop().time()
        self._set_backlog(self._transport.get_write_buffer_size())

    def _set_backlog(self, size: int) -> None:
        self._connections.backlog += size - self._backlog
        self._backlog = size

    def _check_backlog(self) -> None:
        if self._connections.backlog_overflows():
            self.abort("replies that wait for their clients take more than proto-buffer-max")


def peer(transport: asyncio.Transport) -> str:
    """The client of a transport, as log lines name it."""
    address = transport.get_extra_info("peername")
    return f"{address[0]}:{address[1]}" if address else "client"


def _write(transport: asyncio.Transport, data: bytes) -> None:
    if len(data) <= PIECE_SIZE:
        transport.write(data)
        return
    for start in range(0, len(data), PIECE_SIZE):
        if transport.is_closing():
            return
        transport.write(data[start : start + PIECE_SIZE])
