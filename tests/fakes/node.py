"""A scripted peer on the loopback: it answers, delays, drips, breaks off, lies or keeps silent, as told.

    with FakeNode({"build": "8.1.2.0"}) as node:          # answers; anything else is an unrecognized command
        ...  node.host, node.port, node.address, node.requests (bodies as received)
    with FakeNode(behaviour=silent) as node: ...          # one of the behaviours below
    with FakeNode(behaviour=dripping({"build": "8"})): ...
    with never_accepting() as node: ...                   # a SYN that is never answered
    refusing()                                            # "host:port" where nobody listens

One thread for each connection. Leaving the ``with`` ends them all, whatever they wait for.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Self

Answers = Mapping[str, str | bytes] | Callable[[bytes], bytes | str | None]
"""Answer by command line, or a function of it; None stands for an unrecognized command."""

SUMMARY = "\0summary"
"""Key of the whole reply body to a request without a command."""


class Peer:
    """The fake's end of one connection."""

    def __init__(self, node: FakeNode, connection: socket.socket) -> None:
        self.node = node
        self.connection = connection

    def receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.connection.recv(size - len(data))
            if not part:
                raise ConnectionResetError
            data += part
        return data

    def frame(self) -> tuple[int, bytes]:
        """Type and body of the next frame; info bodies are noted in ``node.requests``."""
        version, kind, high, low = struct.unpack(">BBHI", self.receive(8))
        if version != 2 or high:
            raise ConnectionAbortedError  # as a node does: close without a word
        body = self.receive(high << 32 | low)
        if kind == 1:
            self.node.requests.append(body)
        return kind, body

    def request(self) -> bytes:
        return self.frame()[1]

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def wait(self, seconds: float | None = None) -> None:
        """Until the fake is closed, or for so long."""
        self.node.closing.wait(seconds)


Behaviour = Callable[[Peer], None]


def frame(body: bytes, kind: int = 1) -> bytes:
    return struct.pack(">BBHI", 2, kind, len(body) >> 32, len(body) & 0xFFFFFFFF) + body


def reply(body: bytes, answers: Answers) -> bytes:
    """The reply body that a well-behaved node sends to the request ``body``."""
    find = answers if callable(answers) else lambda line: answers.get(line.decode("utf-8", "replace"))
    if not body:
        summary = find(SUMMARY.encode()) or b""
        return summary.encode() if isinstance(summary, str) else summary
    lines = []
    for line in body.split(b"\n")[:-1]:
        answer = find(line)
        if answer is None:
            answer = b"ERROR:4:unrecognized command"
        lines.append(line + b"\t" + (answer.encode() if isinstance(answer, str) else answer) + b"\n")
    return b"".join(lines)


def answering(answers: Answers, *, delay: float = 0) -> Behaviour:
    """Answer every request, each after ``delay`` seconds."""

    def behave(peer: Peer) -> None:
        while True:
            body = peer.request()
            peer.wait(delay) if delay else None
            peer.send(frame(reply(body, answers)))

    return behave


def in_pieces(answers: Answers, *sizes: int) -> Behaviour:
    """Answer in pieces of ``sizes`` bytes (the last takes the rest), so ``in_pieces(a, 3)`` splits the header."""

    def behave(peer: Peer) -> None:
        peer.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = frame(reply(peer.request(), answers))
        for size in sizes:
            peer.send(data[:size])
            data = data[size:]
            peer.wait(0.002)
        peer.send(data)
        peer.wait()

    return behave


def dripping(answers: Answers, *, pause: float = 0.001) -> Behaviour:
    """Answer byte by byte."""

    def behave(peer: Peer) -> None:
        peer.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in frame(reply(peer.request(), answers)):
            peer.send(bytes([byte]))
            peer.wait(pause)
        peer.wait()

    return behave


