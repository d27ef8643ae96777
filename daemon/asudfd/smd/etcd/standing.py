"""Whether the others count on this process, as far as it can tell: what speaks for it, and what against it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MARGIN = 0.02
"""Which part of its life before its end a lease counts as ended, by our own clock: another one may run faster."""


class Standing:
    """``held`` tells whether nothing speaks against it that the others count on us, ``trouble`` what does.

    A lease lasts ``ttl`` seconds; ``connected`` says whether etcd can be asked. ``changed`` is called when ``held``
    changes; ``hurry`` is set when etcd is to be asked at once. ``warn`` and ``alarm`` tell the log.
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
        self.held = False
        self.trouble = ""
        self.changed: Callable[[], None] = lambda: None
        self.mending = False  # keys have to be put back
        self.hurry = asyncio.Event()
        self._ttl = ttl
        self._connected = connected
        self._timer: asyncio.TimerHandle | None = None
        self._unheard = False  # etcd was asked to keep the lease, and has not answered
        self._doubted = False  # it should have ended by our own clock
        self._said = ""

    def down(self, reason: str) -> None:
        """Count on nothing any more."""
        self.trouble = reason
        if self.held:
            self.held = False
            self.warn(f"this node is no member of the cluster until that is mended: {reason}")
            self.changed()

    def up(self) -> None:
        """Nothing speaks against it any more."""
        self._doubted, self._said, self.trouble = False, "", ""
        if not self.held:
            self.held = True
            self.changed()

    def complain(self, reason: str, say: Callable[[str], None]) -> None:
        """Have ``reason`` as the trouble, and say it once."""
        self.trouble = reason
        if reason != self._said:
            self._said = reason
            say(reason)

    def proven(self, began: float) -> bool:
        """Whether it still counts that etcd has let the lease begin anew when it was asked to, at ``began`` or later."""
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
        """Etcd was asked, and has not answered: it may be away for everybody."""
        self._unheard = True
        self._dispel()

    def close(self) -> None:
        """Doubt no more."""
        if self._timer:
            self._timer.cancel()

    def _dispel(self) -> None:
        """Go on after a doubt."""
        if self._doubted and not self.mending:
            self.up()

    def _doubt(self) -> None:
        """The lease is at its end. Where etcd was asked in vain we go on as everybody does; else we have not run."""
        if self.held and not self._unheard and self._connected():
            self._doubted = True
            self.hurry.set()
            self.down(f"it has not run for {self._ttl} s")
