"""Hundreds of scripted Valkey servers in one process, each on its own address of 127/8, and the faults that servers have.

    with ValkeyFleet(3, replicas=3) as fleet:                 a cluster; ``clustered=False``: servers that stand alone
        fleet.load(text)                                      a library on all
        fleet[1].fail("hangs", on=b"FUNCTION DUMP", times=1)
        fleet[4].promote()                                    roles move

`python -m tests.fakes.valkey_fleet PRIMARIES REPLICAS LIBRARIES HUNG` serves a fleet until standard input ends, for the
benchmarks; it prints the addresses.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import select
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

from asinfo.wire.resp import RequestParser
from asinfo.wire.resp_reply import encode
from tests.bench.processes import raise_file_limit
from tests.fakes.valkey_node import REFUSALS, FakeValkey, Session, command_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

SLOTS = 16_384
DRIP_SECONDS = 0.001
"""Between two bytes of a server that is slow."""

NESTED = b"*1\r\n" * 10_000 + b":1\r\n"
BYTES = {
    "garbage": b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    "huge bulk": b"$2147483647\r\nabc",
    "huge array": b"*2147483647\r\n:1\r\n",
    "endless bulk": b"$500000000\r\n" + b"x" * 100_000,
    "nested": NESTED,
    "endless line": b"+" + b"x" * 200_000,
    "another type": b":1\r\n",
    "null": b"$-1\r\n",
}
"""Faults that are bytes instead of a reply."""

FAULTS = {
    "hangs",
    "closes",
    "closes amid",
    "drips",
    "restarts",
    "forgets",
    "takes and closes",
    *REFUSALS,
    *BYTES,
}
"""What a server may do instead of answering.

