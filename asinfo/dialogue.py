"""An info request and its reply on one connection, as a state machine without I/O: bytes in, bytes out.

The plain conversation is one info request and its reply. Login (asinfo.login) and TLS (asinfo.tls) are conversations
of the same form around it.
"""

from __future__ import annotations

from asinfo.errors import Unreachable, UsageError, WireError
from asinfo.host import written
from asinfo.wire import frame

TYPE_CHECKING = False  # on the start-up path: typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from asinfo.login import Login
    from asinfo.tls import TlsSettings

CHUNK = 65536
"""Bytes read at a time."""


class Endpoint:
    """The address of a node, with login and TLS. ``name`` is what the user reads (``host:port`` when "")."""

    __slots__ = ("host", "login", "name", "port", "role", "session", "tls", "tls_name")

    def __init__(
        self,
        host: str,
        port: int = 3000,
        *,
        name: str = "",
        tls_name: str | None = None,
        login: Login | None = None,
        tls: TlsSettings | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.name = name or written(host, port)
        self.tls_name = tls_name
        self.login = login
        self.tls = tls
        self.session: bytes | None = None
        """Token of an earlier login, which spares the next connection the whole login."""
        self.role: Any = None
        """What is known of its role among other nodes, where there are roles (`asadm.target.results.NodeRole`)."""

    @property
    def address(self) -> str:
        """``host:port`` as the user may type it again."""
        return written(self.host, self.port)


class Reply:
    """The reply of one node: ``body`` (bytes of the reply frame) or ``failure``, and the time it took.

    ``note`` is a warning for the user ("" mostly), for instance a login that the node did not want. ``ends`` are the
    offsets behind the replies of which a body of several consists, where the conversation has found them.
    """

    __slots__ = ("body", "ends", "failure", "milliseconds", "node", "note")

    def __init__(self, node: Endpoint) -> None:
        self.node = node
        self.body: bytes | None = None
        self.ends: Sequence[int] = ()
        self.failure: Unreachable | None = None
        self.milliseconds = 0.0
        self.note = ""


class Dialogue:
    """One info request and its reply; the innermost of the conversations that a connection can hold.

    The others (login, TLS) have the same members and stand around it.
    """

    __slots__ = ("_buffer", "_request", "_size", "body", "ends", "note")

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._buffer = bytearray()
        self._size = -1
        self.body: bytes | None = None
        """The reply, as soon as it is whole. Bytes after it are ignored: nobody asked for them."""
        self.ends: Sequence[int] = ()
        self.note = ""

    def start(self) -> bytes:
        """The first bytes to send."""
        return frame.pack(frame.INFO, self._request)

    def feed(self, data: bytes) -> bytes:
        """Take received bytes; the bytes to send in return. Raises Unreachable when the peer breaks the protocol."""
        buffer = self._buffer
        buffer += data
        if self._size < 0:
            if len(buffer) < frame.HEADER_SIZE:
                return b""
            self._size = size_of(buffer, frame.INFO)
        end = frame.HEADER_SIZE + self._size
        if len(buffer) >= end:
            self.body = bytes(buffer[frame.HEADER_SIZE : end])
        return b""

    def overdue(self, within: str) -> str:
        """What it means that the time was over now; ``within`` says how much that was."""
        return f"no whole answer{within}"

    def ended(self) -> Unreachable:
        """What it means that the peer closed the connection now."""
        from asinfo import reasons

        return reasons.closed(len(self._buffer))


def size_of(buffer: bytearray, wanted: int, at: int = 0) -> int:
    """Body size of the frame of type ``wanted`` that begins at ``at`` in ``buffer``. Raises Unreachable."""
    try:
        kind, size = frame.unpack_header(buffer, at)
    except WireError as error:
        raise Unreachable("protocol", f"the peer does not speak the protocol: {error}") from None
    if kind != wanted:
        raise Unreachable("protocol", f"the node answered with a frame of type {kind}, not {wanted}")
    return size


def dialogue(node: Endpoint, request: bytes) -> Dialogue:
    """The conversation that asks ``node`` for ``request``.

    Raises UsageError when login or TLS cannot be set up, and for a request that no node would take.
    """
    if len(request) > frame.BODY_SIZE_MAX:
        raise UsageError(f"the commands are {len(request)} bytes, and a node takes {frame.BODY_SIZE_MAX}")
    return secured(node, Dialogue(request))


def secured(node: Endpoint, conversation: Dialogue) -> Dialogue:
    """``conversation`` after the login, and within the TLS, that ``node`` wants. Raises UsageError when they cannot be set up."""
    if node.login is not None:
        from asinfo.login import LoginDialogue

        conversation = LoginDialogue(node, conversation)
    if node.tls is not None:
        from asinfo.tls import TlsDialogue

        conversation = TlsDialogue(node, conversation)
    return conversation
