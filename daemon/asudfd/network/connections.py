"""What the connections of one listener share: who answers, ready replies, and the limits they count against."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING

from asinfo.wire.frame import COMPRESSED, HEADER_SIZE, INFO, INTERNAL, MESSAGE, SECURITY
from asudfd.aerospike import unserved
from asudfd.aerospike.info.dispatch import InfoService
from asudfd.aerospike.message.peer import proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from asudfd.aerospike.info.request import ClientSession
    from asudfd.network.connection import Connection
    from asudfd.node import Node

    Made = bytes | AsyncIterator[bytes]
    Reply = bytes | Awaitable[Made] | AsyncIterator[bytes]
    Responder = Callable[[bytes, ClientSession], Reply]

READY_SIZE_MAX = 256
"""Largest request frame, in bytes, whose reply is kept ready; larger ones are not worth the hashing."""

READY_COUNT_MAX = 1024
"""Ready replies kept; when a client asks for more spellings of constant commands, all are made anew."""

STALL_SECONDS = 30.0
"""A client that has taken no byte of its replies for so long is closed."""

SWEEP_SECONDS = 1.0
"""Pause between two looks at stalled and idle connections."""


class ConnectionSet:
    """The connections of one node and what they share.

    ``responders`` maps a frame type to who answers its body: with a whole reply frame, with an awaitable of one, with
    several frames one after the other, or with nothing. ``ready`` maps whole request frames to whole reply frames that never change. ``buffered`` and
    ``backlog`` are the bytes of half-received requests and of replies that clients do not take.
    """

    __slots__ = (
        "backlog",
        "buffered",
        "connections",
        "dispatch",
        "draining",
        "emptied",
        "node",
        "ready",
        "responders",
        "stalled",
        "tasks",
    )

    def __init__(self, node: Node) -> None:
        self.node = node
        self.dispatch = InfoService(node)
        self.responders: dict[int, Responder] = {
            INFO: self.dispatch.respond,
            SECURITY: unserved.security,
            MESSAGE: node.records.respond,
            COMPRESSED: unserved.compressed,
            INTERNAL: partial(proxy.respond, node.records),
        }
        self.ready: dict[bytes, bytes] = {}
        self.connections: set[Connection] = set()
        self.stalled: set[Connection] = set()
        self.tasks: set[asyncio.Future[Made]] = set()
        self.buffered = 0
        self.backlog = 0
        self.draining = False
        self.emptied = asyncio.Event()

    def respond(self, kind: int, frame: bytes, session: ClientSession) -> Reply:
        """The reply to ``frame``; one that never changes is kept ready for the next frame of the same bytes."""
        body = frame[HEADER_SIZE:]
        reply = self.responders[kind](body, session)
        if (
            len(frame) <= READY_SIZE_MAX
            and kind == INFO
            and isinstance(reply, bytes)
            and self.dispatch.is_constant(body)
        ):
            if len(self.ready) >= READY_COUNT_MAX:
                self.ready.clear()
            self.ready[frame] = reply
        return reply

    def join(self, connection: Connection) -> bool:
        """Take in ``connection``, unless it is one too many."""
        if self.draining or len(self.connections) >= self.node.config.service.proto_fd_max:
            return False
        self.connections.add(connection)
        self.node.counters.opened += 1
        return True

    def leave(self, connection: Connection, session: ClientSession) -> None:
        """Forget ``connection``, if it was taken in."""
        self.stalled.discard(connection)
        if connection in self.connections:
            self.connections.remove(connection)
            self.node.leave(session)
            self.node.counters.closed += 1
        if not self.connections:
            self.emptied.set()

    async def drain(self, seconds: float) -> None:
        """Answer the commands in flight, then close every connection; after ``seconds`` cut off what is left."""
        self.draining = True
        self.emptied.clear()
        for connection in tuple(self.connections):
            connection.finish()
        if self.connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.emptied.wait(), seconds)
        for connection in tuple(self.connections):
            connection.cut()

    def buffers_overflow(self) -> bool:
        """Whether half-received requests take more memory than they may."""
        return self.buffered > self.node.config.service.proto_buffer_max

    def backlog_overflows(self) -> bool:
        """Whether replies that wait for their clients take more memory than they may."""
        return self.backlog > self.node.config.service.proto_buffer_max

    def sweep(self, now: float) -> None:
        """Close clients that do not take their replies, and idle ones when there is a limit for that."""
        for connection in tuple(self.stalled):
            connection.check_stall(now, STALL_SECONDS)
        idle_ms = self.node.config.service.proto_fd_idle_ms
        if idle_ms:
            for connection in tuple(self.connections):
                connection.check_idle(now, idle_ms / 1000)
