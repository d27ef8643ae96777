"""Connections of a reactor: the order of replies, pauses, limits, and clients that go in the midst."""

from __future__ import annotations

import errno
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from asudfd.network.reactor import Reactor
from asudfd.network.socket_connection import READ_SIZE, SocketConnection, SocketListener

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 60.0
"""Seconds that only a hang takes."""


class Limits:
    connections_max = 10
    output_max = 1 << 20
    outputs_max = 1 << 40
    idle_seconds = 0.0


class LineConversation:
    """Answers lines: `echo` lines come back; `wait` pauses, `bye` ends, `flood N` is answered by N bytes, `step` runs the loop."""

    def __init__(self, server: LineServer, connection: SocketConnection) -> None:
        self.server = server
        self.connection = connection
        self.fed: list[int] = []
        self.held = b""
        self.may_be_evicted = True
        self.owes_replies = False

    def feed(self, data: bytes) -> bytes:
        self.fed.append(len(data))
        data = self.held + data
        replies: list[bytes] = []
        at = 0
        while (end := data.find(b"\n", at)) >= 0:
            line, at = data[at:end], end + 1
            if not self._answer(line, replies):
                break
        self.held = data[at:]
        return b"".join(replies)

    def _answer(self, line: bytes, replies: list[bytes]) -> bool:
        """Answer a line; says whether the next may follow."""
        word, _, rest = line.partition(b" ")
        if word == b"wait":
            self.connection.pause()
            return False
        if word == b"bye":
            self.connection.finish()
            return False
        if word == b"flood":
            replies.append(b"x" * int(rest))
        elif word == b"step":
            self.server.reactor.step(0)
            replies.append(b"stepped\n")
        elif word == b"cut":
            self.connection.cut()
        else:
            replies.append(line + b"\n")
        return True

    def evicted(self) -> None:
        self.server.evicted.append(self)

    def ended(self) -> None:
        self.server.ended.append(self)


class LineServer:
    """A listener of a reactor, which the test runs step by step."""

    def __init__(self) -> None:
        self.faults: list[BaseException] = []
        self.reactor = Reactor(self.faults.append)
        self.limits = Limits()
        self.conversations: list[LineConversation] = []
        self.ended: list[LineConversation] = []
        self.evicted: list[LineConversation] = []
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        self.address = listening.getsockname()
        self.listener = SocketListener(self.reactor, listening, self.limits, self._open, b"full\n")
        self.listener.start()
        self.clients: list[socket.socket] = []

    def _open(self, connection: SocketConnection) -> LineConversation:
        self.conversations.append(LineConversation(self, connection))
        return self.conversations[-1]

    def connect(self) -> socket.socket:
        """A client that has been accepted."""
        client = socket.create_connection(self.address, timeout=LONG)
        self.clients.append(client)
        before = len(self.conversations), self.listener.refused
        while (len(self.conversations), self.listener.refused) == before:
            self.reactor.step(LONG)
        return client

    def answer(self, client: socket.socket, wanted: bytes) -> None:
        """Run the loop until the client has this; nothing else may come before."""
        client.setblocking(False)
        got = bytearray()
        while len(got) < len(wanted):
            try:
                got += client.recv(1 << 20)
            except BlockingIOError:
                self.reactor.step(0.01)
        assert got == wanted

    def await_end(self, count: int = 1) -> None:
        """Run the loop until so many connections have ended."""
        while len(self.ended) < count:
            self.reactor.step(LONG)

    def settle(self) -> None:
        """Do what can be done by now."""
        for _ in range(20):
            self.reactor.step(0.001)

    def close(self) -> None:
        for client in self.clients:
            client.close()
        for connection in tuple(self.listener.connections):
            connection.cut()
        self.listener.stop()
        self.reactor.close()
        assert not self.faults


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
