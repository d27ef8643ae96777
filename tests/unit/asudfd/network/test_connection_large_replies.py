"""Large replies: they take turns with all others, and no more memory than allowed."""

from __future__ import annotations

import asyncio

import pytest

from asinfo.wire.frame import INFO, pack
from asudfd.fairness import PIECE_SIZE, TURN_SIZE
from tests.fakes.connection import BUILD, BUILD_REPLY, Bench, FakeTransport, dialogue, turns

LARGE = pack(INFO, b"large\n")
LARGE_REPLY = pack(INFO, b"large\t" + b"x" * 100_000 + b"\n")
MEDIUM, MEDIUM_REPLY = pack(INFO, b"medium\n"), pack(INFO, b"medium\t" + b"x" * 50_000 + b"\n")


@pytest.fixture(autouse=True)
def _bytes_end_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is: not the time."""
    monkeypatch.setattr("asudfd.fairness.TURN_SECONDS", 60)


async def sent_in_each_turn(transports: list[FakeTransport], wanted: int) -> list[int]:
    """Bytes that all together have sent in each turn of the loop, until each has sent ``wanted``."""
    sizes, before = [], 0
    while any(len(transport.sent) < wanted for transport in transports):
        await asyncio.sleep(0)
        after = sum(len(transport.sent) for transport in transports)
        sizes.append(after - before)
        before = after
    return sizes


def test_pipelined_requests_take_turns() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        connection.data_received(MEDIUM * 200)
        assert TURN_SIZE < len(transport.sent) < TURN_SIZE + len(MEDIUM_REPLY) + 1
        await turns(200)
        assert transport.sent == MEDIUM_REPLY * 200

    dialogue(test)


@pytest.mark.parametrize(
    ("asked", "reply"),
    [
        (LARGE, LARGE_REPLY),
        (LARGE * 3, LARGE_REPLY * 3),
        (MEDIUM * 10, MEDIUM_REPLY * 10),
        (pack(INFO, b"large\n" * 20), pack(INFO, (b"large\t" + b"x" * 100_000 + b"\n") * 20)),
        (pack(INFO, b"medium\n" * 20), pack(INFO, (b"medium\t" + b"x" * 50_000 + b"\n") * 20)),
        (BUILD + LARGE + BUILD, BUILD_REPLY + LARGE_REPLY + BUILD_REPLY),
    ],
    ids=[
        "large",
        "pipelined",
        "medium ones pipelined",
        "in one request",
        "medium ones in one request",
        "mixed",
    ],
)
def test_all_clients_together_get_so_many_bytes_in_a_turn(asked: bytes, reply: bytes) -> None:
    """Fifty clients that want much: in no turn of the loop is more written than to a few, and nobody is forgotten."""

    async def test(bench: Bench) -> None:
        transports = []
        for _ in range(50):
            connection, transport = bench.connect()
            connection.data_received(asked)
            transports.append(transport)
        at_once = sum(len(transport.sent) for transport in transports)
        assert at_once <= TURN_SIZE + 60_000
        sizes = await sent_in_each_turn(transports, len(reply))
        assert max(sizes) <= 2 * (TURN_SIZE + 60_000)
        assert all(transport.sent == reply for transport in transports)

    dialogue(test)


def test_a_small_request_is_answered_at_once_while_many_large_ones_are_not() -> None:
    async def test(bench: Bench) -> None:
        other, small = bench.connect()
        other.data_received(BUILD)
        transports = []
        for _ in range(200):
            connection, transport = bench.connect()
            connection.data_received(LARGE)
            transports.append(transport)
        for number in range(2, 20):
            before = sum(len(transport.sent) for transport in transports)
            other.data_received(BUILD)
            assert small.sent == BUILD_REPLY * number
            await asyncio.sleep(0)
            assert sum(len(transport.sent) for transport in transports) - before <= TURN_SIZE

    dialogue(test)


def test_a_new_client_is_answered_in_its_turn() -> None:
    """What is not kept ready stands in line, behind one turn for each of the others."""

    async def test(bench: Bench) -> None:
        transports = []
        for _ in range(50):
            connection, transport = bench.connect()
            connection.data_received(pack(INFO, b"medium\n" * 100))
            transports.append(transport)
        other, small = bench.connect()
        other.data_received(pack(INFO, b"count\n"))
        await turns(52)
        assert small.sent
        assert not any(transport.sent for transport in transports)

    dialogue(test)


def test_clients_that_do_not_read_take_next_to_no_memory() -> None:
    """What is not taken is not made; what is made is one answer for all."""

    async def test(bench: Bench) -> None:
        transports = []
        for _ in range(50):
            connection, transport = bench.connect()

            def write(
                data: bytes, connection: object = connection, transport: FakeTransport = transport
            ) -> None:
                assert len(data) <= PIECE_SIZE
                transport.unsent += len(data)
                if transport.unsent > transport.high:
                    connection.pause_writing()  # type: ignore[attr-defined]  # as a transport does

            transport.write = write  # type: ignore[method-assign]  # a client that takes nothing
            connection.data_received(pack(INFO, b"large\n" * 30))
            transports.append(transport)
        await turns(2000)
        assert all(transport.unsent <= 2 * PIECE_SIZE for transport in transports)
        assert not any(transport.aborted for transport in transports)

    dialogue(test)


def test_a_reply_beyond_what_may_wait_ends_the_connection() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()

        def write(data: bytes) -> None:
            transport.unsent += len(data)
            if transport.unsent > 100_000:
                connection.pause_writing()

        transport.write = write  # type: ignore[method-assign]  # a client that takes nothing
        connection.data_received(MEDIUM * 30)
        await turns(100)
        assert transport.aborted
        assert "take more than proto-buffer-max" in bench.log[0][2]

    dialogue(test, proto_buffer_max=150_000)
