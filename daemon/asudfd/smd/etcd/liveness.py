"""Whether the lease of this process is alive, as far as the process itself can tell."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MARGIN = 0.02
"""Part of its time to live by which a lease counts as expired early: the clock of etcd may run faster than ours."""


class Liveness:
    """The liveness of this process in the cluster; ``trouble`` says why it is not ``alive``.

    A lease lasts ``ttl`` seconds; ``connected`` says whether etcd can be reached. ``changed`` is called when ``alive``
    changes. ``hurry`` is set when the lease has to be renewed at once. ``warn`` and ``alarm`` write to the log.
    """

    def __init__(
        self,
        ttl: int,
        connected: Callable[[], bool],
        *,
        warn: Callable[[str], None],
        alarm: Callable[[str], None],
    ) -> None:
        self.warn = warn
        self.alarm = alarm
        self.alive = False
        self.trouble = ""
        self.changed: Callable[[], None] = lambda: None
        self.restoring = False  # keys have to be put back
        self.hurry = asyncio.Event()
        self._ttl = ttl
        self._connected = connected
        self._timer: asyncio.TimerHandle | None = None
        self._unheard = False  # etcd was asked to keep the lease, and has not answered
        self._doubted = False  # it should have ended by our own clock
        self._said = ""

    def down(self, reason: str) -> None:
        """Count as dead, for ``reason``."""
        self.trouble = reason
        if self.alive:
            self.alive = False
            self.warn(f"this node is no member of the cluster until that is mended: {reason}")
            self.changed()

    def up(self) -> None:
        """Count as alive again."""
        self._doubted, self._said, self.trouble = False, "", ""
        if not self.alive:
            self.alive = True
            self.changed()

    def complain(self, reason: str, say: Callable[[str], None]) -> None:
        """Set ``reason`` as the trouble, and tell ``say`` once."""
        self.trouble = reason
        if reason != self._said:
            self._said = reason
            say(reason)

    def proven(self, began: float) -> bool:
        """Whether a renewal of the lease that began at ``began`` came back before the lease would have expired."""
        loop = asyncio.get_running_loop()
        ends = began + (1 - MARGIN) * self._ttl
        if ends <= loop.time():
            return False
        self._unheard = False
        self.close()
        self._timer = loop.call_at(ends, self._doubt)
        self._dispel()
        return True

    def unheard(self) -> None:
        """A renewal got no reply: etcd may be unreachable for every process."""
        self._unheard = True
        self._dispel()

    def close(self) -> None:
        """Stop the timer."""
        if self._timer:
            self._timer.cancel()

    def _dispel(self) -> None:
        """Count as alive again after a renewal that came late."""
        if self._doubted and not self.restoring:
            self.up()

    def _doubt(self) -> None:
        """The lease should have expired. After renewals without reply all processes go on; without any, this one was frozen."""
        if self.alive and not self._unheard and self._connected():
            self._doubted = True
            self.hurry.set()
            self.down(f"it has not run for {self._ttl} s")
