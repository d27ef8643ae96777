"""A connection without a socket: chunks in, writes out."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire.frame import HEADER_SIZE, INFO, MESSAGE, pack, unpack_header
from asudfd.network.connection import TURN_REPLIES
from asudfd.network.flow import HELD_SIZE
from asudfd.network.session import ClientSession
from tests.fakes.connection import BUILD, BUILD_REPLY, Bench, dialogue, feed, frames, turns


@pytest.fixture(autouse=True)
def _long_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn of the loop ends by its number of replies only: on a busy machine any may take longer than its time."""
    monkeypatch.setattr("asudfd.fairness.TURN_SECONDS", 60)


def test_a_request_is_answered_in_one_write() -> None:
    transport = feed(BUILD)
    assert transport.sent == BUILD_REPLY
    assert transport.writes == 1


def test_pipelined_requests_are_answered_in_one_write() -> None:
    transport = feed(BUILD * 16)
    assert transport.sent == BUILD_REPLY * 16
    assert transport.writes == 1


def test_ready_replies_count_as_requests() -> None:
    transport = feed(BUILD, BUILD, BUILD * 2, pack(INFO, b"count\n"))
    assert transport.sent.endswith(b"count\t4\n")


def test_ready_replies_are_bounded() -> None:
    async def test(bench: Bench) -> None:
        connection, _ = bench.connect()
        for number in range(3000):
            connection.data_received(pack(INFO, b"build:%d\n" % number))
        assert 0 < len(bench.face.ready) <= 1024

    dialogue(test)


def test_byte_by_byte() -> None:
    transport = feed(*(bytes([byte]) for byte in BUILD + pack(INFO, b"count\n")))
    assert transport.sent == BUILD_REPLY + pack(INFO, b"count\t1\n")


@pytest.mark.parametrize(
    "header",
    [
        b"\0\1\0\0\0\0\0\6",
        b"\xff\1\0\0\0\0\0\6",
        b"\2\0\0\0\0\0\0\6",
        b"\2\6\0\0\0\0\0\6",
        b"\2\1\0\0\x08\0\0\1",
        b"\2\1\xff\xff\xff\xff\xff\xff",
        b"GET / HTTP/1.0\r\n\r\n",
        b"\x16\x03\x01\x02\0\1\0\1\xfc\3\3",
    ],
)
def test_a_bad_header_closes_without_a_reply(header: bytes) -> None:
    transport = feed(header)
    assert transport.is_closing()
    assert not transport.sent


def test_a_bad_header_after_good_requests_closes_after_their_replies() -> None:
    transport = feed(BUILD * 2 + b"nonsense" + BUILD)
    assert transport.sent == BUILD_REPLY * 2
    assert transport.is_closing()


def test_the_largest_length_is_accepted_without_memory() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        connection.data_received(b"\2\1\0\0\x08\0\0\0")
        assert not transport.is_closing()
        assert bench.connections.buffered == HEADER_SIZE

    dialogue(test)


@pytest.mark.parametrize(
    ("request_frame", "reply"),
    [
        (pack(2, b"build\n"), pack(2, bytes([0, 51]) + bytes(14))),
        (b"\0\2\0\0\0\0\0\6build\n", pack(2, bytes([0, 51]) + bytes(14))),
        (pack(3, b"build\n"), pack(3, bytes([22, 0, 0, 0, 0, 4]) + bytes(16))),
        (pack(3, bytes(22)), pack(3, bytes([22, 0, 0, 0, 0, 20]) + bytes(16))),
        (pack(4, b"build\n"), pack(3, bytes([22, 0, 0, 0, 0, 25]) + bytes(16))),
        (pack(5, b"build\n"), b""),
    ],
)
def test_other_frame_types_leave_the_connection_open(request_frame: bytes, reply: bytes) -> None:
    transport = feed(request_frame + BUILD)
    assert transport.sent == reply + BUILD_REPLY
    assert not transport.is_closing()


