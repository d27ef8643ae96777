"""TLS in a reactor: handshakes that wait for nobody, and sockets behind them that connections use like any other.

accepted ---- the handshake is done ----> a SocketConnection, as without TLS
   `--------- it fails, takes too long, or makes place for another ----> closed
"""

from __future__ import annotations

import contextlib
import ssl
import time
from typing import TYPE_CHECKING, NamedTuple

from asinfo.files import TLS_SIZE_MAX, FileError, check_file
from asudfd.errors import StartError
from asudfd.network.listener import HANDSHAKE_SECONDS
from asudfd.network.reactor import READ, WRITE
from asudfd.network.socket_connection import SocketConnections
from asudfd.network.socket_listener import ACCEPTS_MAX, PAUSE_SECONDS, SocketListener

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from _typeshed import ReadableBuffer

    from asudfd.network.reactor import Reactor
    from asudfd.network.socket_connection import SocketConnection, SocketConversation, SocketLimits

SEND_SIZE = 1 << 18
"""Bytes that one send encrypts: some 100 us; else a client that takes its reply as fast as it is sent would hold the loop."""

HANDSHAKES_MAX = 1024
"""Handshakes at the same time, of some 30 KB of memory each."""

PATIENCE_SECONDS = 1.0
"""How old a handshake is that may be broken off for another when there are so many: well-behaved clients have sent
their part by then, also over a slow network."""

_WAITS = (ssl.SSLWantReadError, ssl.SSLWantWriteError)

CLIENT_CERTIFICATES = {"no": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "yes": ssl.CERT_REQUIRED}
"""What is asked of clients, by the values of Valkey's `tls-auth-clients`."""


class TlsFiles(NamedTuple):
    """Paths of a certificate with its chain, its private key, and the authorities that clients' certificates are checked with.

    ``auth_clients`` is a key of CLIENT_CERTIFICATES.
    """

    cert_file: str
    key_file: str
    ca_file: str
    auth_clients: str


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """The TLS context of a listener. Raises StartError if a file cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslsocket_class = TlsSocket
    with _using(files.cert_file, files.key_file):
        context.load_cert_chain(files.cert_file, files.key_file, password=_no_password)
    if files.ca_file:
        with _using(files.ca_file):
            context.load_verify_locations(files.ca_file)
        context.verify_mode = CLIENT_CERTIFICATES[files.auth_clients]
    return context


@contextlib.contextmanager
def _using(*paths: str) -> Iterator[None]:
    """Have OpenSSL read the files at ``paths``. Raises StartError."""
    try:
        for path in paths:
            check_file(path, TLS_SIZE_MAX)
        yield
    except FileError as error:
        raise StartError(f"cannot use {error.path} for TLS: {error.reason}") from error
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        named = " and ".join(dict.fromkeys(paths))
        raise StartError(f"cannot use {named} for TLS: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What OpenSSL says, without its numbers."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not in PEM form").replace("_", " ").lower().replace("pem", "PEM")
    return getattr(error, "strerror", None) or str(error)


def _no_password() -> str:
    """Instead of a question on the terminal."""
    raise ValueError("the key is encrypted")


class TlsSocket(ssl.SSLSocket):
    """A socket with TLS that does not block; where it would wait it raises BlockingIOError, as one without TLS does.

    It is read from with room for more than one record of TLS (16 KB): then nothing is left that no event would tell of.
    """

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Read up to so many bytes."""
        try:
            return super().recv(buflen, flags)
        except _WAITS:
            raise BlockingIOError from None

    def send(self, data: ReadableBuffer, flags: int = 0) -> int:
        """Send a part of ``data``; after BlockingIOError the same has to be sent again, for a part of it may be on the way."""
        try:
            return super().send(memoryview(data)[:SEND_SIZE], flags)
        except _WAITS:
            raise BlockingIOError from None

    def close(self) -> None:
        """Tell the other side that nothing was cut off, without waiting for its answer, and close."""
        with contextlib.suppress(OSError, ValueError):
            self.unwrap()
        super().close()


class TlsListener(SocketListener):
    """A listening socket whose clients are served as the connections of a SocketListener when TLS is established."""

    is_secure = True

    def __init__(
        self,
        reactor: Reactor,
        listening: socket.socket,
        limits: SocketLimits,
        open_conversation: Callable[[SocketConnection], SocketConversation],
        *,
        connections: SocketConnections,
        context: ssl.SSLContext,
    ) -> None:
        super().__init__(reactor, listening, limits, open_conversation, b"", connections=connections)
        # A client that ends its side of TCP without TLS's closing message can still be sent its replies. To cut off what it has
        # sent gains nobody anything: a request without its end is not answered.
        context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
        self._context = context
        self.handshakes: dict[TlsHandshake, None] = {}
        """Those that go on, the oldest first."""

    @property
    def count(self) -> int:
        """Connections, and those that are to become one."""
        return len(self.connections) + len(self.handshakes)

    @property
    def accepts_max(self) -> int:
        """Connections that one event accepts: as many as have room, or one, for which the oldest handshake is broken off."""
        return max(1, min(ACCEPTS_MAX, HANDSHAKES_MAX - len(self.handshakes)))

    def stop(self) -> None:
        """Accept nobody more, and break off the handshakes."""
        super().stop()
        for handshake in tuple(self.handshakes):
            handshake.end()

    def established(self, secured: ssl.SSLSocket, address: str) -> None:
        """A handshake is done."""
        super().serve(secured, address)

    def serve(self, accepted: socket.socket, address: str) -> None:
        """Begin the handshake with a client."""
        try:
            secured = self._context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        except (OSError, ValueError):  # it has gone
            accepted.close()
            return
        if len(self.handshakes) >= HANDSHAKES_MAX:
            next(iter(self.handshakes)).end()
        self.handshakes[TlsHandshake(self, secured, address)] = None

    def _accept(self, event: int) -> None:
        if len(self.handshakes) >= HANDSHAKES_MAX:
            oldest = next(iter(self.handshakes))
            if time.monotonic() - oldest.begun < PATIENCE_SECONDS:
                self.pause(PAUSE_SECONDS)
                return
        super()._accept(event)


class TlsHandshake:
    """A client that has connected, until TLS is established with it."""

    def __init__(self, owner: TlsListener, secured: ssl.SSLSocket, address: str) -> None:
        self._owner = owner
        self._socket = secured
        self._address = address
        self._events = READ
        self.begun = time.monotonic()
        self._timer = owner.reactor.call_later(HANDSHAKE_SECONDS, self.end)
        owner.reactor.watch(secured.fileno(), READ, self._go_on)

    def end(self) -> None:
        """Close the connection."""
        if self._leave():
            self._socket.close()

    def _go_on(self, _event: int) -> None:
        try:
            self._socket.do_handshake()
        except ssl.SSLWantReadError:
            self._wait_for(READ)
        except ssl.SSLWantWriteError:
            self._wait_for(WRITE)
        except (OSError, ValueError):  # ValueError: the other side has gone before the first byte
            self.end()
        else:
            self._leave()
            self._owner.established(self._socket, self._address)

    def _wait_for(self, events: int) -> None:
        if events != self._events:
            self._events = events
            self._owner.reactor.change(self._socket.fileno(), events)

    def _leave(self) -> bool:
        """Be no handshake any more; says whether it still was one."""
        if self not in self._owner.handshakes:
            return False
        del self._owner.handshakes[self]
        self._timer.cancel()
        self._owner.reactor.forget(self._socket.fileno())
        return True
