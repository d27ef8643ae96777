"""A small HTTP/1.1 server for supervisors and Prometheus: GET and HEAD of a few pages, one request a connection.

    GET /healthz HTTP/1.1      200 while the process answers
    GET /readyz                200, or 503 and why
    GET /metrics               Prometheus' text form

h11 reads the request and writes the reply. A body is not read, and every reply says `Connection: close`. A request that is
too long or too slow is refused. One connection too many closes the oldest of those that have not sent a request: a client
that holds many open keeps no supervisor from its answer.
"""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import h11

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
"""Connections at the same time: a few supervisors and scrapers need one each."""

_ORIGIN = re.compile(rb"https?://[^/?]*", re.IGNORECASE)
"""How a target begins that is meant for a proxy, which every server has to understand, too: RFC 9112, section 3.2.2."""

_FIRST_LINE = re.compile(rb"(\A[^\r\n]* HTTP/1\.)1(?=\r?\n)")

_OTHER_VERSION = re.compile(rb"[^ \r\n]+ [^ \r\n]+ HTTP/(?!1\.)[^ \r\n]*\r?\n")
"""A first line with another version, in whatever form: h11 only tells that it is none of its own."""

_REFUSED = {
    400: b"not an HTTP request\n",
    431: b"request line and headers have at most %d bytes\n" % HEAD_SIZE_MAX,
    501: b"only requests without a body\n",
    505: b"only HTTP/1.1 and 1.0\n",
}
"""Texts for requests that h11 does not take, by the status that it gives; 505 is ours."""


class HttpServer:
    """The listener. ``pages`` are called on the event loop, by their paths; they may not raise."""

    def __init__(
        self, address: str, port: int, pages: Mapping[str, Callable[[], Page]], bind: Bind = new_socket
    ) -> None:
        """Listen without serving yet, on a socket that ``bind`` makes. Raises StartError saying what is in the way."""
        self.pages = pages
        self.connections: dict[_HttpConnection, None] = {}  # the oldest first
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
            lambda: _HttpConnection(self), sock=self._socket
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


class _HttpConnection(asyncio.Protocol):
    """One connection: a request, a reply, the end."""

    def __init__(self, http: HttpServer) -> None:
        self._http = http
        self._protocol = _new_protocol()
        self._head = b""
        self._is_head = False
        self.answered = False
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        loop = asyncio.get_running_loop()
        if not self._http.make_room():
            self._reply(Page(503, TEXT, b"too many connections\n"))
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
        fitting = data[: HEAD_SIZE_MAX - len(self._head)]
        self._head += fitting
        if fitting:
            self._protocol.receive_data(fitting)
        try:
            request = self._request()
        except h11.RemoteProtocolError as error:
            self._refuse(505 if _OTHER_VERSION.match(self._head) else error.error_status_hint)
            return
        if request is not None:
            self._answer(request)
        elif len(fitting) < len(data):
            self._refuse(431)

    def _request(self) -> h11.Request | None:
        """The request, if all of it has come. Raises h11.RemoteProtocolError.

        Only HTTP/1.1 asks for a Host, which does not matter here: what somebody types by hand is read as HTTP/1.0.
        """
        try:
            event = self._protocol.next_event()
        except h11.RemoteProtocolError:
            older, found = _FIRST_LINE.subn(rb"\g<1>0", self._head)
            if not found:
                raise
            self._protocol = _new_protocol()
            self._protocol.receive_data(older)
            event = self._protocol.next_event()
        return event if isinstance(event, h11.Request) else None

    def close(self) -> None:
        """End the connection, whatever it waits for."""
        if self._transport is not None:
            self._transport.abort()

    def _on_time(self) -> None:
        if self.answered:
            self.close()
        else:
            self._reply(Page(408, TEXT, b"the request did not come in time\n"))

    def _answer(self, request: h11.Request) -> None:
        if request.http_version not in {b"1.0", b"1.1"}:
            self._refuse(505)
        elif request.method not in {b"GET", b"HEAD"}:
            self._reply(Page(405, TEXT, b"only GET and HEAD\n"), ("Allow", "GET, HEAD"))
        else:
            self._is_head = request.method == b"HEAD"
            self._reply(self._page(request.target))

    def _refuse(self, status: int) -> None:
        self._reply(Page(status, TEXT, _REFUSED.get(status, _REFUSED[400])))

    def _page(self, target: bytes) -> Page:
        path = _ORIGIN.sub(b"", target, count=1).partition(b"?")[0] or b"/"
        page = self._http.pages.get(path.decode("latin-1"))
        return page() if page else Page(404, TEXT, f"there are {' '.join(self._http.pages)}\n".encode())

    def _reply(self, page: Page, *more: tuple[str, str]) -> None:
        assert self._transport is not None
        self.answered = True
        headers = [
            ("Content-Type", page.kind),
            ("Content-Length", str(len(page.content))),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
            *more,
        ]
        response = h11.Response(
            status_code=page.status, headers=headers, reason=HTTPStatus(page.status).phrase
        )
        self._transport.write(self._protocol.send(response) or b"")
        if not self._is_head:
            self._transport.write(page.content)
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(REPLY_SECONDS, self.close)
        self._transport.close()  # once the reply has gone


def _new_protocol() -> h11.Connection:
    return h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_SIZE_MAX + 1)
