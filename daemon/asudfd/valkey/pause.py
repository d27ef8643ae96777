"""Clients whose commands wait: for the end of CLIENT PAUSE, of a change of libraries, or of the check of a text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asudfd.network.reactor import Reactor, ReactorTimer
    from asudfd.valkey.client import Client


class ClientPause:
    """Holds clients for a while; ``mode`` is "" (no pause), "write" or "all"."""

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self._timer: ReactorTimer | None = None
        self._held: dict[Client, None] = {}
        self.mode = ""
        self.until = 0.0

    def begin(self, milliseconds: int, mode: str) -> None:
        """Pause for that long. A pause is never made shorter or weaker by another."""
        until = time.monotonic() + milliseconds / 1000
        if self.mode and until < self.until:
            until = self.until
        if self._timer:
            self._timer.cancel()
        self.mode = "all" if "all" in {mode, self.mode} else mode
        self.until = until
        self._timer = self._reactor.call_later(max(0.0, until - time.monotonic()), self.end)

    def hold(self, client: Client) -> None:
        """The client's commands wait for the end of the pause."""
        self._held[client] = None

    @property
    def held(self) -> int:
        """How many clients wait for its end."""
        return len(self._held)

    def is_held(self, client: Client) -> bool:
        """Whether the client's commands wait."""
        return client in self._held

    def forget(self, client: Client) -> None:
        """The client has gone."""
        self._held.pop(client, None)

    def go_on(self, client: Client) -> None:
        """The client, which has waited for something of its own, goes on."""
        self._held.pop(client, None)
        if client.connection is not None and not client.connection.closed:
            client.connection.resume(b"")

    def end(self) -> None:
        """Go on with those that have waited."""
        self.mode, self.until = "", 0.0
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self.release()

    def release(self) -> None:
        """Have all go on that wait; those whose pause is not over will wait again."""
        for client in tuple(self._held):
            self.go_on(client)
