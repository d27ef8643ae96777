"""Many scripted servers in one thread: each with modules of its own, in clusters that replicate, and with faults.

    with Fleet(3) as fleet:                            # three real servers (8.1.2.0), each standing alone
        fleet.load(b"a.lua", b"return 1\n")           # on all, as if it had always been there
        fleet[1].hold(b"a.lua", b"return 2\n")        # on that node only: drift
        fleet[2].fault = "hangs"                      # from now on; "" is healthy again
        run("-h", fleet.hosts, "udf", "plan", ...)
        fleet.hashes(b"a.lua"), fleet[0].commands, fleet[0].cold
    with Fleet(6, clusters=2, delay=0.02) as fleet:    # two clusters of three; a change arrives later at the others
    with Fleet(2, real=False) as fleet:                # asudfd: it knows udf-cache-stats and fills its cache again

What a server of the real kind does, as measured: an identical put changes nothing (neither file nor cache);
udf-clear-cache leaves the cache off for every module until a put that changes it, or a restart; udf-get reads the
file, udf-list the registry, so that a damaged file shows only in udf-get. A node of a cluster compares a put with what
the cluster has agreed on, not with what the node itself holds.

Faults (``Server.fault``), each from the next request on:

    refuses         nobody listens           hangs           reads and never answers
    drips           a byte each 50 ms        garbage         bytes of another protocol
    closes          half of the reply        closes at once  accepts and closes
    oversize        a header that lies       echoes nothing  a reply to another question
    nonsense        well framed, no sense    denied          ERROR:81:role violation
    timeout         error=timeout to each change, though it is made
    timeout, lost   error=timeout, and it is not made

``before`` and ``after`` see every command, in the thread of the fleet: to switch a fault in the middle of a run, to
restart a node, or to answer something else. ``after`` comes when a change is made and its answer not yet sent.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from binascii import Error, a2b_base64
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Self

from asinfo.wire.frame import INFO, pack
from asinfo.wire.info import parameter, split_line
from asinfo.wire.udf import NAME_SIZE_MAX, SOURCE_SIZE_MAX, base64, digest, module_list

Hook = Callable[["Server", bytes], bytes | None]
"""Sees a command; bytes are the answer instead of the usual one."""

FAULTS = (
    "refuses",
    "hangs",
    "drips",
    "garbage",
    "closes",
    "closes at once",
    "oversize",
    "echoes nothing",
    "nonsense",
    "denied",
    "timeout",
    "timeout, lost",
)
DRIP_SECONDS = 0.05
UNKNOWN = b"ERROR:4:unrecognized command"
BROKEN = b"syntax error"
"""A source with these bytes in it does not compile."""


class Server:
    """One server: what it holds, what it was asked, and what is wrong with it."""

    def __init__(self, fleet: Fleet, number: int, agreed: dict[bytes, bytes | None]) -> None:
        self.fleet = fleet
        self.number = number
        self.real = fleet.real
        self.old = False
        """An older server: other texts, and no text at all for a command it does not know."""
        self.cluster_key = b"%012X" % (0xC0FFEE000 + number)
        self.agreed = agreed
        """What its cluster has agreed on: base64 by name, None for a removed one; shared by the nodes of a cluster."""
        self.registry: dict[bytes, bytes | None] = {}
        """What it lists: base64 by name, None for a removed one, which keeps its place."""
        self.files: dict[bytes, bytes] = {}
        self.cached: set[bytes] = set()
        self.deaf = False
        """Whether it misses the changes that other nodes of its cluster take."""
        self.started = time.time()
        self.commands: list[bytes] = []
        self.before: Hook | None = None
        self.after: Hook | None = None
        self._fault = ""
        self.host, self.port, self._listener = _bound(fleet.host)
        self.address = f"{self.host}:{self.port}"
        self._connections: set[asyncio.Task[None]] = set()

    # ---- what tests look at and set

    @property
    def fault(self) -> str:
        """What is wrong with it now."""
        return self._fault

    @fault.setter
    def fault(self, fault: str) -> None:
        assert not fault or fault in FAULTS, fault
        self.fleet.perform(lambda: self._switch(fault))

    @property
    def cold(self) -> set[bytes]:
        """Modules that are compiled anew for every call."""
        return {name for name, content in self.registry.items() if content is not None} - self.cached

    @property
    def names(self) -> list[bytes]:
        """The modules it lists."""
        return [name for name, content in self.registry.items() if content is not None]

    def hash(self, name: bytes) -> str | None:
        """What it lists for a module."""
        content = self.registry.get(name)
        return None if content is None else digest(name, content)

    def source(self, name: bytes) -> bytes | None:
        """What it serves for a module."""
        return self.files.get(name)

    def count(self, beginning: bytes) -> int:
        """How many of the commands it got begin so."""
        return sum(command.startswith(beginning) for command in self.commands)

    def hold(self, name: bytes, source: bytes | None) -> None:
        """Make this node alone hold ``source`` (None: not know the module), whatever its cluster agreed on."""
        self.fleet.perform(lambda: self._apply(name, None if source is None else base64(source)))

    def restart(self, *, keep: bool = True, seconds: float = 0.1) -> None:
        """Lose all connections, refuse for a while, and come back with what the cluster agreed on, or with nothing."""
        self.fleet.perform(lambda: self._stop(keep=keep, seconds=seconds))

    # ---- in the thread of the fleet from here on

    def _switch(self, fault: str) -> None:
        if fault == "refuses":
            self._leave()
        elif self._fault == "refuses":
            self._return()
        self._fault = fault

    def listen(self) -> None:
        self._listener.listen(512)
        self.fleet.loop.add_reader(self._listener, self._accept)

    def _leave(self) -> None:
        """As a process that has ended: the port stays ours, but nobody listens."""
        self.fleet.loop.remove_reader(self._listener)
        self._listener.shutdown(socket.SHUT_RDWR)
        for task in list(self._connections):
            task.cancel()

    def _return(self) -> None:
        self.listen()
        if not self.deaf:
            for name, content in self.agreed.items():
                self._apply(name, content)

    def _stop(self, *, keep: bool, seconds: float) -> None:
        if self._fault == "refuses":
            return
        self._switch("refuses")
        self.fleet.loop.call_later(seconds, self._start_again, keep)

    def _start_again(self, keep: bool) -> None:
        if self._fault != "refuses":
            return
        if not keep:
            self.agreed.clear()
            self.registry.clear()
        self.files.clear()
        self.started = time.time()
        self._switch("")
        for name, content in self.registry.items():
            if content is not None:
                self.files[name] = a2b_base64(content)
        self.cached = set(self.files)

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            while True:
                connection, _ = self._listener.accept()
                connection.setblocking(False)
                task = self.fleet.loop.create_task(self._serve(connection))
                self._connections.add(task)
                task.add_done_callback(self._connections.discard)

    async def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, EOFError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self._fault != "closes at once":
                version, kind, high, low = struct.unpack(">BBHI", await self._receive(connection, 8))
                body = await self._receive(connection, high << 32 | low)
                if version != 2 or kind != INFO or not await self._respond(connection, body):
                    return

    async def _receive(self, connection: socket.socket, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            part = await self.fleet.loop.sock_recv(connection, min(size - len(data), 65536))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    async def _respond(self, connection: socket.socket, body: bytes) -> bool:
        """Answer one request as the fault has it; False when the connection is to be closed."""
        send = self.fleet.loop.sock_sendall
        if self._fault in _BYTES:
            await send(connection, _BYTES[self._fault])
        if self._fault in _BYTES or self._fault == "hangs":
            self.commands += body.split(b"\n")[:-1]
            await self._receive(connection, 1 << 40)
        reply = pack(INFO, b"".join(map(self._line, body.split(b"\n")[:-1])))
        if self._fault == "hangs":  # a hook may have made it so
            await self._receive(connection, 1 << 40)
        if self._fault == "closes":
            await send(connection, reply[: len(reply) // 2])
            return False
        if self._fault == "drips":
            for byte in reply:
                await send(connection, bytes([byte]))
                await asyncio.sleep(DRIP_SECONDS)
            return True
        if self._fault != "refuses":
            await send(connection, reply)
        return self._fault != "refuses"

    def _line(self, command: bytes) -> bytes:
        self.commands.append(command)
        answer = self.before(self, command) if self.before else None
        if answer is None:
            answer = self.answer(command)
            other = self.after(self, command) if self.after else None
            answer = answer if other is None else other
        return command + b"\t" + answer + b"\n"

    def answer(self, command: bytes) -> bytes:
        """What the server says to a command, its registry changed accordingly."""
        name, parameters = split_line(command)
        if self._fault == "nonsense":
            return b"%%%%;=;,"
        if self._fault == "denied" and name.startswith(b"udf-"):
            return b"ERROR:81:role violation"
        find: Callable[[bytes], bytes] | None = getattr(
            self, "_" + name.decode("latin-1").replace("-", "_"), None
        )
        fixed = self._identity().get(name)
        if fixed is not None:
            return fixed
        if name.startswith((b"udf-", b"cluster-stable", b"statistics")) and find is not None:
            return find(parameters)
        return b"" if self.old else UNKNOWN

    def _identity(self) -> dict[bytes, bytes]:
        build = b"5.7.0.31" if self.old else b"8.1.2.0"
        return {
            b"node": b"BB9%012X" % self.number,
            b"build": build,
            b"edition": b"Aerospike Community Edition",
            b"version": b"Aerospike Community Edition build " + build,
            b"cluster-name": b"fake",
            b"status": b"ok",
            b"service": self.address.encode(),
            b"peers-clear-std": b"0,3000,[]",
        }

    def _statistics(self, _parameters: bytes) -> bytes:
        uptime = int(time.time() - self.started)
        return b"failed_best_practices=false;cluster_size=1;cluster_key=%b;uptime=%d" % (
            self.cluster_key,
            uptime,
        )

    def _cluster_stable(self, _parameters: bytes) -> bytes:
        return self.cluster_key

    def _udf_list(self, _parameters: bytes) -> bytes:
        return module_list((name, self.hash(name) or "") for name in self.names)

    def _udf_cache_stats(self, _parameters: bytes) -> bytes:
        if self.real:
            return b"" if self.old else UNKNOWN
        return b"modules=%d" % len(self.names)

    def _udf_clear_cache(self, _parameters: bytes) -> bytes:
        if self.real:
            self.cached.clear()
        return b"ok"

    def _udf_get(self, parameters: bytes) -> bytes:
        name = parameter(parameters, b"filename")
        if name is None or len(name) > NAME_SIZE_MAX:
            return b"error=invalid_filename"
        source = self.files.get(name)
        if source is None:
            return b"error=not_found"
        if not source:
            return b"error=empty"
        generation = b"gen=;" if self.old else b""
        return generation + b"type=LUA;content=" + base64(source) + b";"

    def _udf_put(self, parameters: bytes) -> bytes:
        name = parameter(parameters, b"filename") or b""
        content = parameter(parameters, b"content")
        refused = self._refused(name, content, parameters)
        return refused if refused or content is None else self._change(name, content)

    def _refused(self, name: bytes, content: bytes | None, parameters: bytes) -> bytes:
        """The checks of a put, in the server's order."""
        size = parameter(parameters, b"content-len")
        if not 0 < len(name) <= NAME_SIZE_MAX or name.find(b".") in {-1, 0, len(name) - 1}:
            return b"error=invalid_filename"
        if size is None or not size.isdigit() or len(size) > 10 or int(size) % 4:
            return b"error=invalid_content_len"
        if parameter(parameters, b"udf-type") not in {None, b"LUA"}:
            return b"error=invalid_udf_type"
        if content is None or len(content) != int(size):
            return b"error=invalid_content"
        if int(size) * 3 // 4 > SOURCE_SIZE_MAX + 1:
            limit = b", lua file size > 1MB" if self.old else b",>1M"
            return b"error=invalid_udf_content_len" + limit
        try:
            source = a2b_base64(content, strict_mode=True)
        except Error:
            source = b""
        if not source:
            return b"error=invalid_base64_content"
        if BROKEN in source:
            return b"error=compile_error;file=%b;line=1;message=%b" % (
                name,
                base64(b"unexpected symbol near 'error'"),
            )
        return b""

    def _udf_remove(self, parameters: bytes) -> bytes:
        name = parameter(parameters, b"filename")
        if name is None or len(name) > NAME_SIZE_MAX:
            return b"error=invalid_filename"
        return self._change(name, None)

    def _change(self, name: bytes, content: bytes | None) -> bytes:
        """Agree on a change with the cluster, and tell the others."""
        if self._fault == "timeout, lost":
            return b"error=timeout"
        if name not in self.agreed or self.agreed[name] != content:
            self.agreed[name] = content
            self._apply(name, content)
            for other in self.fleet.nodes:
                if other is not self and other.agreed is self.agreed:
                    self.fleet.later(other.hear, name, content)
        return b"error=timeout" if self._fault == "timeout" else b"ok"

    def hear(self, name: bytes, content: bytes | None) -> None:
        """A change from another node of the cluster; one that is away gets it when it returns."""
        if not self.deaf and self._fault != "refuses":
            self._apply(name, content)

    def _apply(self, name: bytes, content: bytes | None) -> None:
        if self.registry.get(name) == content and name in self.registry:
            return
        self.registry[name] = content
        if content is None:
            self.files.pop(name, None)
            self.cached.discard(name)
        else:
            self.files[name] = a2b_base64(content)
            self.cached.add(name)

    async def end(self) -> None:
        """Close everything."""
        if self._fault != "refuses":
            self.fleet.loop.remove_reader(self._listener)
        self._listener.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


