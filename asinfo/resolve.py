"""Names to addresses, in threads: the system's look-up has no deadline, the tools do."""

from __future__ import annotations

import _socket
import _thread
import os
from collections import deque
from contextlib import suppress

from asinfo.errors import Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asinfo.exchange import Address, _NodeConnection

    Found = list[Address] | Unreachable

THREADS_MAX = 32
"""Names that are looked up at the same time. getaddrinfo blocks its thread; the number bounds the threads when a resolver hangs."""


class Resolver:
    """Look-ups in progress. ``descriptor`` becomes readable when ``results`` has news.

    The threads are bare ones of ``_thread``: they do not keep the process alive when a name server never answers.
    """

    def __init__(self) -> None:
        self.descriptor, self._signal = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self._signal, False)
        self._wanted: deque[tuple[str, int]] = deque()
        self._found: deque[tuple[str, int, Found]] = deque()
        self._known: dict[tuple[str, int], Found] = {}
        self._asking: dict[tuple[str, int], list[_NodeConnection]] = {}
        self._threads = 0
        self._lock = _thread.allocate_lock()
        self._closed = False

    def look_up(self, host: str, port: int, connection: _NodeConnection) -> None:
        """Find the addresses of ``host`` for ``connection``."""
        waiting = self._asking.setdefault((host, port), [])
        waiting.append(connection)
        if (host, port) in self._known:
            self._tell(host, port, self._known[host, port])
        elif len(waiting) == 1:
            self._wanted.append((host, port))
            with self._lock:
                if self._threads < THREADS_MAX:
                    self._threads += 1
                    _thread.start_new_thread(self._work, ())

    def results(self) -> list[tuple[_NodeConnection, Found]]:
        """Connections whose names were looked up since the last call."""
        with suppress(BlockingIOError):
            os.read(self.descriptor, 4096)
        news: list[tuple[_NodeConnection, Found]] = []
        while self._found:
            host, port, found = self._found.popleft()
            self._known[host, port] = found
            news.extend((connection, found) for connection in self._asking.pop((host, port), []))
        return news

    def close(self) -> None:
        """Forget everybody; threads still in a look-up end by themselves."""
        with self._lock:
            self._closed = True
            os.close(self.descriptor)
            os.close(self._signal)

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._closed or not self._wanted:
                    self._threads -= 1
                    return
                host, port = self._wanted.popleft()
            self._tell(host, port, addresses(host, port))

    def _tell(self, host: str, port: int, found: Found) -> None:
        self._found.append((host, port, found))
        with self._lock:
            if not self._closed:
                with suppress(BlockingIOError):  # a full pipe wakes the reader just as well
                    os.write(self._signal, b".")


def addresses(host: str, port: int) -> Found:
    """The addresses of ``host`` in the system's order."""
    try:
        # bytes keep the IDNA codec (three modules) away from plain names
        name: str | bytes = host.encode("ascii") if host.isascii() else host
        found = _socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError) as error:
        if isinstance(error, UnicodeError):  # of the IDNA codec, whose texts are about bytes
            return Unreachable("resolve", "this cannot be the name of a host")
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Unreachable("resolve", reason[:1].lower() + reason[1:])
    return [(family, address) for family, _, _, _, address in found if not isinstance(address[1], bytes)]