def test_replies_keep_their_order_while_one_is_pending() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        connection.data_received(BUILD + pack(INFO, b"wait\n") + BUILD)
        assert transport.sent == BUILD_REPLY
        assert not transport.is_reading()
        connection.data_received(BUILD)  # a transport may have had it in hand
        await turns()
        assert transport.sent == BUILD_REPLY
        bench.pending.futures[0].set_result(b"done")
        await turns()
        assert transport.sent == BUILD_REPLY + pack(INFO, b"wait\tdone\n") + BUILD_REPLY * 2
        assert transport.is_reading()
        assert bench.connections.buffered == 0

    dialogue(test)


def test_two_pending_in_one_request_and_one_after() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        connection.data_received(pack(INFO, b"wait\nbuild\nwait\n") + pack(INFO, b"wait\n"))
        for number in range(3):
            await turns()
            assert len(bench.pending.futures) == number + 1
            bench.pending.futures[number].set_result(b"%d" % number)
        await turns()
        assert transport.sent == pack(INFO, b"wait\t0\nbuild\t8.1.2.0\nwait\t1\n") + pack(INFO, b"wait\t2\n")

    dialogue(test)


def test_the_end_of_the_stream_closes_after_the_pending_reply() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        connection.data_received(pack(INFO, b"wait\n"))
        assert connection.eof_received()
        assert not transport.is_closing()
        await turns()
        bench.pending.futures[0].set_result(b"done")
        await turns()
        assert transport.sent == pack(INFO, b"wait\tdone\n")
        assert transport.is_closing()

    dialogue(test)


def test_the_end_of_the_stream_lets_the_transport_close() -> None:
    async def test(bench: Bench) -> None:
        connection, _ = bench.connect()
        connection.data_received(BUILD)
        assert not connection.eof_received()

    dialogue(test)


@pytest.mark.parametrize("end", ["end of stream", "loss"])
def test_a_record_message_is_given_up_with_its_client(end: str) -> None:
    async def test(bench: Bench) -> None:
        futures: list[asyncio.Future[bytes]] = []

        def respond(_body: bytes, _session: ClientSession) -> asyncio.Future[bytes]:
            futures.append(asyncio.get_running_loop().create_future())
            return futures[-1]

        bench.face.responders[MESSAGE] = respond
        connection, transport = bench.connect()
        connection.data_received(pack(MESSAGE, b"x") + pack(MESSAGE, b"y"))
        await turns()
        assert transport.is_reading()  # else nobody would tell
        if end == "loss":
            connection.cut()
            connection.connection_lost(None)
        else:
            assert connection.eof_received()
        await turns()
        assert [each.cancelled() for each in futures] == [True]
        assert transport.is_closing()
        assert not transport.sent
        assert not bench.connections.tasks
        assert not bench.log

    dialogue(test)


def test_what_comes_behind_a_record_message_is_bounded() -> None:
    async def test(bench: Bench) -> None:
        futures: list[asyncio.Future[bytes]] = []

        def respond(_body: bytes, _session: ClientSession) -> asyncio.Future[bytes]:
            futures.append(asyncio.get_running_loop().create_future())
            return futures[-1]

        bench.face.responders[MESSAGE] = respond
        connection, transport = bench.connect()
        connection.data_received(pack(MESSAGE, b"x"))
        connection.data_received(pack(MESSAGE, bytes(HELD_SIZE - 100)))
        assert transport.is_reading()
        connection.data_received(bytes(200))
        assert not transport.is_reading()
        futures[0].set_result(b"one")
        await turns()
        assert transport.sent == b"one"
        assert len(futures) == 2
        connection.connection_lost(None)
        await turns()

    dialogue(test)


def test_a_lost_connection_does_not_stop_its_command() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        connection.data_received(pack(INFO, b"wait\n") + BUILD)
        await turns()
        transport.close()
        connection.connection_lost(None)
        assert not bench.pending.futures[0].cancelled()
        bench.pending.futures[0].set_result(b"done")
        await turns()
        assert not transport.sent
        assert not bench.connections.tasks
        assert bench.connections.buffered == 0
        assert bench.node.counters.closed == 1

    dialogue(test)


