"""Aggregations: a stream UDF over the records of a set.

The function says through which operations the records of a partition pass; the values that come out go to the client,
each in a message of its own under the name SUCCESS, and the client does the rest. An error ends all: a message with its
text under FAILURE, and a last one with code 1.

Records are read in the event loop, a piece at a time, and handed to a worker, which has a context of the
module until the end. Nothing goes on while the client does not take what there is.
Source: the wire specification, section 4.9; the UDF specification, section 4.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from asinfo.text import text
from asinfo.wire import frame
from asinfo.wire.digest import PARTITIONS
from asinfo.wire.message import (
    FIELD_FILTER,
    FIELD_SET,
    INFO1_SHORT_QUERY,
    INFO3_LAST,
    OP_READ,
    op,
    reply,
)
from asinfo.wire.particle import STRING
from asinfo.wire.result import Result
from asudfd.aerospike.failures import FailedCall
from asudfd.aerospike.message.beside import LeftToThread
from asudfd.aerospike.message.many.jobs import ACTIVE_MAX, QueryJob
from asudfd.aerospike.message.many.reply_pieces import LAST_REPLY
from asudfd.aerospike.message.many.selection import SelectedRecord, Selection, rate_of
from asudfd.aerospike.message.single.udf import view_of
from asudfd.aerospike.message.single.udf_call import call_of
from asudfd.fairness import Slice, loop_scheduler
from asudfd.lua.aerospike.crossing import STREAM_CONTEXT, TIMEOUT
from asudfd.lua.aerospike.record_batch import END, pack
from asudfd.lua.aerospike.record_view import StreamView, stream_call
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

    from asinfo.wire.message import Message
    from asudfd.aerospike.message.context import RecordContext
    from asudfd.aerospike.message.owners import PartitionOwners
    from asudfd.aerospike.message.single.udf_call import UdfCall
    from asudfd.network.session import ClientSession
    from asudfd.record.namespace import Namespace

BATCH_SIZE = 128 << 10
"""Bytes of records that cross into Lua at once; one record may be more."""

_HEAD = reply(0, count=1)
"""What the message of a value begins with; its only op follows."""

_LAST_FAILED = reply(Result.SERVER_ERROR, info3=INFO3_LAST)


def aggregate(
    context: RecordContext, namespace: Namespace, message: Message, session: ClientSession | None
) -> AsyncIterator[bytes]:
    """The reply to an aggregation, piece by piece. Raises RequestRefused."""
    fields = message.fields
    call_of(message)
    if context.service.disable_udf_execution:
        raise RequestRefused(Result.FORBIDDEN, "disable-udf-execution is true")
    if FIELD_FILTER in fields:
        raise RequestRefused(Result.UNSUPPORTED_FEATURE, "an aggregation with a filter expression")
    if message.info1 & INFO1_SHORT_QUERY:
        raise RequestRefused(Result.PARAMETER, "a short query cannot be an aggregation")
    if fields.get(FIELD_SET) and fields[FIELD_SET] not in namespace.sets:
        raise RequestRefused(Result.NOT_FOUND, "no such set")
    selection = Selection(namespace, fields)
    job = QueryJob("aggr", namespace, fields, session, rate_of(fields))
    job.index_name = selection.index_name
    return _pieces(context, message, selection, job, session)


async def _pieces(
    context: RecordContext,
    message: Message,
    selection: Selection,
    job: QueryJob,
    session: ClientSession | None,
) -> AsyncIterator[bytes]:
    """Frames with the values; then what ends the reply.

    The real server has no time limit here. This one has that of the query, if the client gave one, and a piece of
    work, which begins anew after some 20 ms, must end within transaction-max-ms: whatever a module does with one
    record, the worker comes back, or is killed.
    """
    host = context.host
    try:
        _admit(context, job)
    except RequestRefused as error:
        context.refusals.note(error.code, str(error), session)
        yield frame.pack(frame.MESSAGE, reply(error.code, info3=INFO3_LAST))
        return
    piece = context.seconds_for()
    end = monotonic() + message.time_limit / 1000 if message.time_limit else float("inf")
    in_memory = job.namespace.in_memory
    result = "abort"  # unless all is gone through: the client has left
    call = call_of(message)
    stream = host.open_stream(
        stream_call(call.module, call.function, call.arguments, StreamView(_HEAD, in_memory))
    )
    try:
        for batch in _batches(context.owners, selection, job):
            rest = await _taken(batch, job)
            more = bool(rest)
            while more:
                values, more, failure, detail = await host.pour(stream, rest, min(piece, end - monotonic()))
                rest = b""
                if failure:
                    result = "error"
                    _note_failure(context, call, job, session, failure, detail)
                    yield frame.pack(frame.MESSAGE, values + _failed(failure))
                    return
                if values:
                    job.sent += len(values)
                    yield frame.pack(frame.MESSAGE, values)
                await _pause(job)
        result = "complete"
        yield frame.pack(frame.MESSAGE, LAST_REPLY)
    except RequestRefused as error:
        context.refusals.note(error.code, str(error), session)
        result = "abort" if job.aborted else "error"
        yield frame.pack(frame.MESSAGE, reply(error.code, info3=INFO3_LAST))
    finally:
        host.close_stream(stream)
        job.namespace.counters[f"{selection.kind}_query_aggr_{result}"] += 1
        context.jobs.end(job, context.service.query_max_done)


def _admit(context: RecordContext, job: QueryJob) -> None:
    """Raise RequestRefused for an aggregation too many, or one whose id is taken."""
    if context.host.streams >= ACTIVE_MAX:
        raise RequestRefused(Result.FORBIDDEN, "too many aggregations run")
    before = context.jobs.get(job.id)
    if before is not None and before.ended:
        del context.jobs[job.id]  # only for background queries is it said that an ended one keeps its id
    context.jobs.add(job, context.service.query_max_done)


def _failed(message: bytes) -> bytes:
    """What ends the reply of an aggregation with an error."""
    return _HEAD + op(OP_READ, STRING, b"FAILURE", message) + _LAST_FAILED


def _note_failure(  # noqa: PLR0917 - what a line of the log is made of
    context: RecordContext,
    call: UdfCall,
    job: QueryJob,
    session: ClientSession | None,
    failure: bytes,
    detail: bytes,
) -> None:
    """Count a failure, and have the log tell of it, unless it has just done so."""
    timed_out = failure.endswith(TIMEOUT)
    context.host.count_failure(call.module, call.function, timed_out=timed_out)
    if not context.failures.holds_back(call.module, call.function, failure):
        subject = f"query of {{{text(job.namespace.name)}}} {text(call.set_name)}"
        called = FailedCall(call.module, call.function, subject, session)
        context.failures.tell(called, failure, detail, STREAM_CONTEXT)


async def _pause(job: QueryJob) -> None:
    """Give the other connections a turn, and wait as long as the limit of records in a second wants it.

    Raises RequestRefused when somebody has ended the query.
    """
    await loop_scheduler().turn()
    while (seconds := job.throttle.pause()) and not job.aborted:  # noqa: ASYNC110 - what is waited for is time
        await asyncio.sleep(seconds)
    if job.aborted:
        raise RequestRefused(Result.QUERY_ABORT, "the query was aborted")


async def _taken(batch: bytes | LeftToThread[Any], job: QueryJob) -> bytes:
    """The records of a batch, after a pause; none of what is left to the thread, which has done it then."""
    if isinstance(batch, LeftToThread):
        await batch.done()
        batch = b""
    await _pause(job)
    return batch


def _batches(
    owners: PartitionOwners, selection: Selection, job: QueryJob
) -> Iterator[bytes | LeftToThread[Any]]:
    """Records of all partitions of this node, as they cross into Lua; nothing where others shall have a turn.

    What is for the thread is to be awaited.
    """
    parts: list[bytes] = []
    size = 0
    slice_ = Slice()
    for part in _parts(owners, selection, job):
        if isinstance(part, LeftToThread):
            yield part
            slice_.restart()
            continue
        parts.append(part)
        size += len(part)
        pauses = job.throttle.pause()
        if size >= BATCH_SIZE or (size and pauses):
            yield b"".join(parts)
            parts, size = [], 0
        if pauses or slice_.is_over():
            yield b""
            slice_.restart()
    if size:
        yield b"".join(parts)


def _parts(
    owners: PartitionOwners, selection: Selection, job: QueryJob
) -> Iterator[bytes | LeftToThread[Any]]:
    """Records and ends of partitions; an empty part where there is none."""
    for number in range(PARTITIONS):
        end = b""
        if owners.owns(number):
            for found in selection.records(number):
                if not isinstance(found, SelectedRecord):
                    yield found or b""
                    continue
                end = END
                job.throttle.count += 1
                job.succeeded += 1
                yield pack(view_of(job.namespace, found.digest, found.record, {}))
        job.partitions = number + 1
        yield end
