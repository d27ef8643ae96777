"""Large replies: they take turns, and no more memory than allowed."""

import asyncio
import itertools

import pytest

from asinfo.wire.frame import INFO, pack
from daemon.info.dispatch import LARGE_COUNT_MAX
from daemon.network.connection import PIECE_SIZE, TURN_SIZE
from tests.fakes.connection import BUILD, BUILD_REPLY, Bench, dialogue, frames, turns


def test_a_turn_has_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "daemon.network.connection.TURN_SECONDS", 60
    )  # the bytes end it, however busy the machine is

    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        connection.data_received(pack(INFO, b"large\n") * 200)
        assert TURN_SIZE < len(transport.sent) < TURN_SIZE + 200_000
        await turns(200)
        assert list(frames(transport.sent)) == [(INFO, b"large\t" + b"x" * 100_000 + b"\n")] * 200

    dialogue(test)


def test_only_some_large_replies_are_made_at_a_time() -> None:
    """Ever so many requests for large replies take no more memory for what is not finished, and all are answered."""

    async def test(bench: Bench) -> None:
        transports = []
        for _ in range(20):
            connection, transport = bench.connect()
            connection.data_received(pack(INFO, b"large\n" * 100))
            transports.append(transport)
        other, known = bench.connect()
        order = []
        while any(not transport.sent for transport in transports):
            await asyncio.sleep(0)
            order.append(sum(bool(transport.sent) for transport in transports))
            if len(order) == 2:
                other.data_received(BUILD)
                assert known.sent == BUILD_REPLY
        assert max(later - earlier for earlier, later in itertools.pairwise(order)) <= LARGE_COUNT_MAX
        body = (b"large\t" + b"x" * 100_000 + b"\n") * 100
        assert all(transport.sent == pack(INFO, body) for transport in transports)

    dialogue(test)


def test_a_large_reply_is_written_in_pieces_and_counted() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        behind = iter(range(1000))

        def write(data: bytes) -> None:
            assert len(data) <= PIECE_SIZE
            transport.unsent += len(data)
            if next(behind) == 4:
                connection.pause_writing()

        transport.write = write  # type: ignore[method-assign]  # a client that takes nothing
        connection.data_received(pack(INFO, b"large\n" * 30))
        await turns(100)
        assert transport.unsent > 30 * 100_000
        assert bench.traffic.backlog == transport.unsent
        assert not transport.aborted

    dialogue(test)


def test_a_reply_beyond_what_may_wait_ends_the_connection() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()

        def write(data: bytes) -> None:
            transport.unsent += len(data)
            if transport.unsent == PIECE_SIZE:
                connection.pause_writing()

        transport.write = write  # type: ignore[method-assign]  # a client that takes nothing
        connection.data_received(pack(INFO, b"large\n" * 30))
        await turns(100)
        assert transport.aborted
        assert "take more than proto-buffer-max" in bench.log[0][2]

    dialogue(test, proto_buffer_max=1_000_000)
