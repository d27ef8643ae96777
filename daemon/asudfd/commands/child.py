"""A child process that gets the signals of its parent, which has threads and no handlers of signals."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PASSED_ON = frozenset({
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
})  # fmt: skip
"""Signals that somebody sends to the parent and means the child."""

_BY_THE_KERNEL = 0x80
"""What Linux says of a signal that no process has sent: of Ctrl-C the terminal has told the child as well."""


def blocked_signals() -> frozenset[int]:
    """Hold back the signals that are passed on and the end of the child, for `Child.wait`; what was held back is in no thread's way."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored, nobody is told how a child ended
    signals = frozenset({*PASSED_ON, signal.SIGCHLD})
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    return signals


def pending_signal(signals: frozenset[int]) -> int:
    """A signal that was to end the parent before there was a child; 0 if there is none."""
    ending = signals - {signal.SIGCHLD, signal.SIGWINCH}
    return next(iter(sorted(signal.sigpending() & ending)), 0)


class Child:
    """A running child with the environment given; it has the terminal, the streams and the group of its parent."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        """Raises OSError where it cannot be run."""
        self._pid = os.posix_spawnp(
            words[0], list(words), environment, setsigmask=(), setsigdef=(signal.SIGINT, signal.SIGQUIT)
        )

    def wait(self, signals: frozenset[int]) -> int:
        """Pass signals on until it has ended: its exit code, or 128 and the number of the signal that ended it."""
        while True:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            got = signal.sigwaitinfo(signals)
            if got.si_signo in PASSED_ON and got.si_code != _BY_THE_KERNEL:
                os.kill(self._pid, got.si_signo)
