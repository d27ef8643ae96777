"""A keyspace with its journal in this process: what a restart finds is what a new one reads from the same file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from asinfo.wire.resp_reply import ErrorReply, ReplyParser
from asudfd.network.reactor import Reactor
from asudfd.valkey.commands import handlers
from asudfd.valkey.dispatch import Dispatcher
from asudfd.valkey.journal import KeyspaceJournal
from asudfd.valkey.settings import ValkeySettings
from asudfd.valkey.state import ServerState

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

NOW = float(int(time.time() * 1000))
"""The time at which a test begins; scripts look at the clock too."""
DATABASES = 16
NEVER_BUSY = {"busy-reply-threshold": "0"}

READERS: dict[str, tuple[str, ...]] = {
    "string": ("GET {}",),
    "list": ("LRANGE {} 0 -1",),
    "set": ("SMEMBERS {}",),
    "hash": ("HGETALL {}",),
    "zset": ("ZRANGE {} 0 -1 WITHSCORES",),
    "stream": ("DUMP {}",),
}
"""How a value of each type is read."""

UNORDERED = ("set", "hash")


class StoredKeyspace:
    """A keyspace whose changes are in the file ``path``; it tells the time ``now``, and sends commands as one client does."""

    def __init__(self, path: Path, settings: ValkeySettings | None = None, now: float = NOW) -> None:
        self.now = now
        self.warnings: list[str] = []
        self.faults: list[BaseException] = []
        self.reactor = Reactor(self.faults.append)
        self.state = ServerState(
            settings or ValkeySettings(values=NEVER_BUSY), self.reactor, self.warnings.append
        )
        self.state.now = lambda: self.now  # type: ignore[method-assign] # the time stands still
        self.dispatcher = Dispatcher(self.state, handlers())
        self.client = self.state.connected(None)  # type: ignore[arg-type] # it has no socket
        self.journal = KeyspaceJournal(
            path, self.state.engine, self.reactor, self.warnings.append, sync=False
        )
        self.state.journal = self.journal
        self.commands = self.journal.open()

    def run(self, *words: object) -> Any:
        """The reply to a command, also of one in a transaction; nothing is written by it."""
        arguments = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        client, engine = self.client, self.state.engine
        reply = None
        if client.plain:
            reply = engine.execute_long(self.now, client.database, 2, 0, arguments)
        if reply is None:
            reply = self.dispatcher.handle(client, arguments)
        (value,) = ReplyParser().feed(reply)
        return value

    def line(self, line: str) -> Any:
        """The same for words without spaces; the command must not fail."""
        value = self.run(*line.split())
        assert not isinstance(value, ErrorReply), (line, value)
        return value

    def contents(self) -> dict[tuple[int, str], object]:
        """Every key with its type, value and time of expiry, and those of its fields."""
        selected, found = self.client.database, {}
        for number in range(DATABASES):
            self.client.database = number
            for key in self.line("KEYS *"):
                found[number, key.decode()] = self._value(key.decode())
        self.client.database = selected
        return found

    def step(self) -> None:
        """Let the loop do what is due."""
        self.reactor.step(0)
        assert not self.faults, self.faults

    def close(self) -> None:
        self.journal.close()
        self.crash()

    def crash(self) -> None:
        """End without writing what has not been written."""
        self.reactor.close()

    def _value(self, key: str) -> object:
        kind = self.line(f"TYPE {key}").decode()
        values = [self.line(reader.format(key)) for reader in READERS[kind]]
        if kind == "hash":
            (flat,) = values
            fields = [*zip(flat[::2], flat[1::2], strict=True)]
            times = [self.run("HPEXPIRETIME", key, "FIELDS", 1, field) for field, _ in fields]
            values = [sorted(zip(fields, times, strict=True))]
        if kind == "set":
            values = [sorted(values[0])]
        return kind, values, self.line(f"PEXPIRETIME {key}")