def test_a_fault_of_ours_is_an_answer_and_a_log_line() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        connection.data_received(pack(INFO, b"broken:abc\nrefused\nwait\n"))
        await turns()
        bench.pending.futures[0].set_exception(ZeroDivisionError("later"))
        await turns()
        assert transport.sent == pack(
            INFO,
            b"broken:abc\tERROR::internal error\nrefused\tERROR:7:not now\nwait\tERROR::internal error\n",
        )
        assert [(level, context) for level, context, _ in bench.log] == [("warning", "info")] * 2
        assert "ZeroDivisionError: abc" in bench.log[0][2]

    dialogue(test)


def test_one_client_too_many_is_closed_without_a_byte() -> None:
    async def test(bench: Bench) -> None:
        first, _ = bench.connect()
        second, refused_transport = bench.connect()
        assert refused_transport.is_closing()
        second.connection_lost(None)
        assert (bench.node.counters.opened, bench.node.counters.closed) == (1, 0)
        first.connection_lost(None)
        _, transport = bench.connect()
        assert not transport.is_closing()

    dialogue(test, proto_fd_max=1)


def test_half_received_requests_have_a_limit_over_all_connections() -> None:
    async def test(bench: Bench) -> None:
        half = pack(INFO, b"x" * 1_000_000)[:600_000]
        first, first_transport = bench.connect()
        second, second_transport = bench.connect()
        first.data_received(half)
        second.data_received(half)
        assert not first_transport.is_closing()
        assert second_transport.aborted
        assert "proto-buffer-max" in bench.log[0][2]
        second.connection_lost(None)
        assert bench.connections.buffered == 600_000
        first.connection_lost(None)
        assert bench.connections.buffered == 0

    dialogue(test, proto_buffer_max=1 << 20)


def test_a_client_that_does_not_read_is_not_read_from() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        transport.unsent = 2_000_000
        connection.pause_writing()
        assert not transport.is_reading()
        connection.data_received(BUILD)
        assert not transport.sent
        transport.unsent = 0
        connection.resume_writing()
        assert transport.sent == BUILD_REPLY
        assert transport.is_reading()
        assert bench.connections.backlog == 0

    dialogue(test)


def test_a_client_that_never_reads_is_closed() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        transport.unsent = 100
        connection.pause_writing()
        now = asyncio.get_running_loop().time()
        bench.connections.sweep(now + 29)
        transport.unsent = 50  # it takes some
        bench.connections.sweep(now + 31)
        bench.connections.sweep(now + 60)
        assert not transport.is_closing()
        bench.connections.sweep(now + 62)
        assert transport.aborted
        connection.connection_lost(None)
        assert not bench.connections.stalled
        assert bench.connections.backlog == 0

    dialogue(test)


def test_replies_that_nobody_takes_have_a_limit_over_all_connections() -> None:
    async def test(bench: Bench) -> None:
        clients = [bench.connect() for _ in range(3)]
        for connection, transport in clients:
            transport.unsent = 500_000
            connection.pause_writing()
        assert [transport.aborted for _, transport in clients] == [False, False, True]

    dialogue(test, proto_buffer_max=1 << 20)


def test_idle_clients_are_closed_only_where_configured() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        bench.connections.sweep(100.0)
        bench.connections.sweep(900.0)
        assert not transport.is_closing()
        bench.node.config.service.proto_fd_idle_ms = 5000
        bench.connections.sweep(1000.0)
        connection.data_received(BUILD)
        bench.connections.sweep(1006.0)
        bench.connections.sweep(1010.0)
        assert not transport.is_closing()
        bench.connections.sweep(1011.0)
        assert transport.is_closing()
        assert bench.node.counters.reaped == 1

    dialogue(test)


def test_long_batches_give_others_a_turn() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        connection.data_received(BUILD * (3 * TURN_REPLIES))
        assert transport.sent == BUILD_REPLY * TURN_REPLIES
        assert not transport.is_reading()
        await turns()
        assert transport.sent == BUILD_REPLY * (3 * TURN_REPLIES)
        assert transport.is_reading()

    dialogue(test)


