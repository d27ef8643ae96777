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
        self.nodes: dict[int, int] = {}
        """The number of the node to which a listener or a connection belongs."""
        self.connections: dict[int, socket.socket] = {}
        self.port = 0
        hosts = addresses(count)
        for number, host in enumerate(hosts):
            self._listen(host, number, silent=number >= count - hung)

    def _listen(self, host: str, number: int, *, silent: bool) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, self.port))
        listener.listen(64)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self.listeners[listener.fileno()] = listener
        self.epoll.register(listener.fileno(), select.EPOLLIN)
        self.nodes[listener.fileno()] = number
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
        self.nodes[connection.fileno()] = self.nodes[number]
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
        node = self.nodes[number]
        replies = (b"%s\t%s\n" % (line, self.answer(line, node)) for line in lines)
        connection.sendall(frame.pack(frame.INFO, b"".join(replies)))

    def answer(self, line: bytes, node: int) -> bytes:
        """What a node says to one line."""
        return b"8.1.2.0"


def main(kind: type[Fleet]) -> None:
    """Serve as the command line says."""
    raise_file_limit()
    fleet = kind(int(sys.argv[1]), int(sys.argv[2]))
    print(fleet.port, flush=True)
    fleet.serve()


if __name__ == "__main__":
    main(Fleet)
