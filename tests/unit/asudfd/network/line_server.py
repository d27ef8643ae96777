"""A listener of a reactor that answers lines; the test runs the loop step by step."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from asudfd.network.reactor import Reactor
from asudfd.network.socket_listener import SocketListener

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.network.socket_connection import SocketConnection

LONG = 60.0
"""Seconds that only a hang takes."""


class Limits:
    connections_max = 10
    output_max = 1 << 20
    outputs_max = 1 << 40
    idle_seconds = 0.0


class LineConversation:
    """Answers lines: `echo` lines come back; `wait` pauses, `bye` ends, `flood N` is answered by N bytes, `step` runs the loop.

    A word of the server's ``calls`` makes that call, and has no reply.
    """

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
        elif word in self.server.calls:
            self.server.calls[word]()
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
        self.calls: dict[bytes, Callable[[], None]] = {}

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
