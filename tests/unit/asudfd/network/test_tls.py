"""A TLS listener of a reactor: handshakes with all kinds of clients, and what is served behind them."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asudfd.errors import StartError
from asudfd.network import tls
from asudfd.network.reactor import Reactor
from asudfd.network.socket_connection import SocketConnections
from asudfd.network.tls import TlsFiles, TlsListener, server_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.network.socket_connection import SocketConnection

FILES = Path(__file__).parents[3] / "fakes" / "tls"
NODE, AUTHORITY = str(FILES / "node.pem"), str(FILES / "authority.pem")

LONG = 60.0
"""Seconds that only a hang takes."""

HELLO = b"\x16\x03\x01\x00\xc8\x01"
"""How a handshake begins, with nothing behind."""


class Limits:
    connections_max = 10
    output_max = 1 << 28
    outputs_max = 1 << 29
    idle_seconds = 0.0


class EchoConversation:
    """Sends back what comes; what begins with x is sent back a thousand times. What begins with l waits for its reply."""

    def __init__(self, ended: list[EchoConversation], connection: SocketConnection) -> None:
        self._ended = ended
        self.connection = connection

    def feed(self, data: bytes) -> bytes:
        if data.startswith(b"l"):
            self.connection.pause()
            self.owes_replies = True
            return b""
        return data * (1000 if data.startswith(b"x") else 1)

    may_be_evicted = True
    owes_replies = False

    def evicted(self) -> None:
        raise AssertionError

    def ended(self) -> None:
        self._ended.append(self)


class EchoServer:
    """A reactor in a thread with a TLS listener."""

    def __init__(self, auth_clients: str = "no") -> None:
        self.faults: list[BaseException] = []
        self.reactor = Reactor(self.faults.append)
        self.limits = Limits()
        self.ended: list[EchoConversation] = []
        self.connections = SocketConnections()
        listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.address: tuple[str, int] = listening.getsockname()
        self.listener = TlsListener(
            self.reactor,
            listening,
            self.limits,
            self._open,
            connections=self.connections,
            context=server_context(TlsFiles(NODE, NODE, AUTHORITY, auth_clients)),
        )
        self.listener.start()
        self._thread = threading.Thread(target=self.reactor.run)
        self._thread.start()

    def _open(self, connection: SocketConnection) -> EchoConversation:
        self.conversation = EchoConversation(self.ended, connection)
        return self.conversation

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, LONG)

    def secure(self, certificate: str = "") -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=AUTHORITY)
        if certificate:
            context.load_cert_chain(FILES / certificate)
        return context.wrap_socket(
            self.connect(), server_hostname="127.0.0.1", suppress_ragged_eofs=False
        )  # an end that is not told is an error

    def close(self) -> None:
        self.reactor.stop()
        self._thread.join()
        for connection in tuple(self.connections):
            connection.cut()
        self.listener.stop()
        assert not self.listener.handshakes
        self.reactor.close()
        assert not self.faults


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with contextlib.closing(EchoServer()) as made:
        yield made


def echoes(client: ssl.SSLSocket, data: bytes = b"hello") -> bool:
    client.sendall(data)
    return receive(client, len(data)) == data


def receive(client: socket.socket, size: int) -> bytes:
    got = bytearray()
    while len(got) < size and (piece := client.recv(1 << 16)):
        got += piece
    return bytes(got)


def is_closed(client: socket.socket) -> bool:
    """Whether the server ends the connection, perhaps with an alert before."""
    with contextlib.suppress(ConnectionError):
        while client.recv(1 << 16):
            pass
    return True


def test_requests_and_replies_of_all_sizes(server: EchoServer) -> None:
    with server.secure() as client, server.secure() as other:
        for size in (1, 16384, 16385, 1 << 16, (1 << 17) + 1):
            assert echoes(client, b"a" * size)
        client.sendall(b"x" * 10000)  # ten megabytes are not taken at once
        assert echoes(other)
        assert receive(client, 10_000_000) == b"x" * 10_000_000


def test_the_end_is_told(server: EchoServer) -> None:
    with server.secure() as client:
        assert echoes(client)
        (connection,) = server.connections
        server.reactor.call_soon_threadsafe(connection.cut)
        assert client.recv(1) == b""


@pytest.mark.parametrize(
    "text", [b"*1\r\n$4\r\nPING\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, HELLO + b"\xff" * 300]
)
def test_what_is_no_handshake_is_closed_and_harms_nobody(server: EchoServer, text: bytes) -> None:
    with server.connect() as stranger, server.secure() as client:
        stranger.sendall(text)
        assert is_closed(stranger)
        assert echoes(client)
    assert server.listener.accepted == 2


@pytest.mark.parametrize("text", [b"", HELLO])
def test_a_handshake_has_a_time_limit(
    server: EchoServer, text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "HANDSHAKE_SECONDS", 0.01)
    with server.connect() as silent:
        silent.sendall(text)
        assert silent.recv(100) == b""
    assert not server.ended


def test_a_handshake_that_is_broken_off_is_forgotten(server: EchoServer) -> None:
    server.limits.connections_max = 100  # that of the next client may come before these are found to be gone
    for text in (b"", HELLO) * 5:
        with server.connect() as gone:
            gone.sendall(text)
    with server.secure() as client:
        assert echoes(client)
        while server.listener.handshakes:
            assert echoes(client)
        assert len(server.connections) == 1


def test_handshakes_count_for_the_limit_of_connections(server: EchoServer) -> None:
    server.limits.connections_max = 3
    with server.secure() as client, server.connect(), server.connect(), server.connect() as fourth:
        assert is_closed(fourth)
        assert echoes(client)


def test_the_oldest_of_too_many_handshakes_makes_place(
    server: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "HANDSHAKES_MAX", 2)
    monkeypatch.setattr(tls, "PATIENCE_SECONDS", 0.0)
    with server.connect() as first, server.connect() as second, server.secure() as client:
        assert echoes(client)
        assert is_closed(first)
        with server.secure() as another:
            assert echoes(another)
        second.close()


def test_there_are_never_more_handshakes(server: EchoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "HANDSHAKES_MAX", 3)
    monkeypatch.setattr(tls, "PATIENCE_SECONDS", 0.0)
    counts: list[int] = []
    serve = server.listener.serve

    def counted(accepted: socket.socket, address: str) -> None:
        serve(accepted, address)
        counts.append(len(server.listener.handshakes))

    monkeypatch.setattr(server.listener, "serve", counted)
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(server.connect()) for _ in range(9)]
        assert all(is_closed(each) for each in silent[:6])
    assert max(counts) == 3


def test_young_handshakes_are_finished_before_others_begin(
    server: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "HANDSHAKES_MAX", 2)
    monkeypatch.setattr(tls, "PATIENCE_SECONDS", LONG)
    monkeypatch.setattr(tls, "PAUSE_SECONDS", 0.001)
    with server.connect() as first, server.connect() as second:
        waiting = server.connect()
        second.close()
        client = ssl.create_default_context(cafile=AUTHORITY).wrap_socket(
            waiting, server_hostname="127.0.0.1"
        )
        assert echoes(client)
        first.setblocking(False)
        with pytest.raises(BlockingIOError):
            first.recv(1)
        client.close()


@pytest.mark.parametrize(
    ("auth_clients", "certificate", "served"),
    [
        ("no", "", True),
        ("optional", "", True),
        ("optional", "client.pem", True),
        ("yes", "client.pem", True),
        ("yes", "", False),
    ],
)
def test_certificates_of_clients(auth_clients: str, certificate: str, *, served: bool) -> None:
    with contextlib.closing(EchoServer(auth_clients)) as server, server.secure(certificate) as client:
        if served:
            assert echoes(client)
        else:  # of TLS 1.3 a client learns with its first read that its certificate was missed
            with pytest.raises((ssl.SSLError, ConnectionError)):
                receive(client, 1)


@pytest.mark.parametrize(
    ("cert", "key", "authority", "reason"),
    [
        ("missing", NODE, "", "missing for TLS: No such file or directory"),
        (NODE, "missing", "", "missing for TLS: No such file or directory"),
        (NODE, NODE, "missing", "missing for TLS: No such file or directory"),
        (str(FILES), NODE, "", "a directory"),
        (str(FILES / "README"), NODE, "", "README"),
        (NODE, str(FILES / "README"), "", "README"),
        (NODE, NODE, str(FILES / "README"), "README"),
        (NODE, str(FILES / "client.pem"), "", "key values mismatch"),
        (str(FILES / "client-encrypted.pem"), str(FILES / "client-encrypted.pem"), "", "encrypted"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(cert: str, key: str, authority: str, reason: str) -> None:
    with pytest.raises(StartError, match=r"cannot use .* for TLS: ") as caught:
        server_context(TlsFiles(cert, key, authority, "yes"))
    assert reason in str(caught.value)


def test_a_client_that_sends_no_more_gets_the_rest_of_its_reply(server: EchoServer) -> None:
    """It closes its side of TCP alone, without the closing message of TLS."""
    request = b"x" * 30_000
    with server.secure() as client:
        client.sendall(request)
        assert client.recv(1) == b"x"
        socket.socket.shutdown(client, socket.SHUT_WR)
        got = 1
        while got < 1000 * len(request):
            got += len(client.recv(1 << 16))
    assert got == 1000 * len(request)


@pytest.mark.parametrize("says_so", [True, False])
def test_a_client_that_sends_no_more_gets_a_reply_that_comes_later(
    server: EchoServer, *, says_so: bool
) -> None:
    """With and without TLS's closing message."""
    with server.secure() as client:
        assert echoes(client)
        client.sendall(b"later")
        if says_so:
            client.setblocking(False)
            with pytest.raises(ssl.SSLWantReadError):
                client.unwrap()
            client.setblocking(True)
        else:
            socket.socket.shutdown(client, socket.SHUT_WR)
        connection = server.conversation.connection
        while not connection._ended:
            assert not connection.closed

        def reply() -> None:
            server.conversation.owes_replies = False
            connection.resume(b"now")

        server.reactor.call_soon_threadsafe(reply)
        assert client.recv(100) == b"now"
