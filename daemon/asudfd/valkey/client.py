"""A client of the Valkey face: what it has selected, and what it is in the middle of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asudfd.network.socket_connection import SocketConnection


class Client:
    """The state of one connection; ``connection`` is None for the client that stands for scripts.

    ``plain`` says whether its commands are simply executed: it is in no transaction, needs no login, and has no
    subscription that changes what it may send. ``queue`` has the commands between MULTI and EXEC, ``waiting`` is the command
    that waits for a key, and ``closing`` asks for the end of the connection after the replies so far.
    """

    __slots__ = (
        *("closing", "connection", "database", "id", "library_name", "library_version", "name", "plain"),
        *("queue", "queue_failed", "resp", "user", "waiting"),
    )

    def __init__(self, number: int, connection: SocketConnection | None) -> None:
        self.id = number
        self.connection = connection
        self.database = 0
        self.resp = 2
        self.name = self.library_name = self.library_version = b""
        self.user = b"default"
        self.queue: list[list[bytes]] | None = None
        self.queue_failed = False
        self.plain = True
        self.closing = False
        self.waiting: list[bytes] | None = None
