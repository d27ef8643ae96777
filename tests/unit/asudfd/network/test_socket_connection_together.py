"""What comes on many connections at once is read, then answered, then sent; each client has its replies in order all the same."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from asudfd.network.socket_connection import SHORT_REPLY, SHORT_REQUEST
from tests.unit.asudfd.network.line_server import LineServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[LineServer]:
    made = LineServer()
    yield made
    made.close()


def together(server: LineServer, *texts: bytes) -> list[socket.socket]:
    """Clients, one for each text, which is there when the loop runs next."""
    clients = [server.connect() for _ in texts]
    server.settle()
    for client, text in zip(clients, texts, strict=True):
        client.sendall(text)
    return clients


def test_no_reply_is_sent_before_all_have_been_answered(server: LineServer) -> None:
    sent: list[int] = []
    server.calls[b"look"] = lambda: sent.extend(each.connection.bytes_sent for each in server.conversations)
    clients = together(server, b"one\n", b"two\n", b"look\nthree\n")
    for client, wanted in zip(clients, (b"one\n", b"two\n", b"three\n"), strict=True):
        server.answer(client, wanted)
    assert sent == [0, 0, 0]


@pytest.mark.parametrize("size", [10, SHORT_REPLY + 1, 200_000])
def test_what_is_pushed_comes_behind_the_reply_that_waits(server: LineServer, size: int) -> None:
    server.calls[b"push"] = lambda: server.conversations[0].connection.write(b"pushed")
    first, _ = together(server, b"flood %d\n" % size, b"push\n")
    server.answer(first, b"x" * size + b"pushed")


def test_a_client_that_another_one_cuts_has_its_reply(server: LineServer) -> None:
    first, _ = together(server, b"one\n", b"kill\n")
    server.calls[b"kill"] = server.conversations[0].connection.cut
    server.await_end()
    assert first.recv(100) == b"one\n"
    assert first.recv(100) == b""


def test_a_client_that_is_cut_before_its_turn_is_not_answered(server: LineServer) -> None:
    _, second = together(server, b"kill\n", b"two\n")
    server.calls[b"kill"] = server.conversations[1].connection.cut
    server.await_end()
    assert server.conversations[1].fed == []
    assert server.faults == []
    second.close()


def test_clients_that_send_no_more_have_their_replies(server: LineServer) -> None:
    clients = together(server, b"one\nbye\n", b"two\n")
    for client in clients:
        client.shutdown(socket.SHUT_WR)
    server.await_end(2)
    assert [client.recv(100) for client in clients] == [b"one\n", b"two\n"]


def test_a_step_from_inside_a_request_sends_and_answers_what_was_read_before(server: LineServer) -> None:
    """Otherwise nobody who has come with an endless function could end it."""
    sent: list[int] = []
    server.calls[b"look"] = lambda: sent.extend(each.connection.bytes_sent for each in server.conversations)
    clients = together(server, b"one\n", b"step\nlook\n", b"three\n")
    for client, wanted in zip(clients, (b"one\n", b"stepped\n", b"three\n"), strict=True):
        server.answer(client, wanted)
    assert sent == [len(b"one\n"), 0, len(b"three\n")]


def test_a_call_that_takes_its_time_has_sent_the_replies_before(server: LineServer) -> None:
    sent: list[int] = []

    def send_and_look() -> None:
        server.reactor.send_now()
        sent.extend(each.connection.bytes_sent for each in server.conversations)

    server.calls[b"slow"] = send_and_look
    clients = together(server, b"one\n", b"slow\ntwo\n")
    for client, wanted in zip(clients, (b"one\n", b"two\n"), strict=True):
        server.answer(client, wanted)
    assert sent == [len(b"one\n"), 0]


def test_a_long_request_is_answered_at_once(server: LineServer) -> None:
    line = b"y" * SHORT_REQUEST + b"\n"
    clients = together(server, b"one\n", line)
    server.answer(clients[1], line)
    server.answer(clients[0], b"one\n")
