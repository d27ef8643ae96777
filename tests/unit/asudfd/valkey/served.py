"""A keyspace with its commands and clients in this process: requests as lines of words, and what each client is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asinfo.wire.resp_reply import ReplyParser
from asudfd.network.reactor import Reactor
from asudfd.valkey.commands import handlers
from asudfd.valkey.dispatch import Dispatcher
from asudfd.valkey.settings import ValkeySettings
from asudfd.valkey.state import ServerState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asudfd.valkey.client import Client


class ServedKeyspace:
    """The keyspace; ``settings`` are parameters by their names in CONFIG. Warnings are in ``warnings``."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.warnings: list[str] = []
        self.reactor = Reactor(lambda error: self.warnings.append(repr(error)))
        self.state = ServerState(
            ValkeySettings(values={"busy-reply-threshold": "0", **(settings or {})}),
            self.reactor,
            self.warnings.append,
        )
        self.dispatcher = Dispatcher(self.state, handlers())

    def client(self) -> ServedClient:
        """A new client."""
        return ServedClient(self)


class ServedClient:
    """A client without a socket."""

    def __init__(self, keyspace: ServedKeyspace) -> None:
        self._keyspace = keyspace
        self.client: Client = keyspace.state.connected(None)  # type: ignore[arg-type] # it has no socket
        self._sent: list[bytes] = []
        self.client.replies, self.client.pushed = [], self._sent

    def another(self) -> ServedClient:
        """Another client of the same keyspace."""
        return self._keyspace.client()

    def run(self, *words: object) -> Any:
        """The reply to a command."""
        arguments = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        return self.parsed(self.raw(arguments))

    def line(self, text: str) -> Any:
        """The reply to a command without spaces in its words."""
        return self.run(*text.split())

    def raw(self, arguments: list[bytes]) -> bytes:
        """The bytes of a reply."""
        reply = self._keyspace.dispatcher.handle(self.client, arguments)
        if self._keyspace.state.ready:
            self._keyspace.state.blocked.serve()
        return reply

    def sent(self) -> list[Any]:
        """What the client was sent since the last time, beside replies."""
        data = b"".join(self._sent)
        self._sent.clear()
        return list(ReplyParser().feed(data)) if data else []

    @staticmethod
    def parsed(reply: bytes) -> Any:
        """A reply as a value; None for none."""
        found = list(ReplyParser().feed(reply))
        return found[0] if found else None
