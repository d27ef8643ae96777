"""The connections of one listener, and the limits and counters that they share."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from asudfd.network.face import Face, ReplyContent

STALL_SECONDS = 30.0
"""A client that has taken no byte of its replies for so long is closed: longer than any pause of a healthy network."""

SWEEP_SECONDS = 1.0
"""Pause between two looks at stalled and idle connections: those limits are some seconds or more."""


class Limits(Protocol):
    """Limits of the configuration; they may change while connections are open."""

    proto_fd_max: int
    proto_fd_idle_ms: int
    proto_buffer_max: int
    proto_backlog_max: int


class ConnectionCounters(Protocol):
    """Counters of connections; all only grow."""

    opened: int
    closed: int
    reaped: int


class ConnectionLog(Protocol):
    """The log that tells why connections were closed."""

    def detail(self, context: str, text: str) -> None:
        """For who looks for details."""

    def warning(self, context: str, text: str) -> None:
        """For an operator."""


class Closable(Protocol):
    """A connection as the set of all sees it."""

    @property
    def address(self) -> str:
        """Its client's address."""

    def is_working(self, task: asyncio.Future[ReplyContent]) -> bool:
        """Whether ``task`` makes its next reply."""

    def finish(self) -> None:
        """Close as soon as the command in flight is answered."""

    def cut(self) -> None:
        """Close at once."""

    def check_idle(self, now: float, limit: float) -> None:
        """Close a client that is idle for ``limit`` seconds."""


class Stallable(Protocol):
    """A connection whose client does not take its replies."""

    def check_stall(self, now: float, limit: float) -> None:
        """Close a client that has taken nothing for ``limit`` seconds."""


class ConnectionSet:
    """All connections of one listener, which speak the protocol of ``face``.

    ``buffered`` and ``backlog`` are the bytes of half-received requests and of replies that clients do not take.
    ``tasks`` make the replies that are in flight.
    """

    __slots__ = (
        *("_emptied", "backlog", "buffered", "connections", "counters", "draining", "face"),
        *("limits", "log", "stalled", "tasks"),
    )

    def __init__(self, face: Face, limits: Limits, counters: ConnectionCounters, log: ConnectionLog) -> None:
        self.face = face
        self.limits = limits
        self.counters = counters
        self.log = log
        self.connections: set[Closable] = set()
        self.stalled: set[Stallable] = set()
        self.tasks: set[asyncio.Future[ReplyContent]] = set()
        self.buffered = 0
        self.backlog = 0
        self.draining = False
        self._emptied = asyncio.Event()

    def join(self, connection: Closable) -> bool:
        """Take in ``connection``, unless it is one too many."""
        if self.draining or len(self.connections) >= self.limits.proto_fd_max:
            return False
        self.connections.add(connection)
        self.counters.opened += 1
        return True

    def leave(self, connection: Closable) -> None:
        """Forget ``connection``, if it was taken in."""
        if connection in self.connections:
            self.connections.remove(connection)
            self.counters.closed += 1
        if not self.connections:
            self._emptied.set()

    async def drain(self, seconds: float) -> None:
        """Answer the commands in flight, then close every connection; after ``seconds`` cut off what is left."""
        self.draining = True
        self._emptied.clear()
        for connection in tuple(self.connections):
            connection.finish()
        if self.connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), seconds)
        for connection in tuple(self.connections):
            connection.cut()

    def buffers_overflow(self) -> bool:
        """Whether half-received requests take more memory than they may."""
        return self.buffered > self.limits.proto_buffer_max

    def backlog_overflows(self) -> bool:
        """Whether replies that wait for their clients take more memory than they may."""
        return self.backlog > self.limits.proto_buffer_max

    def sweep(self, now: float) -> None:
        """Close clients that do not take their replies, and idle ones when there is a limit for that."""
        for stalled in tuple(self.stalled):
            stalled.check_stall(now, STALL_SECONDS)
        idle_ms = self.limits.proto_fd_idle_ms
        if idle_ms:
            for connection in tuple(self.connections):
                connection.check_idle(now, idle_ms / 1000)
