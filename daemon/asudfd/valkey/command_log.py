"""Commands that took long, had long arguments or a long reply: SLOWLOG and COMMANDLOG."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asudfd.valkey.client import Client
    from asudfd.valkey.settings import ValkeySettings

ARGUMENTS_MAX = 32
"""Arguments that an entry shows; source: the real server's, as is the next."""

ARGUMENT_MAX = 128
"""Bytes that it shows of each."""

REDACTED = b"(redacted)"

NOT_LOGGED = frozenset({b"exec"})
"""Commands that are not logged: those of the transaction are."""

SECRETS = frozenset(
    {b"masteruser", b"masterauth", b"primaryuser", b"primaryauth", b"requirepass"}
    | {b"tls-key-file-pass", b"tls-client-key-file-pass"}
)
"""Parameters whose values are not shown."""

SECRET_ACL = frozenset({b"setuser", b"getuser", b"deluser"})


class LoggedCommand(NamedTuple):
    """A command of a log. ``value`` is how long it took, in microseconds, or how many bytes it had."""

    number: int
    time: int
    value: int
    arguments: list[bytes]
    address: bytes
    name: bytes


class _KindLog:
    """The last commands of one kind, the newest first."""

    def __init__(self) -> None:
        self.entries: deque[LoggedCommand] = deque()
        self._numbers = 0

    def add(self, client: Client, arguments: list[bytes], value: int, most: int) -> None:
        address = client.connection.address.encode() if client.connection else b""
        entry = LoggedCommand(
            self._numbers, int(time.time()), value, shown(redacted(arguments)), address, client.name
        )
        self.entries.appendleft(entry)
        self._numbers += 1
        while len(self.entries) > most:
            self.entries.pop()


class CommandLog:
    """The logs of the three kinds. ``settings`` say from which value on a command is noted, and how many are kept."""

    def __init__(self, settings: ValkeySettings) -> None:
        self._settings = settings
        self._logs = {kind: _KindLog() for kind in PARAMETERS}

    def entries(self, kind: bytes) -> deque[LoggedCommand]:
        """The commands of a kind, the newest first."""
        return self._logs[kind].entries

    def note(self, client: Client, arguments: list[bytes], seconds: float, reply: int) -> None:
        """Note a command where its time, its size or that of its ``reply`` calls for it."""
        settings, size = self._settings, request_size(arguments)
        is_common = (
            seconds < settings.slow_seconds and size < settings.request_large and reply < settings.reply_large
        )
        if is_common or arguments[0].lower() in NOT_LOGGED:
            return
        values = (int(seconds * 1e6), size, reply)
        for (kind, (least, most)), value in zip(PARAMETERS.items(), values, strict=True):
            threshold, kept = int(self._settings.text(least)), int(self._settings.text(most))
            if 0 <= threshold <= value and kept:
                self._logs[kind].add(client, arguments, value, kept)


PARAMETERS = {
    b"slow": ("commandlog-execution-slower-than", "commandlog-slow-execution-max-len"),
    b"large-request": ("commandlog-request-larger-than", "commandlog-large-request-max-len"),
    b"large-reply": ("commandlog-reply-larger-than", "commandlog-large-reply-max-len"),
}
"""Of each kind, the parameters of the least value and of the number of entries."""


def request_size(arguments: list[bytes]) -> int:
    """Bytes of a command as clients send it."""
    return len(b"*%d\r\n" % len(arguments)) + sum(
        len(each) + len(b"$%d\r\n\r\n" % len(each)) for each in arguments
    )


def redacted(arguments: list[bytes]) -> list[bytes]:
    """The arguments without passwords, which are neither logged nor shown to those who monitor."""
    name, words = arguments[0].lower(), list(arguments)
    second = arguments[1].lower() if len(arguments) > 1 else b""
    if name == b"auth":
        return [words[0], *[REDACTED] * (len(words) - 1)]
    if name == b"acl" and second in SECRET_ACL:
        return [*words[:2], *[REDACTED] * (len(words) - 2)]
    if name == b"config" and second == b"set":
        for at in range(3, len(words), 2):
            if words[at - 1].lower() in SECRETS:
                words[at] = REDACTED
    elif name in {b"hello", b"migrate"}:
        for at in range(1, len(arguments)):
            word = arguments[at].lower()
            if word in {b"auth", b"auth2"}:
                many = 1 if name == b"migrate" and word == b"auth" else 2
                words[at + 1 : at + 1 + many] = [REDACTED] * len(words[at + 1 : at + 1 + many])
    return words


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
