"""Has the commands answered that are not simply executed in Lua, and queues those of a transaction."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from asudfd.valkey.acl.check import AclLogEntry, Denial, denial
from asudfd.valkey.checked_texts import COMMANDS
from asudfd.valkey.client_line import client_line
from asudfd.valkey.engine import ARGUMENTS_MAX, LUA_ERROR
from asudfd.valkey.monitoring import show_to_monitors
from asudfd.valkey.reply import QUEUED, CommandFailed, encode
from asudfd.valkey.request import CommandRequest
from asudfd.valkey.table import command_rows, newer_than_8_1

if TYPE_CHECKING:
    from asudfd.valkey.client import Client
    from asudfd.valkey.commands import Handler
    from asudfd.valkey.state import ServerState
    from asudfd.valkey.table import CommandSpec

NOT_QUEUED = frozenset({"exec", "discard", "multi", "watch", "quit", "reset"})
"""Commands that act at once in a transaction."""

FOR_SUBSCRIBERS = frozenset(
    {"subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe"}
    | {"ping", "quit", "reset"}
)
"""Commands of a client of RESP2 that is subscribed to something."""

ALSO_IN_LUA = frozenset({"ping"})
"""Commands whose handler here is for clients with a subscription only."""

CALLS = frozenset({"eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro"})
"""Commands that run scripts and functions: those who monitor see them before what they run."""

HIDDEN = frozenset({"skip_monitor", "admin"})
"""Flags of commands that those who monitor do not see; EXEC is shown behind what it runs."""

REPLICATED = frozenset({"publish", "spublish", "pfcount"})
"""Commands that do not write, and that the real server copies to replicas."""

SCRIPTS = frozenset({"eval", "evalsha", "fcall"})
"""Commands that write or do not, as what they call says."""

SUBSCRIPTIONS = frozenset(
    {"subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe"}
)
"""Commands that are answered by messages, which a client gets that has asked for no replies."""

WEB_WORDS = frozenset({"post", "host:"})
"""First words of web requests: a page in a browser must not be able to send commands to a server on the same machine."""

NEWLY_ALLOWED_WHEN_BUSY = frozenset(
    {"select", "client|id", "client|setinfo", "client|setname", "client|getname", "client|capa"}
    | {"client|no-evict", "client|no-touch", "client|reply", "client|caching", "client|getredir"}
)
"""Commands that 9.1 serves while a script is busy, and 8.1 does not."""

NAME_SHOWN = ARGUMENTS_SHOWN = 128
"""Bytes of an unknown command that its error shows; source: the real server's."""


NOAUTH = "NOAUTH Authentication required."
OOM = "OOM command not allowed when used memory > 'maxmemory'."
_COMMAND_BYTES = 200
"""What a queued command takes beside its arguments: a list and the heads of its texts."""

_GATES = {"debug": "enable-debug-command", "module": "enable-module-command"}


