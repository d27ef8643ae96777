"""A gateway of etcd that answers what a test says, and a wire to a real one that can be cut without a sound."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

Answer = bytes | None
"""A whole HTTP reply, after which the connection is closed; None: silence."""

Script = Callable[[str, dict[str, Any], dict[str, str]], Answer]
"""Path, body and headers of a request -> the answer."""

HEADER = {"cluster_id": "7", "member_id": "1", "revision": "5", "raft_term": "1"}


def reply(body: Any, status: int = 200) -> bytes:
    """A reply with ``body``: bytes as they are, anything else as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, len(data), data)


def error(text: str, code: int, status: int = 400) -> bytes:
    return reply({"error": text, "message": text, "code": code}, status)


class Fake:
    """``script`` answers; ``requests`` are the paths, bodies and headers in the order in which they came."""

    def __init__(self, script: Script, version: str = "3.4.23") -> None:
        self.requests: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.version = version
        self.script = script
        self.url = ""

    @property
    def paths(self) -> list[str]:
        return [path for path, *_ in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._answer(reader)
            if answer is None:
                await reader.read()  # until the client gives up
            else:
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path = first.split()[1]
        if path == "/version":
            return reply({"etcdserver": self.version, "etcdcluster": self.version})
        if path.endswith("/maintenance/status"):
            return reply({"header": HEADER, "version": self.version})
        self.requests.append((path, json.loads(body or b"{}"), headers))
        return self.script(*self.requests[-1])


@asynccontextmanager
async def fake(script: Script, version: str = "3.4.23") -> AsyncIterator[Fake]:
    made = Fake(script, version)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await made.serve(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        await asyncio.sleep(0)  # one that was just accepted begins
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks)


class Wire:
    """Carries bytes to a real endpoint; ``cut`` lets all connections of that moment go silent, new ones work.

    They do not when it is to ``stay``, until ``mend``.
    """

    def __init__(self, port: int) -> None:
        self.url = ""
        self.connections = 0
        self._port = port
        self._cut = asyncio.Event()

    def cut(self, *, stay: bool = False) -> None:
        self._cut.set()
        if not stay:
            self.mend()

    def mend(self) -> None:
        self._cut = asyncio.Event()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        cut = self._cut
        ends = [writer]
        pumps: list[asyncio.Task[None]] = []
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
            ends.append(back)
            pumps += [asyncio.create_task(_pump(*pair, cut)) for pair in ((reader, back), (there, writer))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for end in ends:
                end.close()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in ends:
                with contextlib.suppress(ConnectionError):
                    await end.wait_closed()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, cut: asyncio.Event) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            if not cut.is_set():
                sink.write(data)
                await sink.drain()


@asynccontextmanager
async def wire(port: int) -> AsyncIterator[Wire]:
    made = Wire(port)
    tasks: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await made.carry(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        await asyncio.sleep(0)  # one that was just accepted begins
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks)
