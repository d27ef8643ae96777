"""A node with records in memory and a scripted Lua host; what it answers to a message, decoded."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest

from asinfo.wire import frame
from asinfo.wire.request import RecordReply, reply
from asudfd.aerospike.info.table import InfoTable
from asudfd.aerospike.message.dispatch import RecordService
from asudfd.aerospike.record_context import record_context
from asudfd.config.load import embedded
from asudfd.lua.aerospike.udf_result import UdfResult
from asudfd.lua.call import LuaCall
from tests.fakes.state import make_node

if TYPE_CHECKING:
    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record

ResultT = TypeVar("ResultT")

NOTHING = UdfResult(0, 0, b"", 0, b"", None, drop_key=False, detail=None, state=0)


class ScriptedHost:
    """Answers calls with ``applied``; in a thread's place when ``slow``, once ``release`` is set where there is one."""

    def __init__(self) -> None:
        self.applied: tuple[Any, ...] = NOTHING
        self.slow = False
        self.release: asyncio.Event | None = None
        self.calls: list[LuaCall] = []
        self.seconds = 0.0
        self.threads = 0
        self.failures: list[tuple[str, bytes, bool]] = []

    def count_failure(self, module: str, function: bytes, *, timed_out: bool) -> None:
        self.failures.append((module, function, timed_out))

    def run_inline(self, *call: Any) -> UdfResult | None:
        if self.slow:
            return None
        self.calls.append(LuaCall(*call))
        return UdfResult(*self.applied)

    def run_soon(self, _call: LuaCall) -> None:
        """No call goes with others."""

    async def run(self, call: LuaCall, seconds: float) -> UdfResult:
        self.threads += 1
        self.seconds = seconds
        self.calls.append(call)
        if self.release is not None:
            await self.release.wait()
        return UdfResult(*self.applied)


class World:
    """A node as a client of its records sees it, and its parts."""

    def __init__(self, nodes: int = 1) -> None:
        config = embedded("/nowhere")
        self.host = ScriptedHost()
        self.node = make_node(InfoTable([]), config, nodes=nodes, host=self.host, warn=pytest.fail)
        self.records = RecordService(record_context(self.node))
        self.namespace: Namespace = self.node.namespaces[b"test"]
        self._loop = asyncio.new_event_loop()
        weakref.finalize(self, self._loop.close)

    def use(self, host: Any) -> None:
        """Call functions of ``host`` from now on."""
        self.node.host = self.records.context.host = host

    def become(self, identity: str) -> None:
        """Be the node ``identity`` from now on."""
        self.node.id = self.records.context.id = identity

    def count(self, name: str) -> int:
        return self.namespace.counters[name]

    def ask(self, body: bytes) -> RecordReply:
        """The answer to a request on one record."""
        return reply(self.bodies(body)[0])

    def begin(self, body: bytes) -> asyncio.Task[bytes]:
        """Sends a request that takes time, and does not wait for the answer."""
        return asyncio.ensure_future(cast("Any", self.records.respond(body)))

    def record(self, digest: bytes) -> Record:
        """A record that is there."""
        record = self.namespace.get(digest)
        assert record is not None
        return record

    def bodies(self, body: bytes) -> list[bytes]:
        """The bodies of all frames of the reply; background jobs have ended then."""

        async def dialogue() -> list[bytes]:
            bodies = await gather(self.records.respond(body))
            for job in tuple(self.node.jobs.values()):
                await job.wait()
            return bodies

        return self.play(dialogue())

    def play(self, dialogue: Coroutine[Any, Any, ResultT]) -> ResultT:
        """As `asyncio.run`, in a loop that is kept: to make one takes ten times as long as a request does."""
        try:
            return self._loop.run_until_complete(dialogue)
        finally:
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            if left:
                self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))


async def gather(answer: Any) -> list[bytes]:
    """The bodies of the frames of a reply, whatever form it has."""
    if isinstance(answer, Awaitable):
        answer = await answer
    pieces = [piece async for piece in answer] if isinstance(answer, AsyncIterator) else [answer]
    return [body for piece in pieces for body in _bodies(piece)]


def _bodies(data: bytes) -> Iterator[bytes]:
    offset = 0
    while offset < len(data):
        kind, size = frame.unpack_header(data, offset)
        assert kind == frame.MESSAGE
        start = offset + frame.HEADER_SIZE
        offset = start + size
        yield data[start:offset]
    assert offset == len(data)
