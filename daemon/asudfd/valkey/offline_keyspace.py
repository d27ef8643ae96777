"""A keyspace without a node: for tools that call a function of a library on data that they give it.

It answers every command as a node does that has just started, and keeps nothing. A call has some seconds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from asinfo.wire.resp_reply import decode
from asudfd.network.reactor import Reactor
from asudfd.valkey.commands import handlers
from asudfd.valkey.dispatch import Dispatcher
from asudfd.valkey.load_check import LoadFailed
from asudfd.valkey.reply import CommandFailed
from asudfd.valkey.settings import ValkeySettings
from asudfd.valkey.state import ServerState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asinfo.wire.resp_reply import Value

SETTINGS = {"busy-reply-threshold": "0"}
"""No other client waits for a call that takes long, so none is to be served meanwhile."""


class OfflineKeyspace:
    """The keyspace. ``log`` gets what functions log, with Valkey's level (0 to 3), and the faults of the keyspace.

    A call ends after ``seconds``, and where ``is_stopped`` says so.
    """

    def __init__(
        self,
        seconds: float,
        log: Callable[[int, bytes], None],
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        def warn(text: str) -> None:
            log(3, text.encode("utf-8", "backslashreplace"))

        reactor = Reactor(lambda error: warn(f"a command has failed: {error!r}"))
        self._state = _BoundedState(ValkeySettings(values=SETTINGS), reactor, warn)
        self._state.seconds, self._state.is_stopped, self._state.log = seconds, is_stopped, log
        self._dispatcher = Dispatcher(self._state, handlers())
        self._client = self._state.connected(None)  # type: ignore[arg-type] # nobody is connected
        self._client.replies = []

    def load(self, text: bytes) -> bytes:
        """Load a library; its name. It has the time of every load, not that of a call. Raises LoadFailed."""
        self._state.began = None
        try:
            return self._state.libraries.load(text, replace=False)
        except CommandFailed as failed:
            raise LoadFailed(failed.reply.text) from None

    def run(self, arguments: Sequence[bytes]) -> Value:
        """The reply, in RESP2, to a command; a command that would wait for a key answers None."""
        self._state.began = time.monotonic()
        reply = self._dispatcher.handle(self._client, list(arguments))
        return decode(reply) if reply else None


class _BoundedState(ServerState):
    """The state of a keyspace whose calls end after ``seconds``."""

    seconds: float
    is_stopped: Callable[[], bool]
    began: float | None = None
    """When the command began that runs; None while none does."""

    def tick(self, kind: bytes) -> tuple[float | None, bytes | None]:
        """A call has run for some time; see Running.tick."""
        if self.is_stopped():
            return None, b"ERR the function was stopped"
        if self.began is not None and time.monotonic() - self.began > self.seconds:
            return None, b"ERR the function ran for more than %g s" % self.seconds
        return super().tick(kind)
