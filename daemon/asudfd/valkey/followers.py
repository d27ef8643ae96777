"""Clients that follow the keyspace: SYNC gives them what there is, and then each change as a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.reply import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from asudfd.valkey.client import Client
    from asudfd.valkey.engine import KeyspaceEngine

SYNC_KEYS_MAX = 20_000
"""Keys of a keyspace that can be followed: they are written at once, which holds others for up to 0.7 s."""


class Followers:
    """The clients that get the changes as they are made, in the form of commands."""

    def __init__(self, engine: KeyspaceEngine) -> None:
        self._engine = engine
        self.clients: dict[Client, None] = {}

    def add(self, client: Client) -> None:
        """The client follows from now on."""
        self.clients[client] = None
        client.follows = True
        self._engine.lua[b"set_followed"](True)

    def leave(self, client: Client) -> None:
        """The client follows no more."""
        if client in self.clients:
            del self.clients[client]
            client.follows = False
            if not self.clients:
                self._engine.lua[b"set_followed"](False)

    def send(self, data: bytes) -> None:
        """All who follow get these commands."""
        for client in tuple(self.clients):
            client.push(data)


def snapshot(engine: KeyspaceEngine, libraries: Iterable[bytes]) -> bytes:
    """All libraries and keys as an RDB file. Raises CommandFailed when there are too many keys."""
    from asinfo.wire.rdb_file import snapshot_file  # not at the start

    sizes = [int(each) for each in engine.lua[b"database_sizes"]().values()]
    if sum(sizes[1::3]) > SYNC_KEYS_MAX:
        raise CommandFailed(
            f"ERR asudfd gives its keys by SYNC only if they are no more than {SYNC_KEYS_MAX}"
        )
    keys = {number: list(engine.values_of(engine.lua[b"keys_of"](number))) for number in sizes[::3]}
    return snapshot_file(
        libraries, {number: _entries(engine, number, names) for number, names in keys.items()}
    )


def _entries(engine: KeyspaceEngine, number: int, keys: list[bytes]) -> Iterator[tuple[bytes, bytes, int]]:
    """Each key with the payload of its value and the time of its expiry in ms, -1 for none."""
    for key in keys:
        payload: Any = engine.run(0, number, [b"DUMP", key])
        at = engine.run(0, number, [b"PEXPIRETIME", key])
        if not payload.startswith(b"$"):
            raise CommandFailed("ERR not enough memory to give the keys")
        yield key, payload.split(b"\r\n", 1)[1][:-2], int(at[1:-2])
