"""Connections of a reactor: the order of replies, pauses, limits, and clients that go in the midst."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import pytest

from asudfd.network.socket_connection import READ_SIZE
from tests.unit.asudfd.network.line_server import LONG, LineServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[LineServer]:
    made = LineServer()
    yield made
    made.close()


def test_half_requests_are_held(server: LineServer) -> None:
    client = server.connect()
    for piece in (b"a", b"b", b"c\nd"):
        client.sendall(piece)
        server.settle()
    server.answer(client, b"abc\n")
    client.sendall(b"e\n")
    server.answer(client, b"de\n")


def test_a_pause_holds_what_follows_and_resume_goes_on(server: LineServer) -> None:
    client = server.connect()
    client.sendall(b"one\nwait\ntwo\n")
    server.answer(client, b"one\n")
    client.sendall(b"three\n")
    server.settle()
    (conversation,) = server.conversations
    assert conversation.connection.paused
    conversation.connection.resume(b"now\n")
    server.answer(client, b"now\ntwo\nthree\n")


def test_a_client_that_waits_is_read_from_up_to_a_limit(server: LineServer) -> None:
    client = server.connect()
    client.sendall(b"wait\n")
    server.settle()
    for _ in range(5 * READ_SIZE // 2 // 1000):
        client.sendall(b"y" * 999 + b"\n")
        server.reactor.step(0)
    server.settle()
    (conversation,) = server.conversations
    assert READ_SIZE < len(conversation.connection._held) <= 2 * READ_SIZE
    client.close()  # that is noticed, though it is not read from
    server.await_end()


def test_a_client_that_does_not_read_is_cut_at_the_limit(server: LineServer) -> None:
    server.limits.output_max = 100_000
    client, other = server.connect(), server.connect()
    client.sendall(b"flood 10000000\n")
    server.await_end()
    other.sendall(b"hello\n")
    server.answer(other, b"hello\n")


def test_the_client_for_which_most_waits_is_cut_when_too_much_waits_for_all(server: LineServer) -> None:
    server.limits.output_max, server.limits.outputs_max = 1 << 30, 70_000_000
    clients = [server.connect() for _ in range(4)]
    for client, size in zip(clients, (10_000_000, 40_000_000, 10_000_000, 30_000_000), strict=True):
        client.sendall(b"flood %d\n" % size)
        server.settle()
    assert server.evicted == [server.conversations[1]] == server.ended
    assert (
        server.listener.connections.backlog
        == sum(each.backlog for each in server.listener.connections)
        <= 70_000_000
    )
    server.answer(clients[3], b"x" * 30_000_000)
    for client in clients:
        client.close()
    while len(server.ended) < len(clients):
        server.reactor.step(LONG)
    assert server.listener.connections.backlog == 0


def test_a_client_that_must_stay_is_not_cut_for_what_waits_for_all(server: LineServer) -> None:
    server.limits.output_max, server.limits.outputs_max = 1 << 30, 70_000_000
    first, second = server.connect(), server.connect()
    server.conversations[0].may_be_evicted = False
    first.sendall(b"flood 60000000\n")
    server.settle()
    second.sendall(b"flood 30000000\n")
    server.await_end()
    assert server.evicted == [server.conversations[1]]


def test_a_client_that_does_not_read_is_not_read_from(server: LineServer) -> None:
    server.limits.output_max = 1 << 30
    client = server.connect()
    client.sendall(b"flood 10000000\n")
    server.settle()
    (conversation,) = server.conversations
    calls = len(conversation.fed)
    assert conversation.connection.backlog > 0
    client.sendall(b"later\n")
    server.settle()
    assert len(conversation.fed) == calls
    server.answer(client, b"x" * 10_000_000 + b"later\n")
    assert conversation.connection.backlog == 0


def test_finish_sends_what_is_left_before_the_end(server: LineServer) -> None:
    server.limits.output_max = 1 << 30
    client = server.connect()
    client.sendall(b"flood 5000000\nbye\nnever\n")
    server.answer(client, b"x" * 5_000_000)
    server.await_end()
    client.setblocking(True)
    assert client.recv(10) == b""


def test_requests_in_a_step_from_inside_a_request_wait_for_their_turn(server: LineServer) -> None:
    """The loop is run from inside a request: others are answered, the client itself keeps its order."""
    client, other = server.connect(), server.connect()
    other.sendall(b"hi\n")
    client.sendall(b"step\n")
    server.answer(client, b"stepped\n")
    server.answer(other, b"hi\n")
    own = server.conversations[0]
    calls = len(own.fed)
    client.sendall(b"first\n")

    def feed_inside(data: bytes) -> bytes:
        del own.feed
        client.sendall(b"second\n")
        server.settle()  # its bytes come while its request is being answered
        assert len(own.fed) == calls
        return own.feed(data)

    own.feed = feed_inside  # type: ignore[method-assign] # for this test only
    server.answer(client, b"first\nsecond\n")
    client.sendall(b"third\n")
    server.answer(client, b"third\n")


def test_a_client_is_read_from_up_to_a_limit_while_its_request_is_answered(server: LineServer) -> None:
    client = server.connect()
    (own,) = server.conversations
    lines = b"y" * 999 + b"\n"

    def feed_inside(data: bytes) -> bytes:
        del own.feed
        for _ in range(5 * READ_SIZE // 2 // len(lines)):
            client.sendall(lines)
            server.reactor.step(0)
        server.settle()
        assert READ_SIZE < len(own.connection._held) <= 2 * READ_SIZE
        return own.feed(data)

    own.feed = feed_inside  # type: ignore[method-assign] # for this test only
    client.sendall(b"first\n")
    server.answer(client, b"first\n" + lines * (5 * READ_SIZE // 2 // len(lines)))


def test_a_client_that_goes_in_the_midst_of_its_request_harms_nobody(server: LineServer) -> None:
    client, other = server.connect(), server.connect()
    client.sendall(b"cut\nmore\n")
    server.await_end()
    other.sendall(b"hello\n")
    server.answer(other, b"hello\n")
    third = server.connect()
    third.sendall(b"half of a li")
    server.settle()
    third.close()
    server.await_end(2)


def test_a_fault_ends_the_connection_that_it_concerns(server: LineServer) -> None:
    client, other = server.connect(), server.connect()
    client.sendall(b"flood x\n")
    server.await_end()
    assert client.recv(10) == b""
    assert [type(each) for each in server.faults] == [ValueError]
    server.faults.clear()
    other.sendall(b"hello\n")
    server.answer(other, b"hello\n")


def test_a_client_that_goes_while_it_waits_is_let_go(server: LineServer) -> None:
    client = server.connect()
    client.sendall(b"wait\n")
    server.settle()
    client.close()
    server.await_end()
    server.conversations[0].connection.resume(b"too late\n")
    server.settle()
    assert not server.listener.connections


def test_a_client_that_sends_no_more_gets_the_replies_that_are_still_to_come(server: LineServer) -> None:
    client = server.connect()
    client.sendall(b"one\nwait\ntwo\n")
    server.answer(client, b"one\n")
    (conversation,) = server.conversations
    conversation.owes_replies = True
    client.sendall(b"three\n")
    client.shutdown(socket.SHUT_WR)
    server.settle()
    assert not server.ended
    conversation.owes_replies = False
    conversation.connection.resume(b"now\n")
    server.answer(client, b"now\ntwo\nthree\n")
    server.await_end()
    assert client.recv(1) == b""


def test_a_client_that_sends_no_more_while_its_request_waits_for_nothing_sure_is_let_go(
    server: LineServer,
) -> None:
    client = server.connect()
    client.sendall(b"wait\n")
    server.settle()
    client.sendall(b"more\n")
    client.shutdown(socket.SHUT_WR)
    server.await_end()
    assert client.recv(1) == b""


def test_a_client_that_sends_no_more_takes_a_long_reply_in_its_time(server: LineServer) -> None:
    server.limits.output_max = 1 << 30
    client = server.connect()
    client.sendall(b"flood 30000000\nbye\n")
    client.shutdown(socket.SHUT_WR)
    server.settle()
    assert not server.ended
    server.answer(client, b"x" * 30_000_000)
    server.await_end()


def test_a_client_that_goes_after_it_has_sent_no_more_is_noticed(server: LineServer) -> None:
    client = server.connect()
    client.sendall(b"wait\n")
    server.settle()
    server.conversations[0].owes_replies = True
    client.shutdown(socket.SHUT_WR)
    server.settle()
    assert not server.ended
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close resets
    client.close()
    server.await_end()
