"""Connections without sockets to a node of a few commands: chunks in, writes out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast

from asinfo.wire.frame import HEADER_SIZE, INFO, pack, unpack_header
from asudfd.aerospike.face import AerospikeFace
from asudfd.aerospike.info.request import Request
from asudfd.aerospike.info.table import InfoCommand, InfoTable
from asudfd.aerospike.message.dispatch import RecordService
from asudfd.aerospike.node import AerospikeNode
from asudfd.aerospike.record_context import record_context
from asudfd.config.load import embedded
from asudfd.errors import Code, CommandError
from asudfd.network.connection import Connection
from asudfd.network.connections import ConnectionSet
from tests.fakes.state import Lines, make_node

BUILD = pack(INFO, b"build\n")
BUILD_REPLY = pack(INFO, b"build\t8.1.2.0\n")


class FakeTransport:
    """What a connection does to its transport; misuse fails the test."""

    def __init__(self) -> None:
        self.sent = b""
        self.writes = 0
        self.closed = False
        self.aborted = False
        self.reading = True
        self.unsent = 0
        self.high = 0

    def write(self, data: bytes) -> None:
        assert not self.closed, "written after close"
        assert isinstance(data, bytes)
        self.sent += data
        self.writes += 1

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        assert not self.closed
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.closed
        self.reading = True

    def set_write_buffer_limits(self, high: int) -> None:
        assert high > 0
        self.high = high

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def get_extra_info(self, _name: str) -> tuple[str, int]:
        return ("127.0.0.1", 1)


class Pending:
    """A command whose answer the test gives."""

    def __init__(self) -> None:
        self.futures: list[asyncio.Future[bytes]] = []

    def __call__(self, _node: AerospikeNode, _request: Request) -> Awaitable[bytes]:
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.futures.append(future)
        return future


def broken(_node: AerospikeNode, request: Request) -> bytes:
    raise ZeroDivisionError(request.parameters.decode())


def refused(_node: AerospikeNode, _request: Request) -> bytes:
    raise CommandError(Code.UNAVAILABLE, "not now")


def connections_of(node: AerospikeNode, face: AerospikeFace | None = None) -> ConnectionSet:
    """The connections on which ``node`` is served."""
    face = face or AerospikeFace(node, RecordService(record_context(node)))
    return ConnectionSet(face, node.config.service, node.counters, node.log)


class Bench:
    """Connections to one node, and what they share."""

    def __init__(self, **service: Any) -> None:
        self.pending = Pending()
        config = embedded("/nowhere")
        for name, value in service.items():
            setattr(config.service, name, value)
        rows = [
            InfoCommand(b"build", lambda node, _: node.config.service.build.encode(), constant=True),
            InfoCommand(b"count", lambda node, _: b"%d" % node.counters.info_complete),
            InfoCommand(b"wait", self.pending),
            InfoCommand(b"broken", broken),
            InfoCommand(b"refused", refused),
            InfoCommand(b"medium", lambda _node, _request: b"x" * 50_000),
            InfoCommand(b"large", lambda _node, _request: b"x" * 100_000),
        ]
        self.node = make_node(InfoTable([rows]), config)
        self.face = AerospikeFace(self.node, RecordService(record_context(self.node)))
        self.connections = connections_of(self.node, self.face)

    def connect(self) -> tuple[Connection, FakeTransport]:
        connection, transport = Connection(self.connections), FakeTransport()
        connection.connection_made(cast("asyncio.Transport", transport))
        return connection, transport

    @property
    def log(self) -> list[tuple[str, str, str]]:
        return cast("Lines", self.node.log).lines


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Types and bodies of the frames that ``data`` is made of, exactly."""
    offset = 0
    while offset < len(data):
        kind, size = unpack_header(data, offset)
        offset += HEADER_SIZE + size
        assert offset <= len(data)
        yield kind, data[offset - size : offset]


def dialogue(test: Callable[[Bench], Awaitable[None]], **service: Any) -> None:
    async def run() -> None:
        await test(Bench(**service))

    asyncio.run(run())


def feed(*chunks: bytes, **service: Any) -> FakeTransport:
    """What a connection has sent after ``chunks`` and some turns of the event loop."""
    transports = []

    async def test(bench: Bench) -> None:
        connection, transport = bench.connect()
        transports.append(transport)
        for chunk in chunks:
            if not transport.is_closing():
                connection.data_received(chunk)
        await turns()

    dialogue(test, **service)
    return transports[0]


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
