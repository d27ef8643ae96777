"""Record messages of one node: which kind of request it is, who answers it, and what is counted.

    info1 BATCH              a batch                        asudfd.aerospike.message.many.batch
    no digest                a query over partitions        asudfd.aerospike.message.many.query
    info2 WRITE DELETE       of one record:
          -     -            a read, if info1 says READ     asudfd.aerospike.message.single.read
          x     -            a write; with a module, a UDF  asudfd.aerospike.message.single.write, .udf
          x     x            a delete                       asudfd.aerospike.message.single.write

What is wrong with a message is answered by a result code, and the connection stays open. A request on one record is
one turn of the event loop; a filter that takes longer to compile is compiled before it. A UDF that takes longer holds
the record's lock, and whoever comes to that record meanwhile waits in line.

A record belongs to one node. Clients know which; what comes to another node is passed on, as nodes of a real cluster
do, so that a client is served whatever it believes (asudfd.aerospike.message.peer.proxy).
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Awaitable
from contextlib import suppress
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import particle
from asinfo.wire.message import (
    DIGEST_SIZE,
    FIELD_FILTER,
    FIELD_MRT_ID,
    FIELD_NAMESPACE,
    FIELD_UDF_MODULE,
    INFO1_BATCH,
    INFO1_READ,
    INFO2_DELETE,
    INFO2_WRITE,
    ops,
    reply_frame,
    unpack,
)
from asinfo.wire.result import Result
from asudfd.aerospike.message.counts import DELETES, READS, UDFS, WRITES
from asudfd.aerospike.message.filter.cache import filter_of, prepare, ready
from asudfd.aerospike.message.many.batch import batch, only_last
from asudfd.aerospike.message.many.jobs import QueryJobs
from asudfd.aerospike.message.many.query import query
from asudfd.aerospike.message.outcome import OK, failed, refuse_unsupported
from asudfd.aerospike.message.peer import proxy
from asudfd.aerospike.message.single.call_cache import KNOWN_SIZE_MAX, CallCache, digest_place
from asudfd.aerospike.message.single.read import read
from asudfd.aerospike.message.single.touch import touch
from asudfd.aerospike.message.single.udf import apply, apply_in_thread, commit_result, view_of
from asudfd.aerospike.message.single.write import delete, write
from asudfd.lua.aerospike.record_view import record_call
from asudfd.record.record import partition as partition_of
from asudfd.record.refused import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.counts import ResultCounters
    from asudfd.aerospike.message.outcome import Outcome
    from asudfd.aerospike.message.peer.peer import Peer
    from asudfd.network.session import ClientSession
    from asudfd.node import Node
    from asudfd.record.namespace import Namespace

    Answer = Callable[[Namespace, Message, list[Op]], Outcome]
    Made = bytes | AsyncIterator[bytes]
    Reply = bytes | Awaitable[Made] | AsyncIterator[bytes]

_IS_WRITE, _HAS_NO_OPS = bytes([INFO2_WRITE]), bytes(2)
_CALLED = UDFS.names["client"]
_MALFORMED = reply_frame(Result.PARAMETER)
_NO_OPS: list[Op] = []

_ROWS: tuple[tuple[Answer, ResultCounters], ...] = (
    (read, READS),
    (write, WRITES),
    (read, READS),
    (delete, DELETES),
)
"""Who answers a request on one record, and what is counted; by the bits WRITE and DELETE of info2."""


class RecordService:
    """Who answers the record messages of ``node``; ``jobs`` are its background queries."""

    __slots__ = ("_calls", "_owners", "jobs", "node")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.jobs = QueryJobs()
        self._calls = CallCache()
        # by partition; None when this node is alone, and has it short
        self._owners: list[RecordService | Peer | None] | None = None

    def join(self, members: Mapping[str, RecordService | Peer]) -> None:
        """Know all members of the cluster, by their ids; to be called again when they change."""
        owners = self.node.cluster.owners
        self._owners = None if set(members) == {self.node.id} else [*map(members.get, owners)]

    def owns(self, partition: int) -> bool:
        """Whether the records of ``partition`` are this node's."""
        return self._owners is None or self._owners[partition] is self

    def written(self, digest: bytes, namespace: bytes) -> Namespace | None:
        """Where in this process the record ``digest`` is kept; None if another process sees to its durability."""
        owner = self if self._owners is None else self._owners[partition_of(digest)]
        return owner.node.namespaces[namespace] if isinstance(owner, RecordService) else None

    def respond(self, body: bytes, session: ClientSession | None = None) -> Reply:
        """The whole reply to the message ``body``: at once, or later, or piece by piece."""
        if body[2:3] == _IS_WRITE and body[20:22] == _HAS_NO_OPS:
            reply = self._call_again(body, session)
            if reply is not None:
                return reply
        try:
            message = unpack(body)
            if message[8] is None or message[0] & INFO1_BATCH:
                return self._respond_many(message, body, session)
            todo = ops(body, message[11], message[10]) if message[10] else _NO_OPS
        except WireError as error:
            self.node.refusals.note(Result.PARAMETER, f"a malformed message: {error}", session)
            return only_last(Result.PARAMETER) if body[1:2] and body[1] & INFO1_BATCH else _MALFORMED
        if FIELD_UDF_MODULE in message[9] and len(body) <= KNOWN_SIZE_MAX:
            self._calls.learn(body, message, self.node.namespaces)
        if self._owners is None:
            return self.respond_one(message, todo, "client", session)
        return self._pass_on(message, todo, body, session)

    def _call_again(self, body: bytes, session: ClientSession | None) -> bytes | Awaitable[bytes] | None:
        """The reply to a UDF call that came before with another digest; None when it has to take the usual way."""
        try:
            place = digest_place(body)
            end = place + DIGEST_SIZE
            namespace, module, function, arguments, fields, set_name, ttl = self._calls[
                body[:place] + body[end:]
            ]
        except (IndexError, KeyError):
            return None
        digest, node = body[place:end], self.node
        if self._owners is not None and self._owners[partition_of(digest)] is not self:
            return None
        if digest in namespace.locks or node.config.service.disable_udf_execution:
            return None
        try:
            record = namespace.get(digest)
            if record is not None and record[3] != set_name:
                return None
            view = view_of(namespace, digest, record, fields)
            result = node.host.run_inline(record_call(module, function, arguments, view))
            if result is None:
                return self._later(namespace, unpack(body), _NO_OPS, "client", session)
            outcome = commit_result(namespace, digest, fields, ttl, record, result, "client")
        except Refused as error:
            outcome = self._refused(error, session)
        except Exception as error:  # noqa: BLE001 - the edge, as in `_attempt`
            outcome = self._fault(error)
        namespace.counters[_CALLED[outcome[0]]] += 1
        if outcome[0] == OK:
            durable = namespace.storage.durable()
            if durable is not None:
                return _durably(outcome, durable)
        return reply_frame(*outcome)

    def _respond_many(self, message: Message, body: bytes, session: ClientSession | None) -> Reply:
        """Raises WireError."""
        if not ready(message[9]):
            return self._when_compiled(message[9], body, session)
        try:
            if message[0] & INFO1_BATCH:
                return batch(self, message, session)
            return query(self, message, body, session)
        except Refused as error:
            return reply_frame(self._refused(error, session)[0])

    async def _when_compiled(
        self, fields: Mapping[int, bytes], body: bytes, session: ClientSession | None
    ) -> Made:
        await prepare(fields)
        reply = self.respond(body, session)
        return await reply if isinstance(reply, Awaitable) else reply

    def respond_one(
        self, message: Message, todo: list[Op], origin: str, session: ClientSession | None
    ) -> bytes | Awaitable[bytes]:
        """The reply to a request on one record of this node; ``origin`` and ``session`` as ``answer`` takes them."""
        namespace = self.node.namespaces.get(message[9].get(FIELD_NAMESPACE, b""))
        if namespace is None:
            return reply_frame(Result.NAMESPACE)
        waits = message[8] in namespace.locks or _waits(message[9])
        outcome = None if waits else self._attempt(namespace, message, todo, origin, session)
        if outcome is None:
            return self._later(namespace, message, todo, origin, session)
        if outcome[0] == OK and message[1] & INFO2_WRITE:
            durable = namespace.storage.durable()
            if durable is not None:
                return _durably(outcome, durable)
        return reply_frame(*outcome)

    async def _later(
        self,
        namespace: Namespace,
        message: Message,
        todo: list[Op],
        origin: str,
        session: ClientSession | None,
    ) -> bytes:
        outcome = await self._in_line(namespace, message, todo, origin, session)
        durable = namespace.durable()
        return reply_frame(*outcome) if durable is None else await _durably(outcome, durable)

    def _pass_on(
        self, message: Message, todo: list[Op], body: bytes, session: ClientSession | None
    ) -> bytes | Awaitable[bytes]:
        assert message[8] is not None
        assert self._owners is not None
        owner = self._owners[partition_of(message[8])]
        namespace = self.node.namespaces.get(message[9].get(FIELD_NAMESPACE, b""))
        if owner is self or namespace is None:
            return self.respond_one(message, todo, "client", session)
        if isinstance(owner, RecordService):
            namespace.counters["client_proxy_complete"] += 1
            return owner.respond_one(message, todo, "from_proxy", session)
        if owner is None:
            return reply_frame(Result.PARTITION_UNAVAILABLE)
        return proxy.relay(self.node, owner, message, body)

    def answer_row(
        self, message: Message, todo: list[Op], session: ClientSession | None
    ) -> Outcome | Awaitable[Outcome]:
        """The outcome of a row of a batch, whoever owns the record; its namespace is known."""
        assert message[8] is not None
        owner = self if self._owners is None else self._owners[partition_of(message[8])]
        if owner is self:
            return self.answer(message, todo, "batch_sub", session)
        if isinstance(owner, RecordService):
            self.node.namespaces[message[9][FIELD_NAMESPACE]].counters["batch_sub_proxy_complete"] += 1
            return owner.answer(message, todo, "from_proxy_batch_sub", session)
        if owner is None:
            return failed(Result.PARTITION_UNAVAILABLE)
        return proxy.outcome(self.node, owner, message, todo)

    def answer(
        self, message: Message, todo: list[Op], origin: str, session: ClientSession | None
    ) -> Outcome | Awaitable[Outcome]:
        """The outcome of a request on one record of this node.

        ``origin`` begins the names of the counters; ``session`` is the client's, if it is known.
        """
        digest, fields = message[8], message[9]
        assert digest is not None
        namespace = self.node.namespaces.get(fields.get(FIELD_NAMESPACE, b""))
        if namespace is None:
            return failed(Result.NAMESPACE)
        if digest in namespace.locks or _waits(fields):
            return self._in_line(namespace, message, todo, origin, session)
        outcome = self._attempt(namespace, message, todo, origin, session)
        return self._in_line(namespace, message, todo, origin, session) if outcome is None else outcome

    async def _in_line(
        self,
        namespace: Namespace,
        message: Message,
        todo: list[Op],
        origin: str,
        session: ClientSession | None,
    ) -> Outcome:
        """Answer as soon as nobody who came before works on the record; a UDF then in a thread, if it takes long."""
        digest, config = message[8], self.node.config
        assert digest is not None
        longest = config.mod_lua.time_max_ms
        limit = min(message[7] or config.service.transaction_max_ms or longest, longest) / 1000
        end = time.monotonic() + limit
        try:
            await prepare(message[9])
            async with namespace.hold(digest, limit):
                await prepare(message[9])  # once more, if so many others came meanwhile
                seconds = end - time.monotonic()
                outcome = self._attempt(namespace, message, todo, origin, session)
                if outcome is None:
                    outcome = await apply_in_thread(self.node, namespace, message, origin, seconds)
                    UDFS.count(namespace, origin, outcome[0])
        except TimeoutError:
            namespace.counters[f"{origin}_tsvc_timeout"] += 1
            outcome = failed(Result.TIMEOUT)
        except Refused as error:
            if error.code == Result.KEY_BUSY:
                namespace.counters["fail_key_busy"] += 1
            outcome = self._refused(error, session)
        except Exception as error:  # noqa: BLE001 - the same edge, for calls in a thread
            outcome = self._fault(error)
        return outcome

    def _attempt(
        self,
        namespace: Namespace,
        message: Message,
        todo: list[Op],
        origin: str,
        session: ClientSession | None,
    ) -> Outcome | None:
        """The outcome of a request on a record that nobody has locked; None for a UDF that needs a thread."""
        info1, info2, fields = message[0], message[1], message[9]
        answer, counts = _ROWS[info2 & (INFO2_WRITE | INFO2_DELETE)]
        outcome: Outcome | None
        try:
            if (FIELD_FILTER in fields or FIELD_MRT_ID in fields) and not _passes(namespace, message):
                if FIELD_UDF_MODULE in fields:
                    counts = UDFS
                outcome = _with_generation(namespace, message, Result.FILTERED_OUT)
            elif counts is WRITES and FIELD_UDF_MODULE in fields:
                counts = UDFS
                outcome = apply(self.node, namespace, message, origin)
                if outcome is None:
                    return None
            elif counts is READS and not info1 & INFO1_READ:
                raise Refused(Result.PARAMETER, "a request that neither reads nor writes")  # noqa: TRY301 - counted below
            else:
                outcome = answer(namespace, message, todo)
                if counts is READS and outcome[2]:  # only a record that was read shows a void time
                    touch(namespace, message)
        except (Refused, particle.Refused) as error:
            self.node.refusals.note(error.code, str(error), session)
            outcome = (
                failed(error.code) if counts is UDFS else _with_generation(namespace, message, error.code)
            )
        except Exception as error:  # noqa: BLE001 - the edge: a fault in one request may not end a connection
            outcome = self._fault(error)
        namespace.counters[counts.names[origin][outcome[0]]] += 1
        return outcome

    def _refused(self, error: Refused | particle.Refused, session: ClientSession | None) -> Outcome:
        self.node.refusals.note(error.code, str(error), session)
        return failed(error.code)

    def _fault(self, error: Exception) -> Outcome:
        where = "".join(traceback.format_exception(error))
        self.node.log.warning("rw", f"internal error: {where}")
        return failed(Result.SERVER_ERROR)


def _waits(fields: dict[int, bytes]) -> bool:
    """Whether a request has a filter that takes time to compile."""
    return FIELD_FILTER in fields and not ready(fields)


def _passes(namespace: Namespace, message: Message) -> bool:
    """Whether the record passes the filter of a request; one that is not there does. Raises Refused."""
    digest, fields = message[8], message[9]
    assert digest is not None
    refuse_unsupported(fields)
    wanted = filter_of(fields)
    record = namespace.get(digest)
    return wanted is None or record is None or wanted.passes(namespace, digest, record)


def _with_generation(namespace: Namespace, message: Message, code: int) -> Outcome:
    """The outcome of a request that is refused: it shows the record's generation, but where that was to be deleted."""
    digest, record = message[8], None
    assert digest is not None
    if not message[1] & INFO2_DELETE:
        with suppress(Refused):  # a damaged record has none
            record = namespace.get(digest)
    return int(code), 0 if record is None else record.generation, 0, b"", 0


async def _durably(outcome: Outcome, durable: Awaitable[int]) -> bytes:
    """The reply when the disk has what it tells of, or the disk's error."""
    code = await durable
    return reply_frame(code) if code else reply_frame(*outcome)
