"""A client as a line of CLIENT LIST."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asudfd.valkey.client import Client

_NAME_MAX = 32
"""Bytes shown of the name of a command."""

_EMPTY_CLIENT = 1600
"""Bytes of a client that has nothing going on, measured by tracemalloc over 2,000 of them."""


def client_line(client: Client) -> bytes:
    """The fields of a client, as text."""
    connection = client.connection
    now = time.time()
    backlog = connection.backlog if connection else 0
    idle = int(time.monotonic() - connection.last_read) if connection else 0
    fields = {
        "id": client.id,
        "addr": connection.address if connection else "",
        "laddr": connection.local_address if connection else "",
        "fd": connection.descriptor if connection else -1,
        "name": client.name.decode("latin-1"),
        "age": int(now - client.created),
        "idle": idle,
        "flags": client_flags(client),
        "capa": client.capabilities,
        "db": client.database,
        "sub": len(client.channels),
        "psub": len(client.patterns),
        "ssub": len(client.shard_channels),
        "multi": len(client.queue) if client.queue is not None else -1,
        "watch": client.watched,
        "qbuf": 0,
        "qbuf-free": 0,
        "argv-mem": 0,
        "multi-mem": sum(len(each) for command in client.queue or () for each in command),
        "rbs": 0,
        "rbp": 0,
        "obl": 0,
        "oll": 1 if backlog else 0,
        "omem": backlog,
        "tot-mem": _EMPTY_CLIENT + backlog,
        "events": "rw" if backlog else "r",
        "cmd": client.command[:_NAME_MAX].decode("latin-1").lower(),
        "user": client.user.name.decode("latin-1"),
        "redir": client.tracking.redirect if client.tracking else -1,
        "resp": client.resp,
        "lib-name": client.lib_name.decode("latin-1"),
        "lib-ver": client.lib_version.decode("latin-1"),
        "tot-net-in": connection.bytes_received if connection else 0,
        "tot-net-out": connection.bytes_sent if connection else 0,
        "tot-cmds": client.commands,
    }
    return " ".join(f"{name}={value}" for name, value in fields.items()).encode("latin-1")


FLAGS = frozenset("AbBcdeEiIMNOPrRStTuUx")
"""The letters that clients of the real server may have; here are fewer."""


def client_flags(client: Client) -> str:
    """The letters that say what the client is in the middle of."""
    letters = {
        "O": client.is_monitor,
        "P": client.is_subscriber,
        "x": client.queue is not None,
        "b": client.waiting is not None,
        "t": client.tracking is not None,
        "B": client.tracking is not None and client.tracking.broadcast,
        "e": client.no_evict,
        "T": client.no_touch,
        "I": client.imports,
        "S": client.follows,
        "r": client.read_only,
    }
    return "".join(letter for letter, holds in letters.items() if holds) or "N"


def client_type(client: Client) -> str:
    """The type of CLIENT LIST TYPE and CLIENT KILL TYPE."""
    if client.follows:
        return "replica"
    return "pubsub" if client.is_subscriber and client.resp == 2 else "normal"