_BYTES = {
    "garbage": b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    "oversize": b"\x02\x01" + (128 * 1024 * 1024 + 1).to_bytes(6, "big"),
    "echoes nothing": pack(INFO, b"build\t8.1.2.0\nservice\tnone\n"),
}


class Fleet:
    """``count`` servers, standing alone or in ``clusters`` clusters of equal size.

    ``delay`` seconds pass until a change arrives at the other nodes of a cluster; 0: before it is answered.
    """

    def __init__(
        self, count: int, *, clusters: int = 0, delay: float = 0.0, real: bool = True, host: str = "127.0.0.1"
    ) -> None:
        self.real = real
        self.delay = delay
        self.host = host
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ended = asyncio.Event()
        agreed: list[dict[bytes, bytes | None]] = [{} for _ in range(clusters or count)]
        self.nodes = [Server(self, number, agreed[number * len(agreed) // count]) for number in range(count)]
        for node in self.nodes:
            first = next(each for each in self.nodes if each.agreed is node.agreed)
            node.cluster_key = first.cluster_key

    def __getitem__(self, number: int) -> Server:
        return self.nodes[number]

    @property
    def hosts(self) -> str:
        """For -h."""
        return ",".join(node.address for node in self.nodes)

    def load(self, name: bytes, source: bytes, nodes: Iterable[Server] | None = None) -> None:
        """Put a module on all nodes (or on ``nodes`` and what their clusters agreed on), as if it had been there."""

        def work() -> None:
            for node in self.nodes if nodes is None else nodes:
                node.agreed[name] = base64(source)
                node._apply(name, base64(source))

        self.perform(work)

    def hashes(self, name: bytes) -> list[str | None]:
        """What the nodes list for a module."""
        return [node.hash(name) for node in self.nodes]

    def sources(self, name: bytes) -> list[bytes | None]:
        """What the nodes serve for a module."""
        return [node.source(name) for node in self.nodes]

    def count(self, beginning: bytes) -> int:
        """How many commands that begin so all nodes got together."""
        return sum(node.count(beginning) for node in self.nodes)

    def clear(self) -> None:
        """Forget which commands came."""
        for node in self.nodes:
            node.commands.clear()

    def later(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do it when the delay of the replication is over."""
        if self.delay:
            self.loop.call_later(self.delay, work, *arguments)
        else:
            work(*arguments)

    def perform(self, work: Callable[[], None]) -> None:
        """Do it in the thread of the fleet, and wait until it is done."""
        if threading.current_thread() is self._thread or not self._thread.is_alive():
            work()
            return
        done = threading.Event()

        def step() -> None:
            try:
                work()
            finally:
                done.set()

        self.loop.call_soon_threadsafe(step)
        assert done.wait(10)

    def __enter__(self) -> Self:
        for node in self.nodes:
            if node.fault != "refuses":
                node.listen()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)
        self.loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._until_ended())

    async def _until_ended(self) -> None:
        await self._ended.wait()
        await asyncio.gather(*(node.end() for node in self.nodes))


def _bound(host: str) -> tuple[str, int, socket.socket]:
    """A socket on a free port. Bound to it by number, so that the port stays ours while nobody listens."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.setblocking(False)
    return host, port, listener
