"""A listening socket and its connections: bind, listen, accept, drain, in this order of life.

A node that is not ready yet refuses connections, as a real one does: whoever asks it is told so at once.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from asudfd.errors import StartError
from asudfd.network.connection import Connection
from asudfd.network.connections import SWEEP_SECONDS

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from asudfd.network.connections import ConnectionSet

    Bind = Callable[[str, int], socket.socket]

BACKLOG = 4096
"""Connections that may wait to be accepted; the system cuts it to its own limit.

Thousands of clients that come back at once after a restart shall not be refused."""

HANDSHAKE_SECONDS = 10.0
"""How long a TLS handshake may take: four messages, which need a second on the worst of networks. Until it is done, a
client counts for no limit of the connections."""


class Listener:
    """One port on which clients are served in the protocol of its ``connections``; over TLS if there is a ``tls``."""

    __slots__ = ("_server", "_socket", "_sweep", "_tls", "connections")

    def __init__(
        self,
        connections: ConnectionSet,
        address: str,
        port: int,
        bind: Bind | None = None,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Have a socket bound to ``address`` and ``port`` that need not listen yet; ``bind`` makes it.

        Raises StartError saying what is in the way.
        """
        self._socket = (bind or new_socket)(address, port)
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self.connections = connections

    @property
    def address(self) -> tuple[str, int]:
        """Where the socket is bound, with the real port."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def listen(self) -> None:
        """Let clients connect; they are served after ``start``. Raises StartError: another may have been faster."""
        listen(self._socket)

    async def start(self) -> None:
        """Serve clients from now on. Raises StartError as ``listen`` does."""
        self.listen()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self.connections),
            sock=self._socket,
            backlog=BACKLOG,
            ssl=self._tls,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if self._tls else None,
        )
        self._sweep = loop.call_later(SWEEP_SECONDS, self._on_sweep)

    async def stop(self, seconds: float) -> None:
        """Stop accepting, wait up to ``seconds`` for the commands in flight, close every connection."""
        self.close()
        await self.connections.drain(seconds)

    def close(self) -> None:
        """Stop accepting."""
        if self._sweep:
            self._sweep.cancel()
        if self._server:
            self._server.close()
        self._socket.close()

    def _on_sweep(self) -> None:
        loop = asyncio.get_running_loop()
        self.connections.sweep(loop.time())
        self._sweep = loop.call_later(SWEEP_SECONDS, self._on_sweep)


def new_socket(address: str, port: int) -> socket.socket:
    """A socket bound to ``address`` and ``port`` that does not listen yet. Raises StartError saying what is in the way."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # with proto 0 asyncio would leave TCP_NODELAY off on the accepted sockets
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise _refused(address, port, error) from error
    listener.setblocking(False)
    return listener


def listen(bound: socket.socket) -> None:
    """Listen on the socket ``bound``. Raises StartError: two that do not listen yet may be bound to one port."""
    try:
        bound.listen(BACKLOG)
    except OSError as error:
        address, port = bound.getsockname()[:2]
        raise _refused(address, port, error) from error


def _refused(address: str, port: int, error: Exception) -> StartError:
    return StartError(f"cannot listen on {address}:{port}: {getattr(error, 'strerror', None) or error}")
