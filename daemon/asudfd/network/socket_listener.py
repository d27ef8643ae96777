"""Listening sockets of a reactor (asudfd.network.reactor), which accept its connections."""

from __future__ import annotations

import contextlib
import errno
import socket
from typing import TYPE_CHECKING

from asudfd.network.reactor import READ
from asudfd.network.socket_connection import SocketConnection, SocketConnections

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.network.reactor import Reactor
    from asudfd.network.socket_connection import SocketConversation, SocketLimits

ACCEPTS_MAX = 64
"""Connections that one event of the listener accepts, so that a storm of them leaves time for those that are there."""


_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Errors of accept that last: there is no descriptor or no memory left."""

PAUSE_SECONDS = 0.1
"""How long nobody is accepted then: the waiting client would be reported again at once, and a processor be busy with it."""


class SocketListener:
    """A listening socket of a reactor, and its connections.

    ``open_conversation`` makes the protocol's side of a new connection. ``refusal`` is sent to a client too many.
    Listeners with one set of ``connections`` have their limits in common.
    """

    is_secure = False

    def __init__(
        self,
        reactor: Reactor,
        listening: socket.socket,
        limits: SocketLimits,
        open_conversation: Callable[[SocketConnection], SocketConversation],
        refusal: bytes,
        *,
        connections: SocketConnections | None = None,
    ) -> None:
        self.reactor = reactor
        self.limits = limits
        self.connections = SocketConnections() if connections is None else connections
        self.accepted = 0
        self.refused = 0
        self._listening = listening
        self._connected = open_conversation
        self._refusal = refusal
        listening.setblocking(False)

    def start(self) -> None:
        """Accept clients from now on; to be called in the reactor's thread."""
        self.reactor.watch(self._listening.fileno(), READ, self._accept)

    def stop(self) -> None:
        """Accept nobody more."""
        if self._listening.fileno() >= 0:
            self.reactor.forget(self._listening.fileno())
            self._listening.close()

    def connected(self, connection: SocketConnection) -> SocketConversation:
        """The conversation of a new connection."""
        return self._connected(connection)

    def left(self, connection: SocketConnection) -> None:
        """A connection has ended."""
        self.connections.discard(connection)

    def close_idle(self, now: float) -> None:
        """Close the clients that have been silent for too long and wait for nothing."""
        limit = self.limits.idle_seconds
        if limit:
            for connection in [
                each for each in self.connections if not each.paused and now - each.last_read > limit
            ]:
                connection.cut()

    @property
    def count(self) -> int:
        """Clients that count for the limit of connections."""
        return len(self.connections)

    @property
    def accepts_max(self) -> int:
        """Connections that one event accepts."""
        return ACCEPTS_MAX

    def pause(self, seconds: float) -> None:
        """Accept nobody for a while; clients wait in the backlog."""
        self.reactor.forget(self._listening.fileno())
        self.reactor.call_later(seconds, self._accept_again)

    def serve(self, accepted: socket.socket, address: str) -> None:
        """Serve a client that has connected."""
        self.connections.add(SocketConnection(self, accepted, address))

    def _accept_again(self) -> None:
        if self._listening.fileno() >= 0:
            self.start()

    def _accept(self, _event: int) -> None:
        for _ in range(self.accepts_max):
            try:
                connected, address = self._listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                self.refused += 1
                if error.errno not in _EXHAUSTED:
                    continue  # the client is gone already
                self.pause(PAUSE_SECONDS)
                return
            connected.setblocking(False)
            if self.count >= self.limits.connections_max:
                self.refused += 1
                with contextlib.suppress(OSError):
                    connected.send(self._refusal)
                connected.close()
                continue
            with contextlib.suppress(OSError):
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.accepted += 1
            self.serve(connected, f"{address[0]}:{address[1]}")
