"""A small HTTP/1.1 server for supervisors and Prometheus: GET and HEAD of a few pages, one request a connection.

    GET /healthz HTTP/1.1      200 while the process answers
    GET /readyz                200, or 503 and why
    GET /metrics               Prometheus' text form

It reads a request line and headers and nothing else. Every reply says `Connection: close`. What is too long or too
slow is refused. One connection too many costs the oldest of those that have not sent a request: whoever holds many
open keeps no supervisor from its answer. Source: RFC 9112.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, cast

from asudfd.errors import StartError
from asudfd.network.listener import listen, new_socket
from asudfd.network.page import TEXT, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from asudfd.network.listener import Bind

HEAD_SIZE_MAX = 8192
"""Most bytes of a request line and headers together."""

REQUEST_SECONDS = 2.0
"""How long a client may take to send them."""

REPLY_SECONDS = 10.0
"""How long it may take to take the reply."""

CONNECTIONS_MAX = 64

_LINE_END = re.compile(rb"\r?\n")
_END = re.compile(rb"\r?\n\r?\n")
"""A line may end without a carriage return: RFC 9112, section 2.2."""

_ORIGIN = re.compile(rb"https?://[^/?]*", re.IGNORECASE)
"""How a target begins that is meant for a proxy, which every server has to understand, too: section 3.2.2."""

_METHODS = frozenset((b"GET", b"HEAD"))
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}


class HttpServer:
    """The listener. ``pages`` are called on the event loop, by their paths; they may not raise."""

    def __init__(
        self, address: str, port: int, pages: Mapping[str, Callable[[], Page]], bind: Bind = new_socket
    ) -> None:
        """Listen without serving yet, on a socket that ``bind`` makes. Raises StartError saying what is in the way."""
        self.pages = pages
        self.connections: dict[_Exchange, None] = {}  # the oldest first
        self._socket = bind(address, port)
        try:
            listen(self._socket)
        except StartError:
            self._socket.close()
            raise
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where the socket is bound, with the real port."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    async def start(self) -> None:
        """Accept clients from now on."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Exchange(self), sock=self._socket
        )

    def make_room(self) -> bool:
        """Whether there is room for a further connection, at the cost of another one if need be."""
        if len(self.connections) < CONNECTIONS_MAX:
            return True
        for connection in self.connections:
            if not connection.answered:
                connection.close()
                del self.connections[connection]
                return True
        return False

    def close(self) -> None:
        """Stop accepting, and close every connection."""
        if self._server:
            self._server.close()
        self._socket.close()
        for connection in tuple(self.connections):
            connection.close()


class _Exchange(asyncio.Protocol):
    """One connection: a request, a reply, the end."""

    def __init__(self, http: HttpServer) -> None:
        self._http = http
        self._held = bytearray()
        self.answered = False
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        loop = asyncio.get_running_loop()
        if not self._http.make_room():
            self._reply(503, TEXT, b"too many connections\n")
            return
        self._http.connections[self] = None
        self._timer = loop.call_later(REQUEST_SECONDS, self._on_time)

    def connection_lost(self, _error: Exception | None) -> None:
        self._http.connections.pop(self, None)
        if self._timer:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        if self.answered:
            return
        self._held += data[: HEAD_SIZE_MAX + 1]
        end = _END.search(self._held)
        if end and end.end() <= HEAD_SIZE_MAX:
            self._answer(bytes(self._held[: end.start()]))
        elif len(self._held) > HEAD_SIZE_MAX:
            self._reply(431, TEXT, b"request line and headers have at most 8192 bytes\n")

    def close(self) -> None:
        """End the connection, whatever it waits for."""
        if self._transport is not None:
            self._transport.abort()

    def _on_time(self) -> None:
        if self.answered:
            self.close()
        else:
            self._reply(408, TEXT, b"the request did not come in time\n")

    def _answer(self, head: bytes) -> None:
        line, *headers = _LINE_END.split(head)
        words = line.split(b" ")
        if (
            len(words) != 3
            or not all(words)
            or not words[2].startswith(b"HTTP/")
            or not _well_formed(headers)
        ):
            self._reply(400, TEXT, b"not an HTTP request\n")
            return
        method, target, version = words
        if not version.startswith(b"HTTP/1."):
            self._reply(505, TEXT, b"only HTTP/1.1 and 1.0\n")
        elif method not in _METHODS:
            self._reply(405, TEXT, b"only GET and HEAD\n", more="Allow: GET, HEAD\r\n")
        else:
            self._reply(*self._page(target), body=method == b"GET")

    def _page(self, target: bytes) -> Page:
        path = _ORIGIN.sub(b"", target, count=1).partition(b"?")[0] or b"/"
        page = self._http.pages.get(path.decode("latin-1"))
        return page() if page else Page(404, TEXT, f"there are {' '.join(self._http.pages)}\n".encode())

    def _reply(self, status: int, kind: str, content: bytes, *, more: str = "", body: bool = True) -> None:
        assert self._transport is not None
        self.answered = True
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
            f"Cache-Control: no-store\r\nConnection: close\r\n{more}\r\n"
        )
        self._transport.write(head.encode() + (content if body else b""))
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(REPLY_SECONDS, self.close)
        self._transport.close()  # once the reply has gone


def _well_formed(headers: list[bytes]) -> bool:
    """Whether all are lines of a name, a colon and a value; what they say does not matter here."""
    return all(line.find(b":") > 0 and line[0] > 0x20 and b"\0" not in line for line in headers)
