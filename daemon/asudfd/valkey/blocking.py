"""Clients whose command waits for a key: BLPOP and its kin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from asudfd.network.reactor import Reactor, ReactorTimer
    from asudfd.valkey.client import Client
    from asudfd.valkey.engine import KeyspaceEngine


class _Wait(NamedTuple):
    client: Client
    arguments: list[bytes]
    database: int
    keys: tuple[bytes, ...]
    timer: ReactorTimer | None


class BlockedClients:
    """Who waits for which key, in the order in which they came. ``ready`` has the keys that have changed."""

    def __init__(self, engine: KeyspaceEngine, ready: list[tuple[int, bytes]], reactor: Reactor) -> None:
        self._engine = engine
        self._ready = ready
        self._reactor = reactor
        self._waits: dict[int, _Wait] = {}
        self._keys: dict[tuple[int, bytes], dict[int, None]] = {}

    def add(self, client: Client, timeout: float, keys: Any) -> None:
        """To be done."""

    def serve(self) -> None:
        """Try the commands again that wait for keys that have changed."""
        self._ready.clear()

    def forget(self, client: Client) -> None:
        """The client has gone."""
