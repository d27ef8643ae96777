"""Record messages of one node: which kind of request each is, and whose record it is about.

    info1 BATCH              a batch                        asudfd.aerospike.message.many.batch
    no digest                a query over partitions        asudfd.aerospike.message.many.query
    else                     of one record                  asudfd.aerospike.message.single.executor

What is wrong with a message is answered by a result code, and the connection stays open.

A record belongs to one node. Clients know which; what comes to another node is passed on, as nodes of a real cluster
do, so that a client is served whatever it believes (asudfd.aerospike.message.peer.proxy).
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire.message import (
    FIELD_NAMESPACE,
    INFO1_BATCH,
    INFO2_WRITE,
    MESSAGE_HEADER_SIZE,
    ops,
    reply_frame,
    unpack,
)
from asinfo.wire.result import Result
from asudfd.aerospike.message.filter.cache import prepare, ready
from asudfd.aerospike.message.many.batch import batch, only_last
from asudfd.aerospike.message.many.query import query
from asudfd.aerospike.message.outcome import failed
from asudfd.aerospike.message.peer import proxy
from asudfd.aerospike.message.peer.peer import Peer
from asudfd.aerospike.message.single.call_cache import KNOWN_SIZE_MAX, CallCache
from asudfd.aerospike.message.single.executor import RecordExecutor
from asudfd.aerospike.message.single.read_cache import ReadCache
from asudfd.aerospike.message.single.write_cache import WriteCache
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.context import RecordContext
    from asudfd.aerospike.message.outcome import RecordOutcome
    from asudfd.aerospike.message.owners import Owner
    from asudfd.network.face import ReplyContent
    from asudfd.network.session import ClientSession

_MALFORMED = reply_frame(Result.PARAMETER)
_NO_OPS: list[Op] = []


class RecordService:
    """Answers the record messages of the node of ``context``; ``executor`` those on single records of its own."""

    __slots__ = ("_calls", "_owners", "_reads", "_writes", "context", "executor")

    def __init__(self, context: RecordContext) -> None:
        self.context = context
        self._owners = context.owners
        self.executor = RecordExecutor(context)
        self._calls = CallCache(self.executor)
        self._reads = ReadCache(context)
        self._writes = WriteCache(context)

    def join(self, members: Mapping[str, Owner]) -> None:
        """Know all members of the cluster, by their ids; to be called again when they change."""
        self.context.owners.join(self.executor, self.context.cluster.owners, members)

    def respond(
        self, body: bytes, session: ClientSession | None = None
    ) -> bytes | Awaitable[ReplyContent] | AsyncIterator[bytes]:
        """The whole reply to the message ``body``: at once, or later, or piece by piece."""
        cache: CallCache | ReadCache | WriteCache | None = None
        size = len(body)
        if size > MESSAGE_HEADER_SIZE:
            info2 = body[2]
            if info2 == INFO2_WRITE and (body[21] or body[20]):  # it has operations
                cache = self._writes
            elif size <= KNOWN_SIZE_MAX:
                cache = self._reads if not info2 else self._calls if info2 == INFO2_WRITE else None
        if cache is not None and (reply := cache.respond(body, session)) is not None:
            return reply
        try:
            message = unpack(body)
            if message.digest is None or message.info1 & INFO1_BATCH:
                return self._respond_many(message, body, session)
            count = message.op_count
            todo = ops(body, message.ops_offset, count) if count else _NO_OPS
        except WireError as error:
            self.context.refusals.note(Result.PARAMETER, f"a malformed message: {error}", session)
            return only_last(Result.PARAMETER) if body[1:2] and body[1] & INFO1_BATCH else _MALFORMED
        if cache is not None and (reply := cache.learn(body, message, session)) is not None:
            return reply
        if self._owners.alone:
            return self.executor.respond(message, todo, "client", session)
        return self._pass_on(message, todo, body, session)

    def _respond_many(
        self, message: Message, body: bytes, session: ClientSession | None
    ) -> bytes | Awaitable[ReplyContent] | AsyncIterator[bytes]:
        """Raises WireError."""
        todo = ops(body, message.ops_offset, message.op_count) if message.op_count else _NO_OPS
        if not ready(message.fields, todo):
            return self._when_compiled(message.fields, todo, body, session)
        try:
            if message.info1 & INFO1_BATCH:
                return batch(self.context, self._answer_row, message, session)
            return query(self.context, self.executor.answer, message, body, session)
        except RequestRefused as error:
            return reply_frame(self.context.refuse(error, session).code)

    async def _when_compiled(
        self, fields: Mapping[int, bytes], todo: list[Op], body: bytes, session: ClientSession | None
    ) -> ReplyContent:
        await prepare(fields, todo)
        reply = self.respond(body, session)
        return await reply if isinstance(reply, Awaitable) else reply

    def _pass_on(
        self, message: Message, todo: list[Op], body: bytes, session: ClientSession | None
    ) -> bytes | Awaitable[bytes]:
        assert message.digest is not None
        owner = self.context.owners.owner(message.digest)
        namespace = self.context.namespaces.get(message.fields.get(FIELD_NAMESPACE, b""))
        if owner is self.executor or namespace is None:
            return self.executor.respond(message, todo, "client", session)
        if owner is None:
            return reply_frame(Result.PARTITION_UNAVAILABLE)
        if isinstance(owner, Peer):
            return proxy.relay(self.context, owner, message, body)
        namespace.counters["client_proxy_complete"] += 1
        return owner.respond(message, todo, "from_proxy", session)

    def _answer_row(
        self, message: Message, todo: list[Op], session: ClientSession | None
    ) -> RecordOutcome | Awaitable[RecordOutcome]:
        """The outcome of a row of a batch, whoever owns the record; its namespace is known."""
        assert message.digest is not None
        owner = self.context.owners.owner(message.digest)
        if owner is self.executor:
            return self.executor.answer(message, todo, "batch_sub", session)
        if owner is None:
            return failed(Result.PARTITION_UNAVAILABLE)
        if isinstance(owner, Peer):
            return proxy.outcome(self.context, owner, message, todo)
        self.context.namespaces[message.fields[FIELD_NAMESPACE]].counters["batch_sub_proxy_complete"] += 1
        return owner.answer(message, todo, "from_proxy_batch_sub", session)