class Dispatcher:
    """Finds the row and the handler of a command, and whether it may be run now."""

    def __init__(self, state: ServerState, handlers: dict[str, Handler]) -> None:
        self.state = state
        self._rows = command_rows()
        if state.settings.is_old:
            self._rows = {name: row for name, row in self._rows.items() if not newer_than_8_1(row)}
        self._containers = {name.partition("|")[0] for name in self._rows if "|" in name}
        self._handlers = handlers
        for name in handlers.keys() - ALSO_IN_LUA:
            state.engine.lua[b"keep_for_host"](name.encode())
        state.run = self.run
        state.denied = self.denied

    def handle(self, client: Client, arguments: list[bytes]) -> bytes:
        """The reply to a command that a client has sent; empty if there is none, or if the client has to wait."""
        name = arguments[0].decode("latin-1").lower()
        if name in WEB_WORDS:
            self.state.warn("a web request came to the port of Valkey; its connection is closed")
            client.closing = True
            return b""
        row = None
        try:
            row = self._checked_row(client, name, arguments)
            client.command = row.name.encode()
            if client.queue is not None and row.name not in NOT_QUEUED:
                self._queue(client, client.queue, arguments)
                reply = encode(QUEUED, client.resp)
            elif row.name in COMMANDS:
                run = partial(self._run, client, row, arguments)
                reply = self.state.texts.run(client, row.name, arguments, run)
            else:
                reply = self._run(client, row, arguments)
        except CommandFailed as failed:
            if client.queue is not None:
                client.queue_failed = True
            reply = encode(failed.reply, client.resp)
            if row is None:
                self._count_rejected(arguments)
        except LUA_ERROR as error:
            reply = self.state.failed(error)
        if client.silent or client.skips:
            client.skips = max(0, client.skips - 1)
            client.settle()
            if row is None or row.name not in SUBSCRIPTIONS or reply[:1] == b"-":
                return b""
        return reply

    def _count_rejected(self, arguments: list[bytes]) -> None:
        """A command was not run, and it may be one that there is."""
        name = arguments[0].decode("latin-1").lower()
        if name in self._containers and len(arguments) > 1:
            name += f"|{arguments[1].decode('latin-1').lower()}"
        if name in self._rows:
            self.state.statistics.rejected[name] += 1

    def _queue(self, client: Client, queue: list[list[bytes]], arguments: list[bytes]) -> None:
        """Put a command into the transaction; a transaction takes no more memory than a request may."""
        client.queued_bytes += _COMMAND_BYTES + sum(len(each) for each in arguments)
        if client.queued_bytes > self.state.settings.query_max:
            raise CommandFailed("ERR the transaction is too large: see client-query-buffer-limit")
        queue.append(arguments)

    def run(self, client: Client, arguments: list[bytes]) -> bytes:
        """The reply to a command, whatever transaction its client is in; its rights are checked."""
        try:
            row = self.row(arguments)
            self._check_rights(client, row, arguments, "multi" if client.executing else "lua")
            return self._run(client, row, arguments)
        except CommandFailed as failed:
            return encode(failed.reply, client.resp)
        except LUA_ERROR as error:
            return self.state.failed(error)

    def denied(self, client: Client, arguments: list[bytes]) -> str | None:
        """Why the user of a client may not run a command; None if it may."""
        if client.user.is_unrestricted:
            return None
        try:
            found = denial(self.state.engine, client.user, self.row(arguments), arguments, client.database)
        except CommandFailed:
            return None
        if found is not None:
            self._log_denial(client, found, "lua")
            return found.text()
        return None

    def is_paused(self, client: Client, arguments: list[bytes]) -> bool:
        """Whether the command has to wait for the end of CLIENT PAUSE."""
        mode = self.state.pause.mode
        if not mode:
            return False
        try:
            row = self.row(arguments)
        except CommandFailed:
            return False
        queued = client.queue if row.name == "exec" else None
        if mode == "all":
            return row.name not in {"quit", "shutdown"}
        return any(self._may_write(each) for each in (arguments, *(queued or ())))

    def row(self, arguments: list[bytes]) -> CommandSpec:
        """The row of a command whose arity is right. Raises CommandFailed."""
        name = arguments[0].decode("latin-1").lower()
        row = self._rows.get(name)
        if row is None:
            raise CommandFailed(_unknown(arguments))
        if len(arguments) > 1 and name in self._containers:
            row = self._rows.get(f"{name}|{arguments[1].decode('latin-1').lower()}")
            if row is None:
                raise CommandFailed(
                    b"ERR unknown subcommand '%s'. Try %s HELP."
                    % (arguments[1][:NAME_SHOWN], name.upper().encode("latin-1"))
                )
        if row.arity != len(arguments) and (row.arity > 0 or len(arguments) < -row.arity):
            raise CommandFailed(f"ERR wrong number of arguments for '{row.name}' command")
        return row

    def _run(self, client: Client, row: CommandSpec, arguments: list[bytes]) -> bytes:
        state = self.state
        if state.monitors and row.name != "exec" and (row.name in CALLS or HIDDEN.isdisjoint(row.flags)):
            show_to_monitors(state, client, arguments)
        handler = self._handlers.get(row.name)
        if handler is not None:
            state.statistics.calls[row.name] += 1
            try:
                reply = encode(handler(CommandRequest(state, client, arguments)), client.resp)
            except CommandFailed:
                state.statistics.failed[row.name] += 1
                raise
            if reply[:1] == b"-":
                state.statistics.failed[row.name] += 1
            return reply
        waits = client.id if not client.executing else 0
        lua_state = state.engine.lua[b"state"]
        lua_state[b"restricted"] = not client.user.is_unrestricted
        lua_state[b"imports"] = client.imports
        state.caller = client
        state.engine.make_room_for(arguments)
        try:
            if len(arguments) <= ARGUMENTS_MAX:
                reply = state.engine.execute(state.now(), client.database, client.resp, waits, *arguments)
            else:
                reply = state.engine.execute_long(state.now(), client.database, client.resp, waits, arguments)
        finally:
            lua_state[b"restricted"] = lua_state[b"imports"] = False
            state.caller = state.script_client
        if reply is None:
            raise CommandFailed(f"ERR '{row.name}' is not supported by asudfd")
        return reply

    def _checked_row(self, client: Client, name: str, arguments: list[bytes]) -> CommandSpec:
        """The row of a command that may be run or queued now. Raises CommandFailed."""
        try:
            return self._allowed_row(client, name, arguments)
        except CommandFailed as failed:
            if name != "exec":
                raise
            self._abandon(client)
            text = failed.reply.text.removeprefix(b"ERR ")
            raise CommandFailed(b"EXECABORT Transaction discarded because of: " + text) from None

    def _allowed_row(self, client: Client, name: str, arguments: list[bytes]) -> CommandSpec:
        needs_login = not client.authenticated and not self._needs_no_login(name)
        if needs_login and not self.state.settings.is_old:
            raise CommandFailed(NOAUTH)
        row = self.row(arguments)
        if needs_login:
            raise CommandFailed(NOAUTH)
        self._check(client, row, arguments)
        return row

    def _check(self, client: Client, row: CommandSpec, arguments: list[bytes]) -> None:
        """Raise CommandFailed if this command may not be run, or queued, now."""
        state, name = self.state, row.name
        self._check_gate(client, row)
        if (client.queue is not None and "no_multi" in row.flags) or (
            name == "multi" and client.queue is not None
        ):
            inner = "" if state.settings.is_old else f" '{name}'"
            raise CommandFailed(f"ERR Command{inner} not allowed inside a transaction")
        self._check_rights(client, row, arguments, "toplevel")
        if state.cluster is not None and row.specs:
            self._check_slot(client, arguments)
        if self._needs_memory(client, row) and state.is_over_memory():
            raise CommandFailed(OOM)
        if client.queue is not None:
            self._check_refusal(client.queue, row)
        if client.resp == 2 and client.is_subscriber and name not in FOR_SUBSCRIBERS:
            raise CommandFailed(
                f"ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
                "are allowed in this context"
            )
        if state.busy and not self._is_served_when_busy(row):
            raise CommandFailed(state.busy_text())

    def _check_refusal(self, queue: list[list[bytes]], row: CommandSpec) -> None:
        """Nothing is queued, and no transaction run, that writes while writes are refused."""
        refusal = self.state.engine.lua[b"state"][b"refusal"]
        if refusal is None:
            return
        names = [each[0].decode("latin-1").lower() for each in queue] if row.name == "exec" else [row.name]
        if any(name in self._rows and "write" in self._rows[name].flags for name in names):
            raise CommandFailed(refusal[1])

    def _check_gate(self, client: Client, row: CommandSpec) -> None:
        """Some commands have to be allowed by the configuration."""
        gate = _GATES.get(row.name.partition("|")[0])
        if gate is None or row.name in {"module|list", "module|help"}:
            return
        who = self.state.settings.text(gate)
        if who == "no" or (who == "local" and not client.is_local):
            raise CommandFailed(
                f"ERR {row.name.partition('|')[0].upper()} command not allowed. If the {gate} option is set to "
                '"local", you can run it from a local connection, otherwise you need to set this option in the '
                "configuration file, and then restart the server."
            )

    def _check_rights(self, client: Client, row: CommandSpec, arguments: list[bytes], context: str) -> None:
        if client.user.is_unrestricted:
            return
        found = denial(self.state.engine, client.user, row, arguments, client.database)
        if found is not None:
            self._log_denial(client, found, context)
            raise CommandFailed(f"NOPERM {found.text()}")

    def _log_denial(self, client: Client, found: Denial, context: str) -> None:

        most = int(self.state.settings.text("acllog-max-len"))
        entry = AclLogEntry(found.kind, context, found.name, client.user.name, client_line(client))
        self.state.users.log.add(entry, most)

    def _check_slot(self, client: Client, arguments: list[bytes]) -> None:
        engine = self.state.engine
        slot, failed = engine.lua[b"command_slot"](engine.table_of(arguments), len(arguments))
        if failed is not None:
            raise CommandFailed(failed)
        if slot is not None and client.queue is not None:
            client.queue_slots.add(int(slot))

    def _needs_memory(self, client: Client, row: CommandSpec) -> bool:
        if row.name == "exec":
            names = [each[0].decode("latin-1").lower() for each in client.queue or ()]
            return any("denyoom" in self._rows[name].flags for name in names if name in self._rows)
        return "denyoom" in row.flags and (client.queue is not None or row.name in self._handlers)

    def _abandon(self, client: Client) -> None:
        """Give up the transaction of a client."""
        client.end_transaction()
        client.watched = 0
        self.state.engine.lua[b"unwatch"](client.id)

    def _is_served_when_busy(self, row: CommandSpec) -> bool:
        if self.state.settings.is_old and row.name in NEWLY_ALLOWED_WHEN_BUSY:
            return False
        return "allow_busy" in row.flags

    def _needs_no_login(self, name: str) -> bool:
        row = self._rows.get(name)
        return row is not None and "no_auth" in row.flags

    def _may_write(self, arguments: list[bytes]) -> bool:
        """Whether a command writes, or would be copied to replicas; of scripts and functions, their flags say it."""
        name = arguments[0].decode("latin-1").lower()
        row = self._rows.get(name)
        if row is None:
            return False
        if name in SCRIPTS and len(arguments) > 1:
            return not self.state.engine.lua[b"promises_no_writes"](name.encode(), arguments[1])
        return "write" in row.flags or name in REPLICATED


def _unknown(arguments: list[bytes]) -> bytes:
    shown, size = [], 0
    for argument in arguments[1:]:
        if size >= ARGUMENTS_SHOWN:
            break
        text = argument[: ARGUMENTS_SHOWN - size]
        shown.append(b"'%s' " % text)
        size += len(text) + 3
    return b"ERR unknown command '%s', with args beginning with: %s" % (
        arguments[0][:NAME_SHOWN],
        b"".join(shown),
    )
