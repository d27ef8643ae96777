"""CONFIG SET bind: where a server listens, while it runs."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from asudfd.valkey.server import ValkeyServer
from asudfd.valkey.settings import ValkeySettings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server at 127.0.0.1."""
    server = ValkeyServer(ValkeySettings(), print)
    listening = socket.create_server(("127.0.0.1", 0))
    server.listen(listening)
    server.start()
    server.accept()
    yield listening.getsockname()[1]
    server.stop()


def ask(host: str, port: int, line: bytes) -> bytes:
    with socket.create_connection((host, port), timeout=30) as connected:
        connected.sendall(line + b"\r\n")
        return connected.recv(1000)


def test_a_server_listens_at_other_addresses(port: int) -> None:
    assert ask("127.0.0.1", port, b"CONFIG SET bind '127.0.0.1 127.0.0.2'") == b"+OK\r\n"
    assert ask("127.0.0.2", port, b"CONFIG SET bind 127.0.0.2") == b"+OK\r\n"
    assert b"127.0.0.2" in ask("127.0.0.2", port, b"CONFIG GET bind")
    with pytest.raises(OSError, match="refused"):
        ask("127.0.0.1", port, b"PING")


@pytest.mark.parametrize("hosts", ["''", "'127.0.0.1 203.0.113.1'", "'127.0.0.2 no.such.host.invalid'"])
def test_an_address_that_is_not_here_changes_nothing(port: int, hosts: str) -> None:
    assert ask("127.0.0.1", port, f"CONFIG SET bind {hosts}".encode()).startswith(b"-ERR CONFIG SET failed")
    assert ask("127.0.0.1", port, b"CONFIG GET bind").endswith(b"127.0.0.1\r\n")
    with pytest.raises(OSError, match="refused"):
        ask("127.0.0.2", port, b"PING")
