"""A plain connection to a Valkey server: commands out, replies in, without a client library's opinion of them."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, BinaryIO, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Reply = bytes | None | list["Reply"]
"""A bulk string without its length; any other line as it came (`:1`, `+OK`, `-ERR ...`); an array."""

TIMEOUT = 60
"""Seconds, so that a server that hangs ends the test."""


class ValkeyConnection:
    """Speaks RESP2 to an address: a path of a socket, or host and port."""

    def __init__(self, address: Path | tuple[str, int]) -> None:
        if isinstance(address, tuple):
            self._socket = socket.create_connection(address, TIMEOUT)
        else:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(TIMEOUT)
            self._socket.connect(str(address))
        self._reader: BinaryIO = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self._socket.close()

    def run(self, commands: Sequence[Sequence[bytes]]) -> list[Reply]:
        """The replies to these commands, which are sent together."""
        self._socket.sendall(b"".join(map(encoded, commands)))
        return [self._read() for _ in commands]

    def _read(self) -> Reply:
        line = self._reader.readline()
        assert line.endswith(b"\r\n"), "the server has closed the connection"
        mark, rest = line[:1], line[1:-2]
        if mark not in b"$*":
            return line[:-2]
        size = int(rest)
        if size < 0:
            return None
        if mark == b"*":
            return [self._read() for _ in range(size)]
        return self._reader.read(size + 2)[:-2]


def encoded(command: Sequence[bytes]) -> bytes:
    """The command as it is sent."""
    return b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in command)
