"""Listeners of a reactor: clients too many, silent ones, and those that cannot be accepted."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

import pytest

from tests.unit.asudfd.network.line_server import LONG, LineServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[LineServer]:
    made = LineServer()
    yield made
    made.close()


def test_one_client_too_many_is_told_so(server: LineServer) -> None:
    server.limits.connections_max = 2
    first = server.connect()
    server.connect()
    third = server.connect()
    assert third.recv(100) == b"full\n"
    assert third.recv(100) == b""
    assert server.listener.refused == 1
    first.close()
    server.await_end()
    fourth = server.connect()
    fourth.sendall(b"hello\n")
    server.answer(fourth, b"hello\n")


def test_silent_clients_are_closed_but_not_those_that_wait(server: LineServer) -> None:
    silent, waiting = server.connect(), server.connect()
    waiting.sendall(b"wait\n")
    server.settle()
    server.limits.idle_seconds = 5.0
    latest = max(each.connection.last_read for each in server.conversations)
    server.listener.close_idle(latest + 1)
    assert not server.ended
    server.listener.close_idle(latest + 6)
    assert [each.connection for each in server.ended] == [server.conversations[0].connection]
    assert silent.recv(10) == b""


class NoDescriptors:
    """A listening socket that has clients, and no descriptors for them."""

    def __init__(self, listening: socket.socket, number: int) -> None:
        self._listening = listening
        self.number = number
        self.tries = 0

    def accept(self) -> tuple[socket.socket, object]:
        if self.number:
            self.tries += 1
            raise OSError(self.number, "")
        return self._listening.accept()

    def fileno(self) -> int:
        return self._listening.fileno()

    def close(self) -> None:
        self._listening.close()


def test_without_descriptors_the_listener_waits(server: LineServer) -> None:
    """A client that cannot be accepted is reported again and again: the loop must not be busy with it."""
    stub = NoDescriptors(server.listener._listening, errno.EMFILE)
    server.listener._listening = stub  # type: ignore[assignment] # for this test only
    waiting = socket.create_connection(server.address, timeout=LONG)
    server.clients.append(waiting)
    while not stub.tries:
        server.reactor.step(LONG)
    for _ in range(10):
        server.reactor.step(0)
    assert stub.tries == 1
    stub.number = 0
    waiting.sendall(b"hello\n")
    server.answer(waiting, b"hello\n")


def test_a_client_that_has_gone_before_it_was_accepted_is_passed_over(server: LineServer) -> None:
    stub = NoDescriptors(server.listener._listening, errno.ECONNABORTED)
    server.listener._listening = stub  # type: ignore[assignment] # for this test only
    waiting = socket.create_connection(server.address, timeout=LONG)
    server.clients.append(waiting)
    while not stub.tries:
        server.reactor.step(LONG)
    stub.number = 0
    waiting.sendall(b"hello\n")
    server.answer(waiting, b"hello\n")
