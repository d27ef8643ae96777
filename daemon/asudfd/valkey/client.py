"""A client of the Valkey face: what it has selected, and what it is in the middle of."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asudfd.network.socket_connection import SocketConnection
    from asudfd.valkey.acl.user import AclUser
    from asudfd.valkey.tracking import Tracking


class Client:
    """The state of one connection; ``connection`` is None for the client that stands for scripts.

    ``plain`` says whether its commands are simply executed: it is in no transaction, needs no login, may do everything, and has no
    subscription that changes what it may send. ``queue`` has the commands between MULTI and EXEC, ``waiting`` is the command
    that waits for a key, and ``closing`` asks for the end of the connection after the replies so far. ``replies`` is
    where replies go while its requests are answered.
    """

    __slots__ = (
        "authenticated", "capabilities", "channels", "closing", "command", "commands", "connection",
        "created", "database", "executing", "follows", "id", "imports", "is_monitor", "lib_name",
        "lib_version", "name", "no_evict", "no_touch", "patterns", "plain", "pushed", "queue",
        "queue_failed", "queue_slots", "queued_bytes", "read_only", "replies", "resp", "shard_channels",
        "silent", "skips", "tracking", "user", "waiting", "wants_file", "wants_functions", "watched",
    )  # fmt: skip

    def __init__(self, number: int, connection: SocketConnection | None, user: AclUser) -> None:
        self.id = number
        self.connection = connection
        self.created = time.time()
        self.replies: list[bytes] | None = None
        self.pushed: list[bytes] = []  # messages that wait for the reply at hand
        self.waiting: list[bytes] | None = None
        self.closing = False
        self.silent = False  # CLIENT REPLY OFF
        self.skips = 0  # replies to leave out: that to CLIENT REPLY SKIP itself, and the next
        self.command = b"NULL"  # the name of the last one, as it was written
        self.commands = 0
        self.lib_name = self.lib_version = b""
        self.channels: dict[bytes, None] = {}
        self.patterns: dict[bytes, None] = {}
        self.shard_channels: dict[bytes, None] = {}
        self.queue: list[list[bytes]] | None = None
        self.reset(user)

    def reset(self, user: AclUser) -> None:
        """As a new connection; subscriptions have to be given up before."""
        self.database = 0
        self.resp = 2
        self.name = b""
        self.capabilities = ""  # of CLIENT CAPA, as letters
        self.follows = False  # gets all changes, by SYNC
        self.read_only = False
        self.imports = False  # CLIENT IMPORT-SOURCE
        self.no_evict = self.no_touch = self.is_monitor = False
        self.tracking: Tracking | None = None
        self.silent, self.skips = False, 0
        self.wants_functions = self.wants_file = False  # by SYNC, and nothing else
        self.executing = False  # the commands of a transaction
        self.watched = 0
        self.log_in(user, authenticated=user.nopass and user.enabled)
        self.end_transaction()

    def log_in(self, user: AclUser, *, authenticated: bool = True) -> None:
        """The client is this user from now on."""
        self.user = user
        self.authenticated = authenticated
        self.settle()

    def end_transaction(self) -> None:
        """Forget the commands that were queued."""
        self.queue = None
        self.queue_failed = False
        self.queued_bytes = 0
        self.queue_slots: set[int] = set()
        self.settle()

    @property
    def is_stopped(self) -> bool:
        """Whether it waits for something, or its connection ends."""
        return self.closing or self.waiting is not None

    @property
    def is_secure(self) -> bool:
        """Whether its connection is encrypted."""
        return self.connection is not None and self.connection.is_secure

    @property
    def is_local(self) -> bool:
        """Whether it is on the same machine."""
        return self.connection is not None and self.connection.address.startswith(
            ("127.", "::1", "::ffff:127.")
        )

    @property
    def subscriptions(self) -> int:
        """Channels and patterns; those of shards are counted apart."""
        return len(self.channels) + len(self.patterns)

    @property
    def is_subscriber(self) -> bool:
        """Whether it is subscribed to anything."""
        return bool(self.channels or self.patterns or self.shard_channels)

    def settle(self) -> None:
        """Work out ``plain`` anew; to be called after each change of what it depends on."""
        self.plain = (
            self.authenticated
            and self.user.is_unrestricted
            and self.queue is None
            and not (self.silent or self.skips or self.is_monitor or self.imports)
            and not (self.resp == 2 and self.is_subscriber)
        )

    def push(self, data: bytes) -> None:
        """Send a message that is no reply; while a request of the client is answered, it comes behind that one's reply."""
        if self.replies is not None:
            self.pushed.append(data)
        elif self.connection is not None:
            self.connection.write(data)
