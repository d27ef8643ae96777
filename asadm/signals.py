"""Signals during steps that belong together: the first one stops the run, later ones interrupt no cleanup.

Ctrl-C, SIGTERM (systemd, shutdown) and SIGHUP (a terminal that is closed) become one KeyboardInterrupt; from then on
they are only counted, so that what has to be put back can be, within the time that is set for it.
"""

from __future__ import annotations

import signal

from asinfo.terminal import interrupt

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Self

_HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DeferredSignals:
    """Inside its ``with`` block at most one KeyboardInterrupt is raised, where the program waits, and none after `defer`.

    Where the program never waits again, it is raised at the end of the block. ``signal`` is the first that came, 0 for none;
    ``kept`` tells that it came when nothing was to be cut off: then it ends the program where it waits next, a loop around the
    block or the command behind it. One inside of another passes on what it heard.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._deferred = False
        self.kept = False
        self._deferring_before = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._deferring_before = interrupt.defer()
        for number in _HEARD:
            if signal.getsignal(number) not in {signal.SIG_IGN, None}:  # as under nohup
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        outer: DeferredSignals | None = None
        while self._before:
            number, before = self._before.popitem()
            signal.signal(number, before)
            above = getattr(before, "__self__", None)
            outer = above if isinstance(above, DeferredSignals) else outer
        if outer is not None and self.signal:
            outer.signal = outer.signal or self.signal
            outer.defer()  # its KeyboardInterrupt is ours
            outer.kept |= self.kept
        elif self.kept and self._deferring_before:
            interrupt.keep(self.signal)
        interrupt.defer_no_more(self._deferring_before)

    def defer(self) -> None:
        """From here on nothing is cut off."""
        self._deferred = True
        self.kept |= interrupt.drop()

    @property
    def code(self) -> int:
        """The exit code of a run that was stopped, as a shell counts signals; 0 when it was not."""
        return 128 + self.signal if self.signal else 0

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self.kept |= self._deferred and not self.signal
        self.signal = self.signal or number
        if not self._deferred:
            self._deferred = True
            interrupt.hear(number)
