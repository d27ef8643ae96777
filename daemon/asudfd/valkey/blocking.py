"""Clients whose command waits for a key: BLPOP, XREAD BLOCK and their kin, and WAIT, which waits for its time only.

Lua decides whether a command has to wait, and runs it again when one of its keys has changed; here are the order of the
clients, and their times.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from asudfd.valkey.engine import LUA_ERROR

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.network.reactor import Reactor, ReactorTimer
    from asudfd.valkey.client import Client
    from asudfd.valkey.engine import KeyspaceEngine


class _Wait(NamedTuple):
    """What a client waits for. ``result`` is what its command returned in Lua: it has the command to run again."""

    client: Client
    database: int
    keys: tuple[bytes, ...]
    result: Any
    fails: bool
    """Whether the command is also run again when a key has gone."""
    timer: ReactorTimer | None


class BlockedClients:
    """Who waits for which key, in the order in which they came.

    ``ready`` has the keys that have changed. ``is_written`` writes what has changed, if there is a journal, before anybody is told.
    ``ended`` is told of a command that has its reply, and how long that is. ``failed`` makes a reply of what a state has raised: that
    ends one wait, and nothing else.
    """

    def __init__(
        self,
        engine: KeyspaceEngine,
        ready: list[tuple[int, bytes]],
        reactor: Reactor,
        *,
        is_written: Callable[[], bool],
        ended: Callable[[Client, list[bytes], int], None],
        failed: Callable[[Exception], bytes],
    ) -> None:
        self._failed = failed
        self._ended = ended
        self._is_written = is_written
        self._engine = engine
        self._lua = engine.lua
        self._ready = ready
        self._reactor = reactor
        self._waits: dict[int, _Wait] = {}
        self._keys: dict[tuple[int, bytes], dict[int, None]] = {}
        self._serving = False

    def add(self, client: Client, timeout: float, result: Any) -> None:
        """Let the client wait, up to ``timeout`` seconds (0: for ever). It takes no further command meanwhile."""
        number, keys = client.id, tuple(dict.fromkeys(self._engine.values_of(result[b"keys"])))
        timer = self._reactor.call_later(timeout, lambda: self._timed_out(number)) if timeout else None
        self._waits[number] = _Wait(client, client.database, keys, result, bool(result[b"fails"]), timer)
        for key in keys:
            self._keys.setdefault((client.database, key), {})[number] = None
            self._lua[b"count_wait"](client.database, key, 1)
        client.waiting = list(self._engine.values_of(result[b"argv"]))

    def serve(self) -> None:
        """Try the commands again that wait for keys that have changed, until no more change.

        While a function runs, that has to wait for its end: nothing may happen in its midst.
        """
        if self._serving or self._lua[b"state"][b"script"] is not None:
            return
        self._serving = True
        try:
            while self._ready:
                places = dict.fromkeys(self._ready)
                self._ready.clear()
                for place in places:
                    self._serve_key(*place)
        finally:
            self._serving = False

    @property
    def key_counts(self) -> tuple[int, int]:
        """How many keys clients wait for, and for how many of them also that they go."""
        waits = self._waits
        gone = sum(any(waits[number].fails for number in clients) for clients in self._keys.values())
        return len(self._keys), gone

    def is_waiting(self, client: Client) -> bool:
        """Whether the client waits."""
        return client.id in self._waits

    def unblock(self, client: Client, *, is_error: bool) -> bool:
        """End the client's wait, as if its time were over or with an error; says whether it has waited."""
        wait = self._waits.get(client.id)
        if wait is None:
            return False
        self._end(wait, self._lua[b"UNBLOCKED"] if is_error else self._timeout_reply(wait))
        return True

    def forget(self, client: Client) -> None:
        """The client has gone."""
        wait = self._waits.get(client.id)
        if wait is not None:
            self._remove(wait)

    def _serve_key(self, database: int, key: bytes) -> None:
        """Try those again that wait for one key, the first to come first, as long as there is something for them."""
        is_there = self._is_there(database, key)
        for number in tuple(self._keys.get((database, key), ())):
            wait = self._waits.get(number)
            if wait is None or not (is_there or wait.fails):
                continue
            reply = self._retry(wait)
            if reply is not None:
                self._end(wait, reply)
                is_there = self._is_there(database, key)

    def _retry(self, wait: _Wait) -> bytes | None:
        """The reply of the command that waits; None if it goes on waiting."""
        client = wait.client
        try:
            reply: bytes | None = self._lua[b"retry"](
                time.time() * 1000, wait.database, client.resp, client.id, wait.result
            )
        except LUA_ERROR as error:
            return self._failed(error)
        return reply

    def _is_there(self, database: int, key: bytes) -> bool:
        """Whether there is such a key, as far as that can be told: to try a command once more does no harm."""
        try:
            there: bool = self._lua[b"is_there"](time.time() * 1000, database, key)
        except LUA_ERROR as error:
            self._failed(error)
            return True
        return there

    def _timeout_reply(self, wait: _Wait) -> bytes:
        try:
            reply: bytes = self._lua[b"timed_out"](wait.client.resp, wait.result)
        except LUA_ERROR as error:
            return self._failed(error)
        return reply

    def _timed_out(self, number: int) -> None:
        wait = self._waits.get(number)
        if wait is not None:
            self._end(wait, self._timeout_reply(wait))

    def _end(self, wait: _Wait, reply: bytes) -> None:
        """The client has its reply, and goes on."""
        self._ended(wait.client, wait.client.waiting or [], len(reply))
        self._remove(wait)
        connection = wait.client.connection
        if connection is None:
            return
        if self._is_written():
            connection.resume(reply)
        else:
            connection.cut()  # what it was promised may be lost

    def _remove(self, wait: _Wait) -> None:
        wait.client.waiting = None
        del self._waits[wait.client.id]
        if wait.timer is not None:
            wait.timer.cancel()
        for key in wait.keys:
            place = (wait.database, key)
            waiters = self._keys[place]
            del waiters[wait.client.id]
            if not waiters:
                del self._keys[place]
            self._lua[b"count_wait"](wait.database, key, -1)
