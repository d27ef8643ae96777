"""Has the commands answered that are not simply executed in Lua, and queues those of a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.reply import QUEUED, CommandFailed, encode
from asudfd.valkey.request import CommandRequest
from asudfd.valkey.table import command_rows

if TYPE_CHECKING:
    from asudfd.valkey.client import Client
    from asudfd.valkey.commands import Handler
    from asudfd.valkey.state import ServerState
    from asudfd.valkey.table import CommandSpec

NOT_QUEUED = frozenset({"exec", "discard", "multi", "watch", "quit", "reset"})
"""Commands that act at once in a transaction."""


class Dispatcher:
    """Finds the row and the handler of a command."""

    def __init__(self, state: ServerState, handlers: dict[str, Handler]) -> None:
        self.state = state
        self._rows = command_rows()
        self._handlers = handlers
        state.run = self.run

    def handle(self, client: Client, arguments: list[bytes]) -> bytes:
        """The reply to a command that a client has sent; empty if the client has to wait."""
        try:
            row = self._row(arguments)
            if row is not None:
                self._check(row)
                if client.queue is not None and row.name not in NOT_QUEUED:
                    client.queue.append(arguments)
                    return encode(QUEUED, client.resp)
            return self._run(client, row, arguments)
        except CommandFailed as failed:
            if client.queue is not None:
                client.queue_failed = True
            return encode(failed.reply, client.resp)

    def run(self, client: Client, arguments: list[bytes]) -> bytes:
        """The reply to a command, whatever transaction its client is in."""
        try:
            return self._run(client, self._row(arguments), arguments)
        except CommandFailed as failed:
            return encode(failed.reply, client.resp)

    def _run(self, client: Client, row: CommandSpec | None, arguments: list[bytes]) -> bytes:
        handler = self._handlers.get(row.name) if row else None
        if handler is not None:
            return encode(handler(CommandRequest(self.state, client, arguments)), client.resp)
        state = self.state
        waits = client.id if client.queue is None else 0
        reply = state.engine.execute(state.now(), client.database, client.resp, waits, *arguments)
        if reply is None:
            raise CommandFailed(f"ERR '{arguments[0].decode('latin-1')}' is not supported by asudfd")
        return reply

    def _row(self, arguments: list[bytes]) -> CommandSpec | None:
        """The row of a command whose arity is right; None if it is not known. Raises CommandFailed."""
        name = arguments[0].decode("latin-1").lower()
        row = self._rows.get(name)
        if row is None:
            return None
        if len(arguments) > 1:
            row = self._rows.get(f"{name}|{arguments[1].decode('latin-1').lower()}", row)
        if row.arity != len(arguments) and (row.arity > 0 or len(arguments) < -row.arity):
            raise CommandFailed(f"ERR wrong number of arguments for '{row.name}' command")
        return row

    def _check(self, row: CommandSpec) -> None:
        """Raise CommandFailed if this command may not be run now."""
        if self.state.running.busy and "allow_busy" not in row.flags:
            raise CommandFailed(self.state.running.busy_text())
