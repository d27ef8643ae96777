"""Executes requests on single records of one node: which kind of request it is, and what is counted.

    info2 WRITE DELETE
          -     -            a read, if info1 says READ     asudfd.aerospike.message.single.read
          x     -            a write; with a module, a UDF  asudfd.aerospike.message.single.write, .udf
          x     x            a delete                       asudfd.aerospike.message.single.write

A request on one record is one turn of the event loop; a filter that takes longer to compile is compiled before it. A UDF
that takes longer, and a filter and operations that do, hold the record's lock, and whoever comes to that record meanwhile
waits in line.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from asinfo.wire import particle
from asinfo.wire.message import (
    FIELD_FILTER,
    FIELD_MRT_ID,
    FIELD_NAMESPACE,
    FIELD_UDF_MODULE,
    INFO1_READ,
    INFO2_DELETE,
    INFO2_WRITE,
    reply_frame,
)
from asinfo.wire.result import Result
from asudfd.aerospike.message.cost import CostExceededError
from asudfd.aerospike.message.counts import DELETES, READS, UDFS, WRITES
from asudfd.aerospike.message.filter.cache import filter_of, prepare, ready
from asudfd.aerospike.message.outcome import OK, RecordOutcome, failed, refuse_unsupported
from asudfd.aerospike.message.single.beside import NOTHING_DONE, FilterCostError, done_beside
from asudfd.aerospike.message.single.commit import reply_when_durable, with_generation
from asudfd.aerospike.message.single.read import read
from asudfd.aerospike.message.single.touch import touch
from asudfd.aerospike.message.single.udf import apply, apply_in_worker
from asudfd.aerospike.message.single.write import delete, write
from asudfd.record.latency import SLOW_SECONDS
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.context import RecordContext
    from asudfd.aerospike.message.counts import ResultCounters
    from asudfd.aerospike.message.single.beside import DoneBeside, OperationsDone
    from asudfd.network.session import ClientSession
    from asudfd.record.namespace import Namespace

    Execute = Callable[[Namespace, Message, list[Op], OperationsDone | None], RecordOutcome]

_KINDS: tuple[tuple[Execute, ResultCounters], ...] = (
    (read, READS),
    (write, WRITES),
    (read, READS),
    (delete, DELETES),
)
"""Who executes a request on one record, and what is counted; by the bits WRITE and DELETE of info2."""


class RecordExecutor:
    """Executes requests on single records of the node of ``context``, whoever has sent them."""

    __slots__ = ("context", "namespaces")

    def __init__(self, context: RecordContext) -> None:
        self.context = context
        self.namespaces = context.namespaces
        context.owners.own = self

    def respond(
        self, message: Message, todo: list[Op], origin: str, session: ClientSession | None
    ) -> bytes | Awaitable[bytes]:
        """The reply to a request; ``origin`` and ``session`` as `answer` takes them."""
        fields = message.fields
        namespace = self.namespaces.get(fields.get(FIELD_NAMESPACE, b""))
        if namespace is None:
            return reply_frame(Result.NAMESPACE)
        began = time.monotonic()
        waits = message.digest in namespace.locks or (
            (todo or FIELD_FILTER in fields) and not ready(fields, todo)
        )
        exceeded = outcome = None
        if not waits:
            try:
                outcome = self._attempt(namespace, message, todo, origin, session)
            except CostExceededError as error:
                exceeded = type(error)
        if outcome is None:
            later = self.respond_later(namespace, message, todo, origin, session, exceeded)
            return later if origin != "client" else namespace.latencies.timed(_kind(message), began, later)
        if message.info2 & INFO2_WRITE and outcome.code == OK and not namespace.in_memory:
            durable = namespace.storage.durable()
            if durable is not None:
                later = reply_when_durable(outcome, durable)
                return (
                    later if origin != "client" else namespace.latencies.timed(_kind(message), began, later)
                )
        if (seconds := time.monotonic() - began) >= SLOW_SECONDS and origin == "client":
            namespace.latencies.note(_kind(message), seconds)
        return reply_frame(*outcome)

    def answer(
        self, message: Message, todo: list[Op], origin: str, session: ClientSession | None
    ) -> RecordOutcome | Awaitable[RecordOutcome]:
        """The outcome of a request.

        ``origin`` begins the names of the counters; ``session`` is the client's, if it is known.
        """
        namespace = self.namespaces.get(message.fields.get(FIELD_NAMESPACE, b""))
        if namespace is None:
            return failed(Result.NAMESPACE)
        fields = message.fields
        if message.digest in namespace.locks or (
            (todo or FIELD_FILTER in fields) and not ready(fields, todo)
        ):
            return self._in_line(namespace, message, todo, origin, session)
        exceeded = outcome = None
        try:
            outcome = self._attempt(namespace, message, todo, origin, session)
        except CostExceededError as error:
            exceeded = type(error)
        if outcome is None:
            return self._in_line(namespace, message, todo, origin, session, exceeded)
        return outcome

    async def respond_later(  # noqa: PLR0917 - callers have what `respond` has
        self,
        namespace: Namespace,
        message: Message,
        todo: list[Op],
        origin: str,
        session: ClientSession | None,
        exceeded: type[CostExceededError] | None = None,
    ) -> bytes:
        """The reply to a request that has to wait, or for a worker or a thread; as `respond`. ``exceeded`` as of `_in_line`."""
        outcome = await self._in_line(namespace, message, todo, origin, session, exceeded)
        durable = namespace.durable()
        return reply_frame(*outcome) if durable is None else await reply_when_durable(outcome, durable)

    async def _in_line(  # noqa: PLR0917 - as above
        self,
        namespace: Namespace,
        message: Message,
        todo: list[Op],
        origin: str,
        session: ClientSession | None,
        exceeded: type[CostExceededError] | None = None,
    ) -> RecordOutcome:
        """Answer as soon as nobody who came before works on the record; then elsewhere what takes long.

        ``exceeded`` is what is known already to be too much for a turn.
        """
        context, digest = self.context, message.digest
        assert digest is not None
        limit = min(context.seconds_for(message.time_limit), context.lua.time_max_ms / 1000)
        end = time.monotonic() + limit
        try:
            await prepare(message.fields, todo)
            async with namespace.hold(digest, limit):
                await prepare(message.fields, todo)  # once more, if so many others came meanwhile
                outcome = await self._attempt_beside(namespace, message, todo, origin, session, exceeded)
                if outcome is None:
                    seconds = end - time.monotonic()
                    outcome = await apply_in_worker(context, namespace, message, origin, session, seconds)
                    UDFS.count(namespace, origin, outcome.code)
        except TimeoutError:
            namespace.counters[f"{origin}_tsvc_timeout"] += 1
            outcome = failed(Result.TIMEOUT)
        except RequestRefused as error:
            if error.code == Result.KEY_BUSY:
                namespace.counters["fail_key_busy"] += 1
            outcome = context.refuse(error, session)
        except Exception as error:  # noqa: BLE001 - the same edge, for what is done elsewhere
            outcome = context.fault(error)
        return outcome

    async def _attempt_beside(  # noqa: PLR0917 - as above
        self,
        namespace: Namespace,
        message: Message,
        todo: list[Op],
        origin: str,
        session: ClientSession | None,
        exceeded: type[CostExceededError] | None,
    ) -> RecordOutcome | None:
        """As `_attempt`, for who holds the record's lock: a thread does what is too much for a turn."""
        done = NOTHING_DONE
        while True:
            if exceeded is not None:
                done = await done_beside(namespace, message, todo, done, exceeded)
            try:
                return self._attempt(namespace, message, todo, origin, session, done)
            except CostExceededError as error:
                exceeded = type(error)

    def _attempt(  # noqa: PLR0917 - as above
        self,
        namespace: Namespace,
        message: Message,
        todo: list[Op],
        origin: str,
        session: ClientSession | None,
        done: DoneBeside = NOTHING_DONE,
    ) -> RecordOutcome | None:
        """The outcome of a request on a record that nobody else has locked; None for what needs a worker.

        Raises CostExceededError for what is too much for a turn of the event loop, and is not ``done``: nothing is changed then.
        """
        context, fields, info2 = self.context, message.fields, message.info2
        execute, counts = _KINDS[info2 & (INFO2_WRITE | INFO2_DELETE)]
        outcome: RecordOutcome | None
        try:
            if (FIELD_FILTER in fields or FIELD_MRT_ID in fields) and not _passes(namespace, message, done):
                if FIELD_UDF_MODULE in fields:
                    counts = UDFS
                outcome = _refused(namespace, message, Result.FILTERED_OUT)
            elif counts is WRITES and FIELD_UDF_MODULE in fields:
                counts = UDFS
                outcome = apply(context, namespace, message, origin, session)
            elif counts is READS and not message.info1 & INFO1_READ:
                raise RequestRefused(Result.PARAMETER, "a request that neither reads nor writes")  # noqa: TRY301 - counted below
            else:
                outcome = _executed(execute, namespace, message, todo, done.operations)
            if outcome is None:
                return None
        except CostExceededError:
            raise
        except (RequestRefused, particle.Refused) as error:
            outcome = context.refuse(error, session)
            if counts is not UDFS:
                outcome = _refused(namespace, message, error.code)
        except Exception as error:  # noqa: BLE001 - the edge: a fault in one request may not end a connection
            outcome = context.fault(error)
        namespace.counters[counts.names[origin][outcome.code]] += 1
        return outcome