def test_draining_answers_what_is_in_flight() -> None:
    async def test(bench: Bench) -> None:
        idle, idle_transport = bench.connect()
        busy, busy_transport = bench.connect()
        busy.data_received(pack(INFO, b"wait\n"))
        draining = asyncio.ensure_future(bench.connections.drain(5))
        await turns()
        assert idle_transport.is_closing()
        idle.connection_lost(None)
        assert not busy_transport.is_closing()
        bench.pending.futures[0].set_result(b"done")
        await turns()
        assert busy_transport.sent == pack(INFO, b"wait\tdone\n")
        assert busy_transport.is_closing()
        busy.connection_lost(None)
        await draining
        _, late_transport = bench.connect()
        assert late_transport.is_closing()

    dialogue(test)


def test_draining_has_an_end() -> None:
    async def test(bench: Bench) -> None:
        busy, transport = bench.connect()
        busy.data_received(pack(INFO, b"wait\n"))
        await bench.connections.drain(0)
        assert transport.aborted
        bench.pending.futures[0].cancel()
        await turns()

    dialogue(test)


def test_a_request_of_a_million_lines_is_bounded() -> None:
    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        connection.data_received(pack(INFO, b"large\n" * 2000))
        for _ in range(1000):
            await asyncio.sleep(0)
        assert transport.sent == pack(INFO, b"ERROR:4:reply too large\n")

    dialogue(test)


def test_an_answer_that_took_long_is_the_answer() -> None:
    """The command has been carried out: a client that is told otherwise would be told wrong."""

    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        connection.data_received(pack(INFO, b"build\nwait\n"))
        await turns()
        bench.pending.futures[0].set_result(b"late")
        await turns()
        assert transport.sent == pack(INFO, b"build\t8.1.2.0\nwait\tlate\n")

    dialogue(test, info_max_ms=-1)


KNOWN = st.sampled_from(
    [BUILD, pack(INFO, b"build\nnope\n"), pack(INFO, b""), pack(3, bytes(22)), pack(2, b"")]
)
ODD_BODY = st.binary(max_size=60).map(lambda body: pack(INFO, body))


@given(
    st.lists(st.one_of(KNOWN, ODD_BODY, st.binary(max_size=40)), max_size=8),
    st.lists(st.integers(min_value=1, max_value=200)),
)
def test_any_bytes_in_any_chunks_give_frames_or_a_close(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    transport = feed(*chunked(data, cuts))
    whole = feed(data)
    assert transport.sent == whole.sent
    assert transport.is_closing() == whole.is_closing()
    assert not transport.aborted
    replies = list(frames(transport.sent))
    assert [kind for kind, _ in replies] == list(expected_kinds(data))


def chunked(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    for size in cuts:
        if data:
            yield data[:size]
            data = data[size:]
    if data:
        yield data


def expected_kinds(data: bytes) -> Iterator[int]:
    """Types of the replies that the frames of ``data`` get, up to the first bad header."""
    replies = {1: 1, 2: 2, 3: 3, 4: 3}
    offset = 0
    while len(data) - offset >= HEADER_SIZE:
        try:
            kind, size = unpack_header(data, offset)
        except WireError:
            return
        offset += HEADER_SIZE + size
        if offset <= len(data) and kind in replies:
            yield replies[kind]


def test_a_reply_in_pieces_ends_when_its_client_is_gone() -> None:
    """Its maker can know, and what it makes after that is written nowhere."""

    async def test(bench: Bench) -> None:
        sessions: list[ClientSession] = []
        go_on = asyncio.Event()

        async def pieces() -> AsyncIterator[bytes]:
            yield b"one"
            await go_on.wait()
            yield b"two"
            raise AssertionError("asked for more")

        def respond(_body: bytes, session: ClientSession) -> AsyncIterator[bytes]:
            sessions.append(session)
            return pieces()

        bench.face.responders[MESSAGE] = respond
        connection, transport = bench.connect()
        connection.data_received(pack(MESSAGE, b"x"))
        await turns()
        known = [sessions[0].gone]
        connection.cut()
        connection.connection_lost(None)
        known.append(sessions[0].gone)
        go_on.set()
        await turns()
        assert known == [False, True]
        assert not transport.sent
        assert not bench.connections.tasks
        assert not bench.log

    dialogue(test)
