"""Background queries: a UDF, or write operations, on every record of a set while the client goes on.

The reply comes before any work is done; `asudfd.aerospike.message.many.jobs` says how far it is. A record that the query's filter
leaves out is neither done nor failed. Without a limit of its own a query does as many records in a second as
`background-query-max-rps` says.
Source: the wire specification, section 4.8; info-protocol, section 5.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from asinfo.wire import frame
from asinfo.wire.digest import PARTITIONS
from asinfo.wire.message import (
    FIELD_FILTER,
    FIELD_NAMESPACE,
    FIELD_SET,
    FIELD_UDF_ARGUMENTS,
    FIELD_UDF_FUNCTION,
    FIELD_UDF_MODULE,
    INFO2_WRITE,
    INFO3_LAST,
    record_request,
    reply,
)
from asinfo.wire.result import Result
from asudfd.aerospike.message.beside import LeftToThread
from asudfd.aerospike.message.many.jobs import QueryJob
from asudfd.aerospike.message.many.selection import Selection, rate_of
from asudfd.aerospike.message.outcome import OK, RecordOutcome
from asudfd.fairness import Slice
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.context import RecordContext
    from asudfd.aerospike.message.owners import PartitionOwners
    from asudfd.network.session import ClientSession
    from asudfd.record.namespace import Namespace

    Answer = Callable[
        [Message, list[Op], str, ClientSession | None], RecordOutcome | Awaitable[RecordOutcome]
    ]
    """The outcome of a request on one record; as `asudfd.aerospike.message.single.executor.RecordExecutor.answer`."""

_STARTED = frame.pack(frame.MESSAGE, reply(OK, info3=INFO3_LAST))

_PASSED_ON = (FIELD_UDF_MODULE, FIELD_UDF_FUNCTION, FIELD_UDF_ARGUMENTS, FIELD_FILTER)
"""Fields that the request on a record has from the query: its filter is looked at there, in one turn with the write."""


class BackgroundQuery(QueryJob):
    """A query that runs by itself."""

    __slots__ = ("_message", "_selection", "_session", "_todo")

    def __init__(
        self, namespace: Namespace, message: Message, todo: list[Op], session: ClientSession | None
    ) -> None:
        """Raises RequestRefused."""
        fields = message.fields
        word = "udf" if FIELD_UDF_MODULE in fields else "ops"
        super().__init__(word, namespace, fields, session, _rate(namespace, fields))
        self.sent = len(_STARTED)
        self._selection = Selection(namespace, fields)
        self.index_name = self._selection.index_name
        self._message = message
        self._session = session
        self._todo = todo

    @property
    def has_ops(self) -> bool:
        """Whether the query has operations of its own."""
        return bool(self._todo)

    def start(self, context: RecordContext, answer: Answer) -> None:
        """Begin; ``answer`` executes a request on one record."""
        self._task = asyncio.get_running_loop().create_task(self._run(context, answer))

    async def _run(self, context: RecordContext, answer: Answer) -> None:
        try:
            await self._work(context.owners, answer)
        except RequestRefused:  # damaged records: the storage has told it
            self.aborted = True
        finally:
            context.jobs.end(self, context.service.query_max_done)
            end = "abort" if self.aborted else "complete"
            self.namespace.counters[f"{self._selection.kind}_query_{self.word}_bg_{end}"] += 1

    async def _work(self, owners: PartitionOwners, answer: Answer) -> None:
        slice_ = Slice()
        for number in range(PARTITIONS):
            if owners.owns(number):
                for found in self._selection.candidates(number):
                    if isinstance(found, LeftToThread):
                        await found.done()
                    elif found is not None:
                        await self._visit(answer, found.digest, found.record.set_name)
                        await self._pause()
                    if slice_.is_over():
                        await slice_.next()
                    if self.aborted:
                        return
            self.partitions = number + 1

    async def _pause(self) -> None:
        """Wait as long as the limit of records in a second wants it."""
        self.throttle.count += 1
        while (seconds := self.throttle.pause()) and not self.aborted:  # noqa: ASYNC110 - what is waited for is time
            await asyncio.sleep(seconds)

    async def _visit(self, answer: Answer, digest: bytes, set_name: bytes) -> None:
        fields = {FIELD_NAMESPACE: self.namespace.name, FIELD_SET: set_name}
        for identifier in _PASSED_ON:
            if identifier in self.fields:
                fields[identifier] = self.fields[identifier] or b"\x90"
        request = record_request(digest, fields, info2=INFO2_WRITE, ttl=self._message.ttl)
        outcome = answer(request, self._todo, f"{self.word}_sub", self._session)
        if not isinstance(outcome, RecordOutcome):
            outcome = await outcome
        if outcome.code == OK:
            self.succeeded += 1
        elif outcome.code == Result.FILTERED_OUT:
            self.filtered += 1
        else:
            self.failed += 1


def begin(context: RecordContext, answer: Answer, job: BackgroundQuery) -> bytes:
    """Start a background query; the reply. ``answer`` executes a request on one record. Raises RequestRefused."""
    service = context.service
    if job.word == "udf" and service.disable_udf_execution:
        raise RequestRefused(Result.FORBIDDEN, "disable-udf-execution is true")
    if job.word == "ops" and not job.has_ops:
        raise RequestRefused(Result.PARAMETER, "a background query that does nothing")
    if job.fields.get(FIELD_SET) and job.fields[FIELD_SET] not in job.namespace.sets:
        raise RequestRefused(Result.NOT_FOUND, "no such set")
    context.jobs.add(job, service.query_max_done)
    job.start(context, answer)
    return _STARTED


def _rate(namespace: Namespace, fields: dict[int, bytes]) -> int:
    """Records in a second; what a client asks for may not be more than the configuration allows. Raises RequestRefused."""
    rate, rate_max = rate_of(fields), namespace.config.background_query_max_rps
    if rate > rate_max:
        raise RequestRefused(Result.PARAMETER, "more records per second than background-query-max-rps")
    return rate or rate_max