def _executed(
    execute: Execute, namespace: Namespace, message: Message, todo: list[Op], done: OperationsDone | None
) -> RecordOutcome:
    """The outcome of a request. Raises RequestRefused, particle.Refused and CostExceededError."""
    outcome = execute(namespace, message, todo, done)
    if execute is read and outcome.void_time:  # only a record that was read shows one
        touch(namespace, message)
    return outcome


def _kind(message: Message) -> str:
    """The kind of a request, as `asudfd.record.latency` has them."""
    if FIELD_UDF_MODULE in message.fields:
        return "udf"
    return "write" if message.info2 & INFO2_WRITE else "read"


def _passes(namespace: Namespace, message: Message, done: DoneBeside) -> bool:
    """Whether the record passes the filter of a request; one that is not there does. Raises RequestRefused and FilterCostError."""
    digest = message.digest
    assert digest is not None
    refuse_unsupported(message.fields)
    if done.filter is not None:
        return done.filter.answer()
    wanted = filter_of(message.fields)
    record = namespace.get(digest)
    try:
        return wanted is None or record is None or wanted.passes(namespace, digest, record)
    except CostExceededError as error:
        raise FilterCostError(str(error)) from error


def _refused(namespace: Namespace, message: Message, code: int) -> RecordOutcome:
    """The outcome of a request that is refused: it shows the record's generation, but where that was to be deleted."""
    assert message.digest is not None
    return failed(code) if message.info2 & INFO2_DELETE else with_generation(namespace, message.digest, code)
