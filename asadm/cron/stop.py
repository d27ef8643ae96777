"""Early ends of a run: Ctrl-C, SIGTERM (systemd, shutdown) and the deadline.

All three become a KeyboardInterrupt where the job waits, see `asinfo.terminal.interrupt`, because everything that waits (the
exchange, the lock, a sleep) already ends well at that one. Which of them it was is remembered, for the report and the exit code.
"""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any, Self

from asadm.outcome import FAILED
from asinfo.terminal import interrupt


class Stop:
    """Watches for the end of a job inside a ``with`` block; ``deadline`` in seconds, 0 for none.

    Only for the main thread, as all signal handling in Python.
    """

    def __init__(self, deadline: float = 0.0) -> None:
        self._deadline = deadline
        self._before: dict[signal.Signals, Any] = {}
        self._deferring_before = False
        self.signal: signal.Signals | None = None
        """What ended the job, None when it ran to its end."""

    def __enter__(self) -> Self:
        self._deferring_before = interrupt.defer()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            self._before[number] = signal.signal(number, self._stop)
        if self._deadline:
            signal.setitimer(signal.ITIMER_REAL, self._deadline)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disarm()

    def hand_over(self) -> float | None:
        """Stop the clock: somebody else sees to the end from here on. Seconds that are left, None for no deadline."""
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        return left if self._deadline else None

    def disarm(self) -> None:
        """From here on nothing ends the job early: its report is being written. Safe to call twice."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        interrupt.drop()
        if not self._before:
            return
        while self._before:
            signal.signal(*self._before.popitem())
        interrupt.defer_no_more(self._deferring_before)

    @property
    def reason(self) -> str:
        """Why the job ended early, for the row of a node that was not finished; empty when it did not."""
        if self.signal is None:
            return ""
        return f"the deadline of {self._deadline:g} s was over" if self.late else "the run was stopped"

    @property
    def late(self) -> bool:
        """Whether it was the deadline."""
        return self.signal == signal.SIGALRM

    @property
    def code(self) -> int:
        """Exit code of a job that ended early: as a shell counts signals, but 1 for the deadline."""
        assert self.signal is not None
        return FAILED if self.late else 128 + self.signal

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.signal = signal.Signals(number)
        interrupt.hear(0 if self.late else number)
