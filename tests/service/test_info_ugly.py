"""Clients that misbehave: each gets a clear answer or a clean close, and the daemon goes on serving the others."""

import base64
import contextlib
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.processes import Daemon, frame, receive

CLIENTS = 3000


def serves(daemon: Daemon) -> bool:
    return daemon.ask(b"build\n") == b"build\t8.1.2.0\n"


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\0\1\0\1\xfc\3\3" + bytes(500),
        b"*1\r\n$4\r\nPING\r\n",
        bytes(range(256)) * 100,
        b"\xff" * 100_000,
    ],
    ids=["http", "tls", "resp", "bytes", "much"],
)
def test_garbage_is_closed(asudfd: Daemon, garbage: bytes) -> None:
    with asudfd.connect() as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(garbage)
        with contextlib.suppress(ConnectionError):
            assert connection.recv(1) == b""
    assert serves(asudfd)


def test_half_a_frame_and_gone(asudfd: Daemon) -> None:
    for size in (1, 7, 8, 9, 13):
        with asudfd.connect() as connection:
            connection.sendall(frame(b"build\n")[:size])
    assert serves(asudfd)


def test_a_closed_half_still_gets_its_reply(asudfd: Daemon) -> None:
    with asudfd.connect() as connection:
        connection.sendall(frame(b"build\n"))
        connection.shutdown(socket.SHUT_WR)
        assert receive(connection) == b"build\t8.1.2.0\n"
        assert connection.recv(1) == b""


def test_a_megabyte_without_a_separator(asudfd: Daemon) -> None:
    line = b"x" * (1 << 20)
    assert asudfd.ask(line + b"\n") == line + b"\tERROR:4:unrecognized command\n"


def test_very_many_empty_lines_delay_nobody(asudfd: Daemon) -> None:
    """So many that answering them takes a second; that a reply may be too large is a matter of `tests/unit`."""
    with asudfd.connect() as connection:
        connection.sendall(frame(b"\n" * 250_000))
        assert serves(asudfd)
        assert receive(connection) == b"\tERROR:4:unrecognized command\n" * 250_000
        connection.sendall(frame(b"build\n"))
        assert receive(connection) == b"build\t8.1.2.0\n"


def test_a_client_that_never_reads(asudfd: Daemon) -> None:
    request = frame(b"namespace/test\n" * 50)
    with asudfd.connect() as connection:
        connection.settimeout(0.5)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 64 << 20:
                sent += connection.send(request * 100)
        assert sent < 64 << 20, "the daemon reads although its replies are not taken"
        assert serves(asudfd)


def test_pipelined_requests_behind_a_put(asudfd: Daemon) -> None:
    content = base64.b64encode(b"function f() end\n").decode()
    put = f"udf-put:filename=behind.lua;content={content};content-len={len(content)};udf-type=LUA;\n".encode()
    remove = b"udf-remove:filename=behind.lua\n"
    with asudfd.connect() as connection:
        connection.sendall(
            frame(b"node\n") + frame(put) + frame(b"udf-get:filename=behind.lua\n") + frame(remove)
        )
        assert receive(connection) == b"node\tA1\n"
        assert receive(connection) == put[:-1] + b"\tok\n"
        assert receive(connection) == (f"udf-get:filename=behind.lua\ttype=LUA;content={content};\n".encode())
        assert receive(connection) == remove[:-1] + b"\tok\n"


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < CLIENTS + 200:
        pytest.skip("the system does not allow enough open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, CLIENTS + 200), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_thousands_of_connections(asudfd: Daemon) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(asudfd.connect()) for _ in range(CLIENTS)]
        for client in clients:
            client.sendall(frame(b"node\n"))
        assert all(receive(client) == b"node\tA1\n" for client in clients)
        assert serves(asudfd)


@pytest.mark.usefixtures("many_files")
def test_one_client_too_many(start_daemon: StartDaemon, tmp_path: Path) -> None:
    config = tmp_path / "asudfd.conf"
    config.write_text(
        "service {\n proto-fd-max 1024\n}\nnetwork {\n service {\n port 0\n }\n}\nnamespace test {\n}\n"
    )
    daemon = start_daemon("--config-file", str(config))
    with contextlib.ExitStack() as stack:
        for client in [stack.enter_context(daemon.connect()) for _ in range(1024)]:
            client.sendall(frame(b"node\n"))
            assert receive(client) == b"node\tA1\n"
        with daemon.connect() as one_more, contextlib.suppress(ConnectionResetError):
            assert one_more.recv(1) == b""
