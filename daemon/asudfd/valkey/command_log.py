"""Commands that took long: SLOWLOG and COMMANDLOG."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asudfd.valkey.client import Client

ARGUMENTS_MAX = 32
"""Arguments that an entry shows; source: the real server's, as is the next."""

ARGUMENT_MAX = 128
"""Bytes that it shows of each."""


REDACTED = b"(redacted)"


class SlowCommand(NamedTuple):
    """A command that took long."""

    number: int
    time: int
    microseconds: int
    arguments: list[bytes]
    address: bytes
    name: bytes


class CommandLog:
    """The last slow commands, the newest first."""

    def __init__(self) -> None:
        self.entries: deque[SlowCommand] = deque()
        self._numbers = 0

    def add(self, client: Client, arguments: list[bytes], seconds: float, most: int) -> None:
        """Note a command; no more than ``most`` are kept."""
        address = client.connection.address.encode() if client.connection else b""
        entry = SlowCommand(
            self._numbers,
            int(time.time()),
            int(seconds * 1e6),
            shown(redacted(arguments)),
            address,
            client.name,
        )
        self.entries.appendleft(entry)
        self._numbers += 1
        while len(self.entries) > most:
            self.entries.pop()


def redacted(arguments: list[bytes]) -> list[bytes]:
    """The arguments without passwords, which are neither logged nor shown to those who monitor."""
    name = arguments[0].lower()
    if name == b"auth":
        return [arguments[0], *[REDACTED] * (len(arguments) - 1)]
    if name in {b"hello", b"acl", b"config", b"migrate"}:
        return [arguments[0], *arguments[1:2], *[REDACTED] * (len(arguments) - 2)]
    return arguments


def shown(arguments: Iterable[bytes]) -> list[bytes]:
    """The arguments as an entry has them: long ones cut, and not too many."""
    words = list(arguments)
    more = len(words) - ARGUMENTS_MAX
    if more > 0:
        words = [*words[: ARGUMENTS_MAX - 1], b"... (%d more arguments)" % (more + 1)]
    return [
        word
        if len(word) <= ARGUMENT_MAX
        else b"%s... (%d more bytes)" % (word[:ARGUMENT_MAX], len(word) - ARGUMENT_MAX)
        for word in words
    ]
