"""Receives signals as bytes on a socket: the event loop reads them; the watchdog sees them while the loop is blocked.

A signal that comes while the loop is held would be lost with a restart: the interpreter has taken it from the system.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

PENDING_MAX = 4096
"""Bytes of signals that are looked at."""


class Signals:
    """Calls ``handlers`` on ``loop`` by their signals, until it is closed; in the main thread."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, handlers: Mapping[signal.Signals, Callable[[], None]]
    ) -> None:
        self._loop = loop
        self._handlers = handlers
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        loop.add_reader(self._reader, self._read)
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _noticed) for number in handlers}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers)  # a restart has them wait

    def pending(self) -> set[int]:
        """The signals that the loop has not seen yet; any thread may ask."""
        try:
            return set(self._reader.recv(PENDING_MAX, socket.MSG_PEEK))
        except BlockingIOError:
            return set()

    def hold(self) -> None:
        """Let signals to the calling thread wait, over an exec, until there are handlers again."""
        signal.pthread_sigmask(signal.SIG_BLOCK, self._handlers)

    def close(self) -> None:
        """Leave signals to whoever had them before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._loop.remove_reader(self._reader)
        self._reader.close()
        self._writer.close()

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for number in self._reader.recv(PENDING_MAX):
                if number in self._handlers:
                    self._handlers[signal.Signals(number)]()


def _noticed(_number: int, _frame: object) -> None:
    """Do nothing: the byte on the socket has told the loop. Without a handler there would be none."""
