"""What the commands of the Valkey face have in common: settings, keyspace, clients."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from asudfd.valkey.blocking import BlockedClients
from asudfd.valkey.client import Client
from asudfd.valkey.engine import KeyspaceEngine
from asudfd.valkey.libraries import LibrarySet
from asudfd.valkey.reply import CommandFailed
from asudfd.valkey.running import Running
from asudfd.valkey.shebang import script_header

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.network.reactor import Reactor
    from asudfd.network.socket_connection import SocketConnection
    from asudfd.valkey.settings import ValkeySettings


class ServerState:
    """The keyspace of a node and its clients; it is what the Lua state calls back. ``warn`` is told of faults.

    ``run`` answers a command as if a client had just sent it. ``ready`` has the keys that have changed and that clients wait for.
    ``log`` gets what scripts log, with Valkey's level (0 to 3).
    """

    run: Callable[[Client, list[bytes]], bytes]

    def __init__(self, settings: ValkeySettings, reactor: Reactor, warn: Callable[[str], None]) -> None:
        self.settings = settings
        self.reactor = reactor
        self.warn = warn
        self.clients: dict[int, Client] = {}
        self.log: Callable[[int, bytes], None] = lambda _level, _text: None
        self.started = time.time()
        self.ready: list[tuple[int, bytes]] = []
        self.script_client = Client(0, None)
        self.engine = KeyspaceEngine(self, settings.memory)
        self.running = Running(self.engine.lua[b"state"], settings, reactor, warn)
        self.libraries = LibrarySet(self.engine, self.now, lambda: self.running.call is not None, warn)
        self.blocked = BlockedClients(self.engine, self.ready, reactor)
        self._ids = 0

    def now(self) -> float:
        """Milliseconds since 1970."""
        return time.time() * 1000

    def connected(self, connection: SocketConnection) -> Client:
        """A new client."""
        self._ids += 1
        client = self.clients[self._ids] = Client(self._ids, connection)
        return client

    def left(self, client: Client) -> None:
        """The client's connection has ended."""
        self.clients.pop(client.id, None)
        self.blocked.forget(client)
        self.engine.lua[b"unwatch"](client.id)

    # Called back by the engine

    def tick(self, started: float, kind: bytes) -> tuple[float | None, bytes | None]:
        """See Running.tick."""
        return self.running.tick(started, kind)

    def script_ended(self) -> None:
        """The call that `tick` was called from has ended."""
        self.running.ended()
        self.libraries.accept_late()

    def log_line(self, level: int, text: bytes) -> None:
        """A script logs."""
        self.log(int(level), text)

    def acl(self, _arguments: Any) -> bytes | None:
        """Why the user of the running script may not run a command; None if it may."""
        return None

    def script_header(self, code: bytes) -> tuple[bytes | None, bytes]:
        """The error in the first line of a script, or None and its flags."""
        try:
            return None, b" ".join(script_header(code))
        except CommandFailed as failed:
            return failed.reply.text, b""

    def fault(self, text: bytes) -> None:
        """A command has failed for a fault of ours."""
        self.warn(f"a command has failed: {text.decode('utf-8', 'backslashreplace')}")

    def block(self, client: int, timeout: float, keys: Any) -> None:
        """The command of ``client`` waits."""
        self.blocked.add(self.clients[int(client)], timeout, keys)

    def ready_key(self, database: int, key: bytes) -> None:
        """A key that clients wait for has changed."""
        self.ready.append((int(database), key))

    def expired(self, database: int, key: bytes) -> None:
        """A key has been removed because its time was over."""

    def command(self, *arguments: bytes) -> bytes:
        """The reply, in RESP3, of a command that a script calls and that is not one of the keyspace."""
        client = self.script_client
        client.resp = 3
        client.database = int(self.engine.lua[b"state"][b"db"][b"number"])
        return self.run(client, list(arguments))
