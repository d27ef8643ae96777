"""What the commands of the Valkey face have in common: settings, keyspace, users, clients."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from asudfd.errors import StartError
from asudfd.valkey.acl.users import AclUsers
from asudfd.valkey.blocking import BlockedClients
from asudfd.valkey.checked_texts import CheckedTexts
from asudfd.valkey.client import Client
from asudfd.valkey.client_line import client_line
from asudfd.valkey.command_log import CommandLog
from asudfd.valkey.engine import KeyspaceEngine
from asudfd.valkey.followers import Followers
from asudfd.valkey.libraries import LibrarySet
from asudfd.valkey.monitoring import show_to_monitors
from asudfd.valkey.parameters import event_classes
from asudfd.valkey.pause import ClientPause
from asudfd.valkey.pubsub import PubSub
from asudfd.valkey.reply import CommandFailed
from asudfd.valkey.running import Running
from asudfd.valkey.shebang import script_header
from asudfd.valkey.slots import member_of, own_member
from asudfd.valkey.statistics import ERROR_CODE_MAX, ServerStatistics
from asudfd.valkey.table import command_rows, newer_than_8_1

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.network.reactor import Reactor
    from asudfd.network.socket_connection import SocketConnection
    from asudfd.valkey.journal import KeyspaceJournal
    from asudfd.valkey.settings import ValkeySettings
    from asudfd.valkey.slots import ClusterView


REPLICAS_NEEDED = ("min-replicas-to-write", "min-replicas-max-lag")
"""Parameters that, set together, let nothing be written without replicas; there are never any."""

NO_REPLICAS = b"NOREPLICAS Not enough good replicas to write."


SHORT_SECONDS = 0.001
"""Where the log of slow commands begins below this, those that scripts run are timed one by one: it costs 0.5 us each."""


class ServerState:
    """The keyspace of a node and its clients; it is what the Lua state calls back. ``warn`` is told of faults.

    ``run`` answers a command as if a client had just sent it; ``denied`` says why a user may not run one. ``ready`` has the keys
    that have changed and that clients wait for. ``shutdown`` asks the node to stop. ``log`` gets what scripts log, with Valkey's
    level (0 to 3).
    """

    run: Callable[[Client, list[bytes]], bytes]
    denied: Callable[[Client, list[bytes]], str | None]

    def __init__(self, settings: ValkeySettings, reactor: Reactor, warn: Callable[[str], None]) -> None:
        self.settings = settings
        self.reactor = reactor
        self.warn = warn
        self.clients: dict[int, Client] = {}
        self.log: Callable[[int, bytes], None] = lambda _level, _text: None
        self.started = time.time()
        self.ready: list[tuple[int, bytes]] = []
        self.users = AclUsers()
        self.pubsub = PubSub(settings)
        self.statistics = ServerStatistics()
        self.command_log = CommandLog(settings)
        self.monitors: dict[Client, None] = {}
        self.pause = ClientPause(reactor)
        self.shutdown: Callable[[], None] | None = None
        self.script_client = Client(0, None, self.users.default)
        self.caller = self.script_client
        """Whose command runs at the moment, as far as it has not all rights."""
        self.engine = KeyspaceEngine(self, settings.memory)
        self.followers = Followers(self.engine)
        self.running = Running(self.engine.lua[b"state"], settings, reactor, warn)
        self.libraries = LibrarySet(self.engine, self.now, self.running, warn)
        self.libraries.freed = self.pause.release
        self.texts = CheckedTexts(self.engine, self.libraries, self.pause, self.statistics)
        self.blocked = BlockedClients(
            self.engine,
            self.ready,
            reactor,
            is_written=self.is_written,
            ended=self._unblocked,
            failed=self.failed,
        )
        self.cluster: ClusterView | None = None
        self.journal: KeyspaceJournal | None = None
        self.rebind: Callable[[list[str]], None] | None = None
        """Listens at other addresses. Raises OSError or ValueError."""
        self.make_journal: Callable[[], KeyspaceJournal] | None = None
        """Makes the journal that CONFIG SET appendonly asks for."""
        self.sweeps = True
        """Whether keys whose time is over are looked for."""
        self.run_id = secrets.token_hex(20)
        self.refused_connections: Callable[[], int] = int
        self.memory_at_start = self.memory_peak = int(self.engine.lua[b"memory_used"]())
        self._ids = 0
        self.events: frozenset[str] = frozenset()
        """The letters of notify-keyspace-events; empty when nobody is told."""
        if settings.is_old:
            self._be_old()
        self.apply_settings()

    def _be_old(self) -> None:
        """Be a Valkey 8.1."""
        self.libraries.is_old = True
        for row in filter(newer_than_8_1, command_rows().values()):
            self.engine.withdraw(row)

    def now(self) -> float:
        """Milliseconds since 1970."""
        return time.time() * 1000

    def connected(self, connection: SocketConnection) -> Client:
        """A new client."""
        self._ids += 1
        self.statistics.connections += 1
        client = self.clients[self._ids] = Client(self._ids, connection, self.users.default)
        return client

    def left(self, client: Client) -> None:
        """The client's connection has ended."""
        self.clients.pop(client.id, None)
        if client.connection is not None:
            self.statistics.bytes_in += client.connection.bytes_received
            self.statistics.bytes_out += client.connection.bytes_sent
        self.end_monitor(client)
        self.pubsub.leave(client)
        self.followers.leave(client)
        self.blocked.forget(client)
        self.texts.forget(client)
        self.pause.forget(client)
        self.engine.lua[b"unwatch"](client.id)

    def open_journal(self) -> None:
        """Keep the keys in a journal from now on; those that there are go into it meanwhile. Raises StartError."""
        if self.journal is not None:
            return
        if self.make_journal is None:
            raise StartError("asudfd keeps data as `storage` in its configuration file says")
        journal = self.make_journal()
        journal.remove()
        journal.open()
        self.journal = journal
        journal.compact()

    def drop_journal(self) -> None:
        """Keep the keys in no journal any more, and remove its file. Raises StartError if the configuration asks for it."""
        if self.journal is None:
            return
        if self.make_journal is None:
            raise StartError("asudfd keeps data as `storage` in its configuration file says")
        self.journal.close()
        self.engine.lua[b"drop_journal"]()
        self.journal.remove()
        self.journal = None

    def evict(self, client: Client) -> None:
        """The client's connection is going to be cut because too much waits for all clients together."""
        self.statistics.evicted_clients += 1
        self.warn(f"Evicting client: {client_line(client).decode('latin-1')}")

    def begin_monitor(self, client: Client) -> None:
        """The client is shown all commands from now on."""
        self.monitors[client] = None
        self.engine.lua[b"state"][b"monitored"] = True

    def end_monitor(self, client: Client) -> None:
        """The client is shown nothing more."""
        self.monitors.pop(client, None)
        self.engine.lua[b"state"][b"monitored"] = bool(self.monitors)

    @property
    def busy(self) -> bool:
        """Whether a function or script has run past the threshold, and clients are served from inside it."""
        return self.running.busy

    def is_written(self) -> bool:
        """Whether all changes are in the journal, if there is one; writes those that are not yet.

        From inside a busy function that waits for its end: what belongs together is written together.
        """
        journal = self.journal
        return journal is None or not journal.waits or self.running.busy or journal.flush()

    def _unblocked(self, client: Client, arguments: list[bytes], size: int) -> None:
        """A command that has waited has its reply."""
        self.statistics.commands += 1
        client.commands += 1
        self.command_log.note(client, arguments, 0.0, size)

    def end_script(self) -> None:
        """The node stops: the function that runs ends whatever it has done, and nothing of it is written."""
        if self.journal is not None:
            self.journal.abandon()
        self.running.end()

    def failed(self, error: Exception) -> bytes:
        """The reply to a command that could not be ended in Lua: no memory for its reply, or a fault of ours."""
        if not self.running.busy:
            self.engine.lua[b"recover"]()
        if isinstance(error, MemoryError):
            return b"-OOM not enough memory for this command\r\n"
        self.fault(str(error).encode())
        return b"-ERR internal error\r\n"

    def busy_text(self) -> str:
        """What a client is told while a script is busy."""
        return self.running.busy_text()

    def apply_settings(self) -> None:
        """The settings have changed: pass on what others go by."""
        lua_state = self.engine.lua[b"state"]
        self.engine.set_maxmemory(self.settings.maxmemory)
        self.events = event_classes(self.settings.text("notify-keyspace-events"))
        self.engine.lua[b"set_events"](bool(self.events))
        lua_state[b"logged"] = self.settings.slow_seconds < SHORT_SECONDS
        lua_state[b"importing"] = self.settings.text("import-mode") == "yes"
        lua_state[b"proto_max_bulk_len"] = self.settings.bulk_max
        lua_state[b"hll_sparse_max_bytes"] = int(self.settings.text("hll-sparse-max-bytes"))
        thresholds = self.engine.lua[b"compact"]
        for name in list(thresholds):
            thresholds[name] = int(self.settings.text(name.decode()))
        lacks_replicas = all(int(self.settings.text(name)) > 0 for name in REPLICAS_NEEDED)
        self.engine.lua[b"refuse_writes"](NO_REPLICAS if lacks_replicas else None, b"replicas")
        if self.journal is not None:
            self.journal.appendfsync = self.settings.text("appendfsync")
        lua_state[b"old_wording"] = self.settings.is_old

    def join(self, view: ClusterView) -> None:
        """The node is one of a cluster from now on; to be called again when the membership has changed."""
        self.cluster = view
        self.settings.pin("cluster-enabled", "yes")
        own = own_member(view)
        fields = {b"first": own.first if own else 0, b"last": own.last if own else -1, b"down": own is None}
        self.engine.lua[b"state"][b"cluster"] = self.engine.table(fields)

    def is_over_memory(self) -> bool:
        """Whether commands that need memory are refused."""
        return bool(self.engine.lua[b"is_over_memory"]())

    # Called back by the engine

    def tick(self, kind: bytes) -> tuple[float | None, bytes | None]:
        """See Running.tick."""
        return self.running.tick(kind)

    def exhausted(self) -> None:
        """Others are served in the midst of a call that has taken too much memory: it ends."""
        if self.busy:
            self.running.exhaust()

    def script_ended(self) -> None:
        """The call that `tick` was called from has ended."""
        self.running.ended()
        self.libraries.accept_late()

    def log_line(self, level: int, text: bytes) -> None:
        """A script logs."""
        if level >= self.settings.log_level:
            self.log(int(level), text)

    def script_header(self, code: bytes) -> tuple[bytes | None, bytes]:
        """The error in the first line of a script, or None and its flags."""
        try:
            return None, b" ".join(script_header(code))
        except CommandFailed as failed:
            return failed.reply.text, b""

    def journal_waits(self) -> None:
        """There are changes that the journal does not have."""
        assert self.journal is not None
        self.journal.waits = True

    def monitor(self, arguments: Any, database: float) -> None:
        """A script runs a command, and clients monitor."""
        self.script_client.database = int(database)
        show_to_monitors(self, self.script_client, list(self.engine.values_of(arguments)))

    def log_command(self, client: float, arguments: Any, seconds: float) -> None:
        """A script has run a command."""
        caller = self.clients.get(int(client), self.script_client)
        self.command_log.note(caller, list(self.engine.values_of(arguments)), seconds, 0)

    def followed(self, commands: bytes) -> None:
        """Changes, for the clients that follow."""
        self.followers.send(commands)

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
        self.statistics.expired += 1
        if self.events:
            self.event(b"x", b"expired", key, database)

    def event(self, kind: bytes, name: bytes, key: bytes, database: float) -> None:
        """Tell subscribers what has happened to a key."""
        if kind.decode() not in self.events:
            return
        if "K" in self.events:
            self.pubsub.publish(b"__keyspace@%d__:%b" % (database, key), name)
        if "E" in self.events:
            self.pubsub.publish(b"__keyevent@%d__:%b" % (database, name), key)

    def moved(self, slot: float) -> bytes:
        """The error for a key of a slot that another node has."""
        member = member_of(self.cluster, int(slot)) if self.cluster else None
        if member is None:
            return b"CLUSTERDOWN Hash slot not served"
        client = self.clients.get(int(self.engine.lua[b"state"][b"client"] or 0))
        secure = client is not None and client.is_secure
        return f"MOVED {int(slot)} {member.address_for(secure=secure)}".encode()

    def count_error(self, text: bytes, times: int) -> None:
        """A command that a script has called has failed; -1 time takes that back."""
        self.statistics.count_error(b"-" + text[:ERROR_CODE_MAX], int(times))

    def script_evicted(self) -> None:
        """A script that came by EVAL has made place for another."""
        self.statistics.evicted_scripts += 1

    def acl(self, arguments: Any) -> bytes | None:
        """Why the user of the running script may not run a command; None if it may."""
        text = self.denied(self.caller, list(self.engine.values_of(arguments)))
        return f"ERR ACL failure in script: {text}".encode("latin-1") if text else None

    def command(self, *arguments: bytes) -> bytes:
        """The reply, in RESP3, of a command that a script calls and that is not one of the keyspace."""
        client = self.script_client
        client.resp = 3
        client.database = int(self.engine.lua[b"state"][b"db"][b"number"])
        return self.run(client, list(arguments))