def half_then_close(answers: Answers) -> Behaviour:
    """Send half of the reply frame and close."""

    def behave(peer: Peer) -> None:
        data = frame(reply(peer.request(), answers))
        peer.send(data[: len(data) // 2])

    return behave


def sending(data: bytes, *, first_read: bool = True) -> Behaviour:
    """Send these raw bytes (garbage, a header that lies) and keep the connection open."""

    def behave(peer: Peer) -> None:
        if first_read:
            peer.request()
        peer.send(data)
        peer.wait()

    return behave


def silent(peer: Peer) -> None:
    """Accept, read nothing, answer nothing."""
    peer.wait()


def closing(peer: Peer) -> None:
    """Accept, read the request and close."""
    peer.request()


def closing_at_once(_peer: Peer) -> None:
    """Accept and close: the node has too many clients."""


GARBAGE = sending(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
OVERSIZE = sending(b"\x02\x01" + (128 * 1024 * 1024 + 1).to_bytes(6, "big"))


def after(count: int, first: Behaviour, then: Behaviour) -> Behaviour:
    """Behave as ``first`` on the first ``count`` connections, as ``then`` on the later ones."""
    seen = threading.Semaphore(count)

    def behave(peer: Peer) -> None:
        (first if seen.acquire(blocking=False) else then)(peer)

    return behave


def security_reply(result: int, fields: Mapping[int, bytes] | None = None, command: int = 20) -> bytes:
    """A whole security frame."""
    fields = fields or {}
    body = bytes([0, result, command, len(fields)]) + bytes(12)
    for number, data in fields.items():
        body += struct.pack(">IB", len(data) + 1, number) + data
    return frame(body, 2)


def login_first(
    answers: Answers, *, credential: bytes, token: bytes = b"token", refuse: int = 65
) -> Behaviour:
    """Want a login (``credential``) or the token of one; refuse others with result ``refuse``."""

    def behave(peer: Peer) -> None:
        kind, body = peer.frame()
        if kind != 2:
            peer.send(frame(b"ERROR:80:not authenticated\n"))
            return
        peer.node.logins.append(body)
        good = credential in body if body[2] == 20 else token in body
        if not good:
            peer.send(security_reply(refuse if body[2] == 20 else 66, command=body[2]))
            return
        fields = {5: token, 6: struct.pack(">I", 86400)} if body[2] == 20 else {}
        peer.send(security_reply(0, fields, body[2]))
        answering(answers)(peer)

    return behave


def without_security(answers: Answers, *, result: int = 51) -> Behaviour:
    """Answer every security frame with 51 (not supported) or 52 (not enabled), and info as usual."""

    def behave(peer: Peer) -> None:
        while True:
            kind, body = peer.frame()
            peer.send(security_reply(result, command=0) if kind == 2 else frame(reply(body, answers)))

    return behave


class FakeNode:
    """A listener on ``host`` (any 127.x.y.z, or ::1) and a port of the system's choice."""

    def __init__(
        self,
        answers: Answers | None = None,
        *,
        behaviour: Behaviour | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.behaviour = behaviour or answering(answers if answers is not None else {"build": "8.1.2.0"})
        self.requests: list[bytes] = []
        self.logins: list[bytes] = []
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family, backlog=128)
        self.host, self.port = self.listener.getsockname()[:2]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{self.host}:{self.port}"

    @property
    def connections(self) -> int:
        """How many were accepted."""
        return len(self._threads) - 1

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self.listener.close()

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self.closing.is_set():
                connection, _ = self.listener.accept()
                self._open.add(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.behaviour(Peer(self, connection))
        self._open.discard(connection)


@contextmanager
def never_accepting() -> Iterator[FakeNode]:
    """An address whose connects are never completed: the queue of its listener is full."""
    node = FakeNode(behaviour=silent)
    node.listener.listen(0)
    fillers = []
    for _ in range(3):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex((node.host, node.port))
        fillers.append(filler)
    try:
        yield node
    finally:
        for filler in fillers:
            filler.close()
        node.listener.close()


def refusing() -> tuple[str, int]:
    """Host and port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
    return host, port
