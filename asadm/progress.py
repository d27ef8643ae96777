"""A line on a terminal's standard error that says how far a slow run is; it erases itself."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from asinfo.exchange import Reply

DELAY = 0.5
"""Seconds without an end before the line appears, and between two looks."""

ERASE = b"\r\x1b[K"


class Progress:
    """Counts replies while ``asked`` nodes are waited for; used as a context around the waiting.

    The alarm signal wakes us because the exchange itself sleeps until a node speaks.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.asked = 0
        self.answered = 0
        self.running = False
        self.shown = False

    def start(self, asked: int) -> None:
        """Begin to wait for ``asked`` nodes."""
        _signal = _built_in()
        self.asked, self.answered = asked, 0
        if _signal.getitimer(_signal.ITIMER_REAL)[0]:
            return  # the alarm is somebody's deadline; the line is less important
        self.running = True
        _signal.signal(_signal.SIGALRM, self._tick)
        _signal.setitimer(_signal.ITIMER_REAL, DELAY, DELAY)

    def arrived(self, _reply: Reply) -> None:
        """One more node has answered, or failed."""
        self.answered += 1

    def stop(self) -> None:
        """The waiting is over: no trace of the line stays."""
        _signal = _built_in()
        if not self.running:
            return
        self.running = False
        _signal.setitimer(_signal.ITIMER_REAL, 0)
        _signal.signal(_signal.SIGALRM, _signal.SIG_DFL)
        if self.shown:
            os.write(self.descriptor, ERASE)
            self.shown = False

    def _tick(self, _signal: int, _frame: FrameType | None) -> None:
        line = f"{self.answered} of {self.asked} nodes answered, waiting for {self.asked - self.answered} ..."
        os.write(self.descriptor, ERASE + line.encode())
        self.shown = True


def _built_in() -> Any:
    """`_signal`, the built-in part of `signal`, which costs as much as the whole run to import."""
    __import__("_signal")
    return sys.modules["_signal"]
