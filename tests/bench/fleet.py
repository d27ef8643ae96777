"""Thousands of scripted nodes in one process, each on its own address of 127/8. `python -m tests.bench.fleet N HUNG`.

Prints the port when all listen. The last HUNG nodes accept and never answer. Ends when its stdin does.
"""

from __future__ import annotations

import select
import socket
import sys

from asinfo.wire import frame
from tests.bench.processes import raise_file_limit


def addresses(count: int) -> list[str]:
    """The first ``count`` addresses of the fleet."""
    return [f"127.7.{number // 250}.{number % 250 + 1}" for number in range(count)]


class Fleet:
    """The listeners and connections of all nodes, served by one epoll loop."""

    def __init__(self, count: int, hung: int) -> None:
        self.epoll = select.epoll()
        self.listeners: dict[int, socket.socket] = {}
        self.silent: set[int] = set()
        self.connections: dict[int, socket.socket] = {}
        self.port = 0
        hosts = addresses(count)
        for host in hosts:
            self._listen(host, silent=host in hosts[count - hung :])

    def _listen(self, host: str, *, silent: bool) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, self.port))
        listener.listen(64)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self.listeners[listener.fileno()] = listener
        self.epoll.register(listener.fileno(), select.EPOLLIN)
        if silent:
            self.silent.add(listener.fileno())

    def serve(self) -> None:
        """Answer until stdin ends."""
        self.epoll.register(0, select.EPOLLIN)
        while True:
            for number, _ in self.epoll.poll():
                if number == 0:
                    return
                if number in self.listeners:
                    self._accept(number)
                else:
                    self._answer(number)

    def _accept(self, number: int) -> None:
        connection, _ = self.listeners[number].accept()
        self.connections[connection.fileno()] = connection
        if number not in self.silent:
            self.epoll.register(connection.fileno(), select.EPOLLIN)

    def _answer(self, number: int) -> None:
        connection = self.connections[number]
        data = connection.recv(65536)
        if not data:
            self.epoll.unregister(number)
            self.connections.pop(number).close()
            return
        lines = data[frame.HEADER_SIZE :].splitlines()
        connection.send(frame.pack(frame.INFO, b"".join(b"%s\t8.1.2.0\n" % line for line in lines)))


if __name__ == "__main__":
    raise_file_limit()
    fleet = Fleet(int(sys.argv[1]), int(sys.argv[2]))
    print(fleet.port, flush=True)
    fleet.serve()
