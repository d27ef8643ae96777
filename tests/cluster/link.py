"""A way to etcd that can be made slow, cut, and mended: what was sent meanwhile arrives late, as over TCP."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 65536


class Link:
    """Listens on ``port`` and passes everything on to ``target``, after ``delay`` seconds."""

    def __init__(self, target: int) -> None:
        self.delay = 0.0
        self._target = target
        self._open = threading.Event()
        self._open.set()
        self._over = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._listening = threading.Thread(target=self._accept, daemon=True)
        self._listening.start()

    def cut(self) -> None:
        """Let nothing pass; connections stay open."""
        self._open.clear()

    def mend(self) -> None:
        """Let everything pass again, what was held back first."""
        self._open.set()

    def break_off(self) -> None:
        """End all connections; what was held back is lost."""
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._over.set()
        self._open.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listening.join()
        self._listener.close()
        self.break_off()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            self._sockets |= {near, far}
            done = [threading.Event(), threading.Event()]
            for source, sink, mine, other in ((near, far, *done), (far, near, *reversed(done))):
                thread = threading.Thread(target=self._pump, args=(source, sink, mine, other), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pump(
        self, source: socket.socket, sink: socket.socket, mine: threading.Event, other: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                self._over.wait(self.delay)
                self._open.wait()
                sink.sendall(data)
        self._open.wait()
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        mine.set()
        if other.is_set():  # both directions have ended
            for each in (source, sink):
                each.close()
                self._sockets.discard(each)


@contextlib.contextmanager
def running(target: int) -> Iterator[Link]:
    """A link to the port ``target`` of this machine."""
    link = Link(target)
    try:
        yield link
    finally:
        link.close()
