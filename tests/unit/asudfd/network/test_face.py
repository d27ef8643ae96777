"""A connection with a protocol of the test's own: the network knows none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from asinfo.errors import WireError
from asudfd.network.connection import Connection
from asudfd.network.connections import ConnectionSet
from asudfd.network.face import FeedResult, PendingReply
from asudfd.network.flow import HELD_SIZE
from tests.fakes.connection import FakeTransport, turns
from tests.fakes.state import Lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from asudfd.network.session import ClientSession


class Echo:
    """Lines that come back: `later X` when the test says so, `1 X` numbered, `pieces X` byte by byte."""

    def __init__(self) -> None:
        self.begun: dict[bytes, asyncio.Future[bytes]] = {}
        self.ended_of: list[ClientSession] = []

    def connected(self, session: ClientSession) -> EchoConversation:
        return EchoConversation(self, session)


class EchoConversation:
    def __init__(self, face: Echo, session: ClientSession) -> None:
        self._face = face
        self._session = session

    def answer_whole(self, data: bytes) -> bytes | PendingReply | None:
        return b"PONG\n" if data == b"PING\n" else None

    def feed(self, data: bytes, offset: int, replies: list[bytes]) -> FeedResult:
        end = data.find(b"\n", offset) + 1
        if not end:
            return FeedResult(offset, len(data) - offset + 1, None)
        word, _, rest = data[offset:end].partition(b" ")
        if word == b"bad":
            replies.append(b"closing\n")
            raise WireError("bad")
        if word == b"pieces":
            return FeedResult(end, 1, PendingReply(self._pieces(rest), cancel_on_close=True))
        if word in {b"later", b"kept", b"1"}:
            made: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            self._face.begun[rest] = made
            return FeedResult(end, 1, PendingReply(made, word == b"later", len(rest) if word == b"1" else 0))
        replies.append(data[offset:end])
        return FeedResult(end, 1, None)

    def ended(self) -> None:
        self._face.ended_of.append(self._session)

    async def _pieces(self, data: bytes) -> AsyncIterator[bytes]:
        for byte in data:
            yield bytes([byte])


class Limits:
    proto_fd_max = 10
    proto_fd_idle_ms = 0
    proto_buffer_max = 1 << 20
    proto_backlog_max = 1 << 20


class Counters:
    opened = closed = reaped = 0


class Client:
    """A connection to the echo."""

    def __init__(self) -> None:
        self.face = Echo()
        self.log = Lines()
        self.connections = ConnectionSet(self.face, Limits(), Counters(), self.log)
        self.connection, self.transport = Connection(self.connections), FakeTransport()
        self.connection.connection_made(cast("asyncio.Transport", self.transport))

    async def sent_after(self, *chunks: bytes) -> bytes:
        for chunk in chunks:
            self.connection.data_received(chunk)
        await turns()
        return self.transport.sent


def with_client(test: Callable[[Client], Awaitable[None]]) -> None:
    async def run() -> None:
        await test(Client())

    asyncio.run(run())


def test_any_chunks_are_answered_in_order() -> None:
    async def test(client: Client) -> None:
        assert (
            await client.sent_after(b"PING\n", b"a\nb", b"", b"c\npieces xyz\nd\n")
            == b"PONG\na\nbc\nxyz\nd\n"
        )

    with_client(test)


def test_a_reply_that_takes_time_holds_up_those_behind_it_but_not_the_numbered_before() -> None:
    async def test(client: Client) -> None:
        assert await client.sent_after(b"1 one\nlater two\nPING\n") == b""
        client.face.begun[b"two\n"].set_result(b"two ")
        await turns()
        assert client.transport.sent == b"two PING\n"
        client.face.begun[b"one\n"].set_result(b"one")
        await turns()
        assert client.transport.sent == b"two PING\none"

    with_client(test)


def test_only_what_a_client_need_not_have_is_cancelled_with_it() -> None:
    for word, cancelled in ((b"later", True), (b"kept", False), (b"1", True)):

        async def test(client: Client, word: bytes = word, cancelled: bool = cancelled) -> None:
            await client.sent_after(word + b" x\n")
            client.connection.connection_lost(None)
            await turns()
            assert client.face.begun[b"x\n"].cancelled() is cancelled
            assert len(client.face.ended_of) == 1
            client.face.begun[b"x\n"].cancel()
            await turns()

        with_client(test)


def test_bytes_that_are_not_the_protocol_close_after_the_replies_so_far() -> None:
    async def test(client: Client) -> None:
        assert await client.sent_after(b"a\nbad x\nb\n") == b"a\nclosing\n"
        assert client.transport.closed
        assert not client.transport.aborted

    with_client(test)


def test_a_client_is_read_from_while_a_reply_is_made_that_ends_with_it() -> None:
    """Also when the reply before was one that nothing was read meanwhile: else nobody would tell that it has gone."""

    async def test(client: Client) -> None:
        await client.sent_after(b"kept a\nlater b\n")
        assert not client.transport.is_reading()
        client.face.begun[b"a\n"].set_result(b"a")
        await turns()
        assert client.transport.is_reading()
        await client.sent_after(bytes(HELD_SIZE + 1))
        assert not client.transport.is_reading()
        client.connection.connection_lost(None)
        await turns()

    with_client(test)
