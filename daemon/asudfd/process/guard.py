"""Actions when the event loop is blocked: log it, demote the function that blocks it, restart the process.

It also sends the keep-alive of systemd's watchdog, which covers the rest: an event loop that waits for a disk, and a
process that gets no processor time.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING

from asudfd.process.holder import holder
from asudfd.process.notify import beat_seconds, notify
from asudfd.process.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from asudfd.process.holder import HeldCall, LoopHolder
    from asudfd.process.log import Log
    from asudfd.process.restart import KeptSockets
    from asudfd.process.signals import Signals
    from asudfd.served_node import ServedNode

STOPS = {signal.SIGTERM, signal.SIGINT}


class LoopGuard:
    """Restarts the process when its event loop, which serves ``nodes``, is blocked for ``seconds``; 0 turns that off."""

    def __init__(
        self, nodes: Sequence[ServedNode], log: Log, signals: Signals, listeners: KeptSockets, seconds: int
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._nodes = nodes
        self._log = log
        self._signals = signals
        self._listeners = listeners
        self._watchdog = Watchdog(self._loop, seconds, self._held) if seconds else None
        self._beats: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin."""
        if self._watchdog is not None:
            self._watchdog.start()
        if beat := beat_seconds():
            self._beat(beat)

    def stop(self) -> None:
        """End; may be called again."""
        if self._watchdog is not None:
            self._watchdog.stop()
            self._watchdog = None
        if self._beats is not None:
            self._beats.cancel()

    def _beat(self, seconds: float) -> None:
        notify("WATCHDOG=1")
        self._beats = self._loop.call_later(seconds, self._beat, seconds)

    def _held(self, stack: FrameType, seconds: float) -> None:
        """In the watchdog's thread: the loop's own thread may never go on."""
        try:
            services = [service for served in self._nodes for service in served.services]
            found = holder(stack, self._loop, services)
            self._tell(found, seconds)
            if found.call is not None:
                self._demote(found.call)
        finally:
            self._start_anew()

    def _tell(self, found: LoopHolder, seconds: float) -> None:
        what = f"{found} has held the event loop for {seconds:.1f} s of the processor"
        self._log.critical("service", f"{what}: starting anew (at {found.stack})")
        notify(f"STATUS={''.join(filter(str.isprintable, what))}: starting anew")

    def _demote(self, call: HeldCall) -> None:
        demotion = call.host.demote(call.module, call.function)
        self._log.warning(
            "udf",
            f"the function {demotion.function!r} of the module {call.module!r} with the SHA-256 {demotion.content} runs "
            "in workers only from now on, until a changed put or udf-clear-cache:",
        )

    def _start_anew(self) -> None:
        self._signals.hold()
        if STOPS & self._signals.pending():
            self._end("the event loop is held, and a signal to stop has come")
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}\nWATCHDOG=1")
        try:
            self._listeners.restart()
        except OSError as error:
            self._end(f"cannot start anew: {error.strerror}")

    def _end(self, reason: str) -> None:
        self._log.critical("service", f"leaving at once: {reason}")
        os._exit(1)
