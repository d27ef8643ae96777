"""The port for supervisors: requests as they come, and as they should not."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asudfd.errors import StartError
from asudfd.network import http
from asudfd.network.http import CONNECTIONS_MAX, HEAD_SIZE_MAX, HttpServer
from asudfd.network.page import TEXT, Page
from tests.each import for_each_row

Test = Callable[[HttpServer], Awaitable[None]]


PAGES: dict[str, Callable[[], Page]] = {
    "/healthz": lambda: Page(200, TEXT, b"ok\n"),
    "/readyz": lambda: Page(503, TEXT, b"starting\n"),
    "/large": lambda: Page(200, TEXT, b"x" * 10_000_000),
}


def dialogue(test: Test) -> None:
    async def run() -> None:
        server = HttpServer("127.0.0.1", 0, PAGES)
        await server.start()
        try:
            await test(server)
        finally:
            server.close()
            await asyncio.sleep(0)

    asyncio.run(run())


async def ask(server: HttpServer, request: bytes) -> bytes:
    """All bytes that come back until the server closes."""
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionResetError:
        return b"reset"
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def reply_to(*requests: bytes) -> list[bytes]:
    replies: list[bytes] = []

    async def test(server: HttpServer) -> None:
        replies.extend([await ask(server, request) for request in requests])

    dialogue(test)
    return replies


def test_a_page() -> None:
    (reply,) = reply_to(b"GET /healthz HTTP/1.1\r\nHost: a\r\nUser-Agent: curl\r\n\r\n")
    assert reply == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n"
        b"Cache-Control: no-store\r\nConnection: close\r\n\r\nok\n"
    )


def test_what_is_asked_in_other_ways() -> None:
    replies = reply_to(
        b"GET /healthz?verbose=1 HTTP/1.0\r\n\r\n",
        b"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /readyz HTTP/1.1\r\n\r\n",
    )
    assert replies[0].endswith(b"\r\n\r\nok\n")
    assert replies[1].endswith(b"Content-Length: 3\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n")
    assert replies[2].startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert replies[2].endswith(b"\r\n\r\nstarting\n")
    assert replies[3].count(b"HTTP/1.1") == 1


@for_each_row(
    ("request_bytes", "page"),
    [
        (b"GET /healthz HTTP/1.0\n\n", b"ok\n"),
        (b"GET /healthz HTTP/1.1\nHost: a\n\n", b"ok\n"),
        (b"GET /healthz HTTP/1.1\r\nHost: a\n\r\n", b"ok\n"),
        (b"GET http://a:9145/healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"ok\n"),
        (b"GET HTTPS://[::1]/readyz?a=/b HTTP/1.1\r\nHost: a\r\n\r\n", b"starting\n"),
        (b"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", b"there are /healthz /readyz /large\n"),
    ],
)
def test_what_is_asked_by_hand_and_by_proxies(request_bytes: bytes, page: bytes) -> None:
    (reply,) = reply_to(request_bytes)
    assert reply.endswith(b"\r\n\r\n" + page)


@for_each_row(
    ("request_bytes", "status"),
    [
        (b"GET /nope HTTP/1.1\r\n\r\n", 404),
        (b"GET /healthz/ HTTP/1.1\r\n\r\n", 404),
        (b"GET /%2e%2e/etc/passwd HTTP/1.1\r\n\r\n", 404),
        (b"POST /healthz HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405),
        (b"DELETE /metrics HTTP/1.1\r\n\r\n", 405),
        (b"get /healthz HTTP/1.1\r\n\r\n", 405),
        (b"GET /healthz HTTP/2\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET /healthz\r\n\r\n", 400),
        (b"GET  /healthz HTTP/1.1\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\na: \0\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nb c: d\r\n\r\n", 400),
        (b"GET /healthz HTTP/0.9\r\n\r\n", 505),
        (b"GET /healthz HTTP/1.10\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\n", 405),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\na: " + b"b" * (HEAD_SIZE_MAX - 32) + b"\r\n\r\n", 404),
        (b"GET / HTTP/1.1\r\nHost: a\r\na: " + b"b" * (HEAD_SIZE_MAX - 31) + b"\r\n\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + b"x" * 2 * HEAD_SIZE_MAX, 200),
        (b"GET /" + b"x" * HEAD_SIZE_MAX, 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 2000, 431),
    ],
)
def test_refusals(request_bytes: bytes, status: int) -> None:
    (reply,) = reply_to(request_bytes)
    assert reply.startswith(b"HTTP/1.1 %d " % status)


def test_byte_by_byte() -> None:
    async def test(server: HttpServer) -> None:
        reader, writer = await asyncio.open_connection(*server.address)
        for byte in b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
        assert (await reader.read()).endswith(b"ok\n")
        writer.close()

    dialogue(test)


def test_a_large_page_arrives_whole() -> None:
    (reply,) = reply_to(b"GET /large HTTP/1.1\r\n\r\n")
    assert len(reply.partition(b"\r\n\r\n")[2]) == 10_000_000


def test_a_slow_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "REQUEST_SECONDS", 0.05)
    (reply,) = reply_to(b"GET /healthz HTTP/1.1\r\nHost:")
    assert reply.startswith(b"HTTP/1.1 408 ")


def test_a_client_that_does_not_take_its_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "REPLY_SECONDS", 0.05)

    async def test(server: HttpServer) -> None:
        _, writer = await asyncio.open_connection(*server.address, limit=1)
        writer.write(b"GET /large HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(20):
            while not server.connections:  # noqa: ASYNC110 - nothing tells that a connection was made
                await asyncio.sleep(0)
            while server.connections:  # noqa: ASYNC110 - nor that it has ended
                await asyncio.sleep(0.01)
        writer.transport.abort()

    dialogue(test)


def test_idle_connections_keep_nobody_from_an_answer() -> None:
    async def test(server: HttpServer) -> None:
        idle = [await asyncio.open_connection(*server.address) for _ in range(CONNECTIONS_MAX)]
        for _ in range(3):
            assert (await ask(server, b"GET /healthz HTTP/1.1\r\n\r\n")).endswith(b"ok\n")
        with contextlib.suppress(ConnectionResetError):
            assert await idle[0][0].read() == b""  # the oldest; the latest is still served
        idle[-1][1].write(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert (await idle[-1][0].read()).endswith(b"ok\n")
        for _, writer in idle:
            writer.close()

    dialogue(test)


def test_one_connection_too_many_while_all_take_their_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CONNECTIONS_MAX", 2)

    async def test(server: HttpServer) -> None:
        busy = [await asyncio.open_connection(*server.address, limit=1) for _ in range(2)]
        for _, writer in busy:
            writer.write(b"GET /large HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(20):
            while sum(each.answered for each in server.connections) < 2:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0)
        reply = await ask(server, b"")
        assert reply.startswith(b"HTTP/1.1 503 ")
        assert reply.endswith(b"too many connections\n")
        for _, writer in busy:
            writer.transport.abort()

    dialogue(test)


def test_a_port_that_is_taken() -> None:
    async def test(server: HttpServer) -> None:
        with pytest.raises(StartError, match="cannot listen on 127"):
            HttpServer(*server.address, PAGES)

    dialogue(test)


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=300),
            st.sampled_from(
                [b"GET ", b"/healthz", b" HTTP/1.1", b"\r\n", b"\r\n\r\n", b"Host: a", b"\n", b":"]
            ),
        ),
        max_size=12,
    )
)
def test_any_bytes_get_one_reply_or_none(pieces: list[bytes]) -> None:
    class Transport(asyncio.Transport):
        def __init__(self) -> None:
            super().__init__()
            self.sent = b""
            self.closed = 0

        def write(self, data: bytes | bytearray | memoryview) -> None:
            self.sent += bytes(data)

        def close(self) -> None:
            self.closed += 1

        def abort(self) -> None:
            self.closed += 1

    async def test(server: HttpServer) -> None:
        transport = Transport()
        exchange = http._HttpConnection(server)  # without a socket it takes thousands of requests
        exchange.connection_made(transport)
        for piece in pieces:
            exchange.data_received(piece)
        assert transport.sent.count(b"HTTP/1.1 ") in {0, 1}
        assert bool(transport.sent) == bool(transport.closed)
        exchange.connection_lost(None)

    dialogue(test)
