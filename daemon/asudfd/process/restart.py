"""Restarts the daemon within the same process (exec), and keeps its listening sockets.

`exec` replaces the program: what is stored is as after a kill, the process id stays, and so do command line,
environment, stdin, stdout and stderr. Clients that connect meanwhile wait in the sockets' backlogs. What the new program has to know
stands in one environment variable, which it removes as it reads it.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "ASUDFD_RESTARTED"
"""Environment variable with the sockets and the restarts so far, for the process whose id stands in it."""

OFTEN = 5
OFTEN_SECONDS = 60.0
"""So many restarts within so many seconds are told as critical; the daemon goes on, for whoever it can serve meanwhile."""


class KeptSockets:
    """The listening sockets of the process by their uses; those that the program before has kept are used again."""

    def __init__(self, bind: Callable[[str, int], socket.socket]) -> None:
        """``bind`` makes a new socket bound to an address and a port."""
        self._bind = bind
        self._kept: dict[str, socket.socket] = {}
        self._bound: dict[str, socket.socket] = {}
        self.restarts: list[float] = []
        self._take_over()

    def bind(self, use: str, address: str, port: int) -> socket.socket:
        """The socket for ``use``, bound to ``address`` and ``port``: another place in the configuration, another socket."""
        name = f"{use} {address} {port}"
        bound = self._kept.pop(name) if name in self._kept else self._bind(address, port)
        self._bound[name] = bound
        return bound

    def close_unused(self) -> None:
        """Close what was kept for nobody."""
        for kept in self._kept.values():
            kept.close()
        self._kept.clear()

    def happen_often(self) -> bool:
        """Whether restarts come in a row that an operator must know of."""
        return len(self.restarts) >= OFTEN and self.restarts[-1] - self.restarts[-OFTEN] < OFTEN_SECONDS

    def restart(self) -> NoReturn:
        """Start the program anew, from any thread. Raises OSError if the system does not let it."""
        bound = {name: listener for name, listener in self._bound.items() if listener.fileno() >= 0}
        for listener in bound.values():
            listener.set_inheritable(True)
        said = {
            "pid": os.getpid(),
            "restarts": [*self.restarts[1 - OFTEN :], time.monotonic()],
            "sockets": {name: listener.fileno() for name, listener in bound.items()},
        }
        os.execve(sys.executable, sys.orig_argv, {**os.environ, VARIABLE: json.dumps(said)})  # noqa: S606 - ourselves, as we were started

    def _take_over(self) -> None:
        """Read what the program before left for this one; nothing at an ordinary start."""
        with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
            said = json.loads(os.environ.pop(VARIABLE, ""))
            if said["pid"] == os.getpid():
                self.restarts = [float(each) for each in said["restarts"]]
                for name, descriptor in said["sockets"].items():
                    self._adopt(name, descriptor)

    def _adopt(self, name: str, descriptor: int) -> None:
        with suppress(OSError):
            kept = socket.socket(fileno=descriptor)
            kept.set_inheritable(False)
            kept.setblocking(False)
            self._kept[name] = kept