`closes amid`: after half of a reply. `restarts`: loses its libraries, and closes all its connections, before the command is
run. `forgets`: answers, and has lost its libraries after it. `takes and closes`: does it, and closes without a reply.
"""


class Fault:
    """A fault, at which commands it shows, and how often it still does."""

    def __init__(self, kind: str, on: bytes, times: int | None) -> None:
        assert kind in FAULTS, kind
        self.kind = kind
        self.on = on
        self.left = times


class ValkeyServer(FakeValkey):
    """A server of the fleet: its listener, its connections and its faults."""

    def __init__(self, fleet: ValkeyFleet, number: int) -> None:
        super().__init__(number, b"%040x" % (number + 1))
        self.fleet = fleet
        self.listener = bound(f"127.8.{number // 250}.{number % 250 + 1}")
        self.address = self.listener.getsockname()
        self.faults: list[Fault] = []
        self.connections: set[Connection] = set()
        self.before: Callable[[ValkeyServer, list[bytes]], None] | None = None
        """Called in the thread of the fleet before each command is looked at."""

    @property
    def name(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"

    def fail(self, kind: str, *, on: bytes = b"", times: int | None = None) -> None:
        """Show a fault at commands that begin with ``on``, so many times or for ever."""
        self.faults.append(Fault(kind, on, times))

    def mend(self) -> None:
        self.faults.clear()

    def refuse(self) -> None:
        """Refuse connections, and close those that there are."""
        self.fleet.perform(self._refuse)

    def _refuse(self) -> None:
        self.fleet.ignore(self.listener)
        self.listener.close()
        self.listener = bound(*self.address)
        self.drop()

    def accept(self) -> None:
        """Take connections again."""
        self.fleet.perform(lambda: self.fleet.listen(self))

    def drop(self) -> None:
        for connection in list(self.connections):
            connection.close()

    def restart(self) -> None:
        """Come back with an empty store, as a server without persistence does; connections are lost."""
        self.texts = {}
        self.running = None
        self.poisoned = False
        self.drop()

    def count(self, beginning: bytes) -> int:
        """How many commands that begin so it got."""
        return sum(command_name(words).startswith(beginning) for words in self.commands)

    def fault(self, words: list[bytes]) -> str | None:
        """The fault to show at this command."""
        name = command_name(words)
        for fault in self.faults:
            if name.startswith(fault.on) and fault.left != 0:
                if fault.left is not None:
                    fault.left -= 1
                return fault.kind
        return None


class Connection:
    """One client of a server."""

    __slots__ = ("hung", "out", "parser", "server", "session", "slow", "socket")

    def __init__(self, server: ValkeyServer, connected: socket.socket) -> None:
        connected.setblocking(False)
        self.server = server
        self.socket = connected
        self.parser = RequestParser()
        self.session = Session()
        self.out = bytearray()
        self.hung = False
        self.slow = False
        server.connections.add(self)

    def readable(self) -> None:
        try:
            data = self.socket.recv(262_144)
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        for words in self.parser.feed(data):
            if self.hung or self.socket.fileno() < 0:
                return
            self.out += self._reply(words)
        self.flush()

    def _reply(self, words: list[bytes]) -> bytes:
        server = self.server
        server.commands.append(words)
        if server.before is not None:
            server.before(server, words)
        kind = server.fault(words) if server.faults else None
        if kind is None:
            return encode(server.answer(words, self.session), self.session.protocol)
        return self._faulty(kind, words)

    def _faulty(self, kind: str, words: list[bytes]) -> bytes:
        if kind in REFUSALS:
            return encode(REFUSALS[kind])
        if kind in BYTES:
            return BYTES[kind]
        if kind in {"hangs", "closes", "restarts"}:
            self.hung = True
            if kind == "restarts":
                self.server.restart()
            elif kind == "closes":
                self.close()
            return b""
        reply = encode(self.server.answer(words, self.session), self.session.protocol)
        if kind == "forgets":
            self.server.texts = {}
        elif kind == "drips":
            self.slow = True
        elif kind in {"closes amid", "takes and closes"}:
            self.out += reply[: len(reply) // 2 * (kind == "closes amid")]
            self.flush()
            self.close()
            return b""
        return reply

    def flush(self) -> None:
        """Send what there is: all that the client takes, or one byte and the next one later."""
        if self.socket.fileno() < 0:
            return
        with contextlib.suppress(BlockingIOError):
            try:
                while self.out:
                    sent = self.socket.send(self.out[:1] if self.slow else self.out)
                    del self.out[:sent]
                    if self.slow:
                        break
            except (BrokenPipeError, ConnectionResetError):
                self.close()
                return
        if self.out:
            self.server.fleet.later(self.flush)

    def close(self) -> None:
        self.server.connections.discard(self)
        if self.socket.fileno() >= 0:
            self.server.fleet.ignore(self.socket)
            self.socket.close()


class ValkeyFleet:
    """``primaries`` servers, then ``replicas`` of them in turn; one thread serves all while the block lasts."""

    def __init__(self, primaries: int, replicas: int = 0, *, clustered: bool = True) -> None:
        self.epoll = select.epoll()
        self.callbacks: dict[int, Callable[[], None]] = {}
        self.timers: list[tuple[float, int, Callable[[], None]]] = []
        self.works: list[Callable[[], None]] = []
        self.wakened, self.waker = os.pipe()
        self.ended = False
        self.order = 0
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.nodes = [ValkeyServer(self, number) for number in range(primaries + replicas)]
        self.primaries, self.replicas = self.nodes[:primaries], self.nodes[primaries:]
        for number, node in enumerate(self.primaries):
            begin, end = SLOTS * number // primaries, SLOTS * (number + 1) // primaries - 1
            node.slots = b"%d-%d" % (begin, end)
        for number, node in enumerate(self.replicas):
            node.follow(self.primaries[number % primaries])
        for node in self.nodes:
            node.clustered = clustered
            node.view = self.view
            self.listen(node)
        self.on(self.wakened, self._waken)

    def __getitem__(self, number: int) -> ValkeyServer:
        return self.nodes[number]

    @property
    def hosts(self) -> str:
        """For -h."""
        return ",".join(node.name for node in self.nodes)

    def load(self, *texts: bytes) -> None:
        """Have these libraries everywhere, and none besides."""
        for node in self.nodes:
            node.load(*texts)

    def count(self, beginning: bytes) -> int:
        """How many commands that begin so all servers got together."""
        return sum(node.count(beginning) for node in self.nodes)

    def clear(self) -> None:
        """Forget which commands came."""
        for node in self.nodes:
            node.commands.clear()

    # --- what servers say of each other ---

    def view(self, asked: FakeValkey) -> bytes:
        """CLUSTER NODES, as ``asked`` says it: itself it never takes for failed."""
        return b"".join([self._line(node, is_self=node is asked) for node in self.nodes])

    @staticmethod
    def _line(node: FakeValkey, *, is_self: bool) -> bytes:
        host, port = node.address
        flags = node.role if is_self or node.flags is None else node.flags
        return b"%b %b:%d@%d %b%b %b 0 1796015852150 %d %b%b\n" % (
            node.id,
            host.encode() if node.has_ip else b"",
            port,
            port + 10_000,
            b"myself," if is_self else b"",
            flags,
            node.primary.id if node.primary else b"-",
            node.number + 1,
            b"connected" if is_self else node.link,
            b" " + node.slots if node.slots else b"",
        )

    # --- one thread for all ---

    def on(self, descriptor: int, callback: Callable[[], None]) -> None:
        """Call it whenever there is something to read."""
        self.callbacks[descriptor] = callback
        self.epoll.register(descriptor, select.EPOLLIN)

    def ignore(self, source: socket.socket) -> None:
        if self.callbacks.pop(source.fileno(), None):
            self.epoll.unregister(source.fileno())

    def listen(self, node: ValkeyServer) -> None:
        node.listener.listen(512)
        self.on(node.listener.fileno(), lambda: self._accept(node))

    def _accept(self, node: ValkeyServer) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                connected, _ = node.listener.accept()
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.on(connected.fileno(), Connection(node, connected).readable)

    def later(self, work: Callable[[], None]) -> None:
        """Do it a little later."""
        self.order += 1
        heapq.heappush(self.timers, (time.monotonic() + DRIP_SECONDS, self.order, work))

    def serve(self) -> None:
        """Answer until it is ended."""
        while not self.ended:
            wait = max(0.0, self.timers[0][0] - time.monotonic()) if self.timers else -1
            for descriptor, _ in self.epoll.poll(wait):
                callback = self.callbacks.get(descriptor)
                if callback is not None:
                    callback()
            now = time.monotonic()
            while self.timers and self.timers[0][0] <= now:
                heapq.heappop(self.timers)[2]()

    def perform(self, work: Callable[[], None]) -> None:
        """Do it in the thread of the fleet, and wait until it is done."""
        if threading.current_thread() is self.thread or not self.thread.is_alive():
            work()
            return
        done = threading.Event()
        self.works += [work, done.set]
        os.write(self.waker, b".")
        assert done.wait(10)

    def _waken(self) -> None:
        os.read(self.wakened, 4096)
        while self.works:
            self.works.pop(0)()

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.perform(self._end)
        self.thread.join(10)
        for node in self.nodes:
            node.drop()
            node.listener.close()
        self.epoll.close()
        os.close(self.wakened)
        os.close(self.waker)

    def _end(self) -> None:
        self.ended = True


def bound(host: str, port: int = 0) -> socket.socket:
    """A socket on a port of the system's choice; until it listens, connections are refused."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.setblocking(False)
    return listener


def library(number: int, variant: int = 0) -> bytes:
    """A library of eight functions and some 1.3 KB."""
    body = "".join(
        f"server.register_function('f{number}_{each}', function(keys, args)\n"
        f"  local found = server.call('GET', keys[1]) or {variant}\n"
        f"  return server.call('SET', keys[1], found + {each})\nend)\n"
        for each in range(8)
    )
    return f"#!lua name=lib{number}\n{body}".encode()


def main(primaries: int, replicas: int, libraries: int, hung: int) -> None:
    """Serve a fleet until standard input ends; the last ``hung`` primaries never answer."""
    raise_file_limit()
    with ValkeyFleet(primaries, replicas) as fleet:
        fleet.load(*map(library, range(libraries)))
        for node in fleet.primaries[primaries - hung :]:
            node.fail("hangs")
        print(fleet.hosts, flush=True)  # noqa: T201 - the benchmark reads it
        sys.stdin.read()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
