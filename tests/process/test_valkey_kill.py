"""kill -9 of a node that speaks Valkey's protocol: libraries and keys that were acknowledged are there again."""

from __future__ import annotations

import contextlib
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from asinfo.wire.resp_frame import command
from asinfo.wire.resp_reply import ReplyParser
from tests.processes import READY_SECONDS, Daemon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from tests.conftest import StartDaemon

    Connect = Callable[[Daemon], "Client"]

CONFIG = """\
resp {
    storage file
}
"""

CODE = """#!lua name=lib
server.register_function('both', function(keys)
    server.call('INCR', keys[1])
    for i = 1, 20 do server.call('RPUSH', keys[2], i) end
    return server.call('LLEN', keys[2])
end)"""


class Client:
    """A connection to a node's port for Valkey's protocol."""

    def __init__(self, daemon: Daemon) -> None:
        self.socket = socket.create_connection(daemon.resp_addresses[0], timeout=READY_SECONDS)
        self._parser = ReplyParser()

    def __call__(self, *arguments: str | int) -> Any:
        self.socket.sendall(command(*arguments))
        replies: list[Any] = []
        while not replies:
            data = self.socket.recv(1 << 16)
            assert data
            replies = self._parser.feed(data)
        return replies[0]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes clients, which end with the test."""
    with contextlib.ExitStack() as stack:

        def connected(daemon: Daemon) -> Client:
            client = Client(daemon)
            stack.callback(client.socket.close)
            return client

        yield connected


def started(start_daemon: StartDaemon, directory: Path) -> Daemon:
    config = directory.with_suffix(".conf")
    config.write_text(CONFIG, encoding="ascii")
    return start_daemon("--config-file", str(config), "--resp-port", "0", work_directory=directory)


def test_libraries_and_keys_are_there_again(
    start_daemon: StartDaemon, connect: Connect, tmp_path: Path
) -> None:
    directory = tmp_path / "work"
    daemon = started(start_daemon, directory)
    client = connect(daemon)
    assert client("FUNCTION", "LOAD", CODE) == b"lib"
    client("SET", "text", "v")
    client("HSET", "hash", "a", 1, "b", 2)
    client("PEXPIREAT", "hash", 4_102_444_800_000)
    client("SELECT", 5)
    client("ZADD", "sorted", "1.5", "m")
    client("SELECT", 0)
    acknowledged = 0
    for _ in range(50):
        assert client("FCALL", "both", 2, "count", "list") % 20 == 0
        acknowledged += 1
    for _ in range(200):  # of these, some may have been made when the end comes
        client.socket.sendall(command("FCALL", "both", 2, "count", "list"))
    daemon.process.send_signal(signal.SIGKILL)
    daemon.wait()

    again = connect(started(start_daemon, directory))
    count = int(again("GET", "count"))
    assert acknowledged <= count <= acknowledged + 200
    assert again("LLEN", "list") == 20 * count  # no function has been made by half
    assert again("GET", "text") == b"v"
    assert sorted(again("HGETALL", "hash")) == [b"1", b"2", b"a", b"b"]
    assert again("PEXPIRETIME", "hash") == 4_102_444_800_000
    assert again("FCALL", "both", 2, "count", "list") == 20 * (count + 1)
    again("SELECT", 5)
    assert again("ZSCORE", "sorted", "m") == b"1.5"


def test_a_busy_function_leaves_nothing_of_itself(
    start_daemon: StartDaemon, connect: Connect, tmp_path: Path
) -> None:
    """Other clients are told BUSY in the midst of a function that has written; then the node is killed."""
    directory = tmp_path / "work"
    daemon = started(start_daemon, directory)
    client, other = connect(daemon), connect(daemon)
    client("CONFIG", "SET", "busy-reply-threshold", 20)
    client("SET", "before", 1)
    client.socket.sendall(
        command("MULTI")
        + command("SET", "inside", 1)
        + command("EVAL", "server.call('SET', 'half', 1) while true do end", 0)
        + command("EXEC")
    )
    while not repr(other("GET", "half")).startswith("ErrorReply(text=b'BUSY"):
        continue
    daemon.process.send_signal(signal.SIGKILL)
    daemon.wait()
    again = connect(started(start_daemon, directory))
    assert again("MGET", "before", "inside", "half") == [b"1", None, None]


def test_shutdown_without_saving_ends_a_function_that_has_written(
    start_daemon: StartDaemon, connect: Connect, tmp_path: Path
) -> None:
    directory = tmp_path / "work"
    daemon = started(start_daemon, directory)
    client, other = connect(daemon), connect(daemon)
    client("CONFIG", "SET", "busy-reply-threshold", 20)
    client("SET", "before", 1)
    client.socket.sendall(command("EVAL", "server.call('SET', 'half', 1) while true do end", 0))
    while not repr(other("GET", "half")).startswith("ErrorReply(text=b'BUSY"):
        continue
    assert b"UNKILLABLE" in other("SCRIPT", "KILL").text
    other.socket.sendall(command("SHUTDOWN", "NOSAVE"))
    assert daemon.wait() == 0
    again = connect(started(start_daemon, directory))
    assert again("MGET", "before", "half") == [b"1", None]
