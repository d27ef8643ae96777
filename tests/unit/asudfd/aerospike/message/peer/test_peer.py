"""A node that asks another one, which is scripted here."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from asinfo.wire.frame import HEADER_SIZE, INTERNAL, pack, unpack_header
from asudfd.aerospike.message.peer import peer
from asudfd.aerospike.message.peer.peer import NodeUnreached, Peer, ReplyLost, numbered, unpack_numbered
from asudfd.cluster.cluster import Member

Answer = Callable[[bytes], Awaitable[bytes | None]]
SECONDS = 20.0


async def echo(content: bytes) -> bytes:
    return content


class Scripted:
    """A node that answers what it is asked as ``answer`` says, as soon as it can; None closes the connection."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.connections = 0
        self.piece = 1 << 20
        self.turn = asyncio.Lock()
        self.writers: list[asyncio.StreamWriter] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                kind, size = unpack_header(await reader.readexactly(HEADER_SIZE))
                assert kind == INTERNAL
                number, content = unpack_numbered(await reader.readexactly(size))
                self.tasks.append(asyncio.ensure_future(self.reply(writer, number, content)))
        writer.close()

    async def reply(self, writer: asyncio.StreamWriter, number: int, content: bytes) -> None:
        answer = await self.answer(content)
        if answer is None:
            writer.close()
            return
        reply = numbered(number, answer)
        async with self.turn:
            for start in range(0, len(reply), self.piece):
                writer.write(reply[start : start + self.piece])
                await asyncio.sleep(0)


def dialogue(answer: Answer, test: Callable[[Peer, Scripted], Awaitable[None]]) -> None:
    async def run() -> None:
        scripted = Scripted(answer)
        server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
        asked = Peer(Member("A2", *server.sockets[0].getsockname()[:2]))
        try:
            await test(asked, scripted)
        finally:
            asked.close()
            server.close()
            for writer in scripted.writers:
                writer.close()
            for task in scripted.tasks:
                task.cancel()
            await asyncio.sleep(0)
        assert (asked.waiting, asked.waiting_size) == (0, 0)

    asyncio.run(run())


def ask(asked: Peer, body: bytes, seconds: float = SECONDS) -> "asyncio.Task[bytes]":
    return asyncio.ensure_future(asked.ask(body, seconds))


def test_one_after_another_on_one_connection() -> None:
    async def test(asked: Peer, scripted: Scripted) -> None:
        for number in range(20):
            assert await ask(asked, b"%d" % number) == b"%d" % number
        assert scripted.connections == 1

    dialogue(echo, test)


def test_many_at_once_share_a_connection() -> None:
    async def test(asked: Peer, scripted: Scripted) -> None:
        bodies = [b"%d" % number * (number % 700) for number in range(1000)]
        assert await asyncio.gather(*(ask(asked, body) for body in bodies)) == bodies
        assert scripted.connections == 1

    dialogue(echo, test)


def test_replies_in_pieces() -> None:
    async def test(asked: Peer, scripted: Scripted) -> None:
        scripted.piece = 1
        bodies = [b"x" * 10, b"", b"y" * 10]
        assert await asyncio.gather(*(ask(asked, body) for body in bodies)) == bodies

    dialogue(echo, test)


def test_nobody_there() -> None:
    async def test() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()[:2]
        server.close()
        asked = Peer(Member("A2", *address))
        with pytest.raises(NodeUnreached, match="node A2 cannot be reached"):
            await ask(asked, b"x")
        assert asked.waiting == 0
        asked.close()

    asyncio.run(test())


def test_a_node_that_closes() -> None:
    async def answer(_body: bytes) -> None:
        return None

    async def test(asked: Peer, _scripted: Scripted) -> None:
        with pytest.raises(ReplyLost):
            await ask(asked, b"x")
        with pytest.raises(ReplyLost):
            await ask(asked, b"x")

    dialogue(answer, test)


def test_a_node_that_speaks_nonsense() -> None:
    async def test(asked: Peer, scripted: Scripted) -> None:
        for nonsense in (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            numbered(99, b"to nobody"),
            pack(INTERNAL, b"short"),
        ):
            waiting = ask(asked, b"x")
            await arrived.wait()
            arrived.clear()
            scripted.writers[-1].write(nonsense)
            with pytest.raises(ReplyLost):
                await waiting

    async def answer(_content: bytes) -> bytes:
        arrived.set()
        await asyncio.Event().wait()
        return b""

    arrived = asyncio.Event()
    dialogue(answer, test)


def test_one_that_takes_long_holds_up_no_other() -> None:
    async def test(asked: Peer, scripted: Scripted) -> None:
        slow = [ask(asked, b"slow") for _ in range(100)]
        for number in range(20):
            assert await ask(asked, b"%d" % number) == b"%d" % number
        assert not any(task.done() for task in slow)
        gate.set()
        assert await asyncio.gather(*slow) == [b"slow"] * 100
        assert scripted.connections == 1

    gate = asyncio.Event()

    async def answer(content: bytes) -> bytes:
        if content == b"slow":
            await gate.wait()
        return content

    dialogue(answer, test)


def test_a_reply_that_comes_too_late_is_not_taken_for_the_next() -> None:
    async def test(asked: Peer, _scripted: Scripted) -> None:
        with pytest.raises(TimeoutError):
            await ask(asked, b"late", 0.05)
        following = ask(asked, b"next")
        gate.set()
        assert await following == b"next"

    gate = asyncio.Event()

    async def answer(body: bytes) -> bytes:
        if body == b"late":
            await gate.wait()
        return body

    dialogue(answer, test)


def test_a_silent_connection_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "SILENCE_SECONDS", 0.05)

    async def answer(_body: bytes) -> bytes:
        await asyncio.Event().wait()
        return b""

    async def test(asked: Peer, _scripted: Scripted) -> None:
        waiting = [ask(asked, b"x") for _ in range(8)]
        with pytest.raises(TimeoutError):
            await ask(asked, b"y", 0.1)
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert isinstance(done.pop().exception(), ReplyLost)
        for task in pending:
            task.cancel()

    dialogue(answer, test)


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "WAITING_MAX", 10)

    async def test(asked: Peer, _scripted: Scripted) -> None:
        results = await asyncio.gather(*(ask(asked, b"x") for _ in range(30)), return_exceptions=True)
        assert [type(result) for result in results] == [bytes] * 10 + [NodeUnreached] * 20

    dialogue(echo, test)


def test_the_size_of_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "WAITING_SIZE_MAX", 1000)

    async def test(asked: Peer, _scripted: Scripted) -> None:
        results = await asyncio.gather(*(ask(asked, b"x" * 400) for _ in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [bytes, bytes, NodeUnreached]

    dialogue(echo, test)


def test_a_node_that_leaves() -> None:
    async def test(asked: Peer, _scripted: Scripted) -> None:
        waiting = ask(asked, b"x")
        await arrived.wait()
        unmade = [ask(asked, b"x") for _ in range(2)]
        await asyncio.sleep(0)
        asked.close()
        with pytest.raises(ReplyLost):
            await waiting
        for task in unmade:
            with pytest.raises((ReplyLost, NodeUnreached)):
                await task
        with pytest.raises(NodeUnreached):
            await ask(asked, b"x")

    async def answer(_body: bytes) -> bytes:
        arrived.set()
        await asyncio.Event().wait()
        return b""

    arrived = asyncio.Event()
    dialogue(answer, test)
