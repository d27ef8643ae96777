"""Batches: many requests on single records in one message, each answered as if it had come alone.

The reply is a message for every row, with the number of the row where other replies have 0, and a last one with the
result of the whole. Rows of other processes' records are answered as they come from there
(asudfd.aerospike.message.peer.remote_rows). Every row is done, whatever became of the others; the client's flags say what it is told
when one fails (asinfo.wire.batch). Where it wants no rows then, those that have been sent before stay sent: only so
much is kept back as makes one piece of the reply. The time limit is that of the whole batch: rows that it does not
reach are answered by a time-out. A filter of the batch is that of all rows without one of their own.
Source: the wire specification, section 4.10; that of collections, section 13.
"""

from __future__ import annotations

from contextlib import aclosing
from time import monotonic
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import frame
from asinfo.wire.batch import RESPOND_ALL, RESPOND_FAILED, head, rows
from asinfo.wire.message import (
    FIELD_BATCH,
    FIELD_FILTER,
    FIELD_NAMESPACE,
    INFO1_BATCH,
    INFO2_WRITE,
    INFO3_LAST,
    reply,
)
from asinfo.wire.result import Result
from asudfd.aerospike.message.filter.cache import filter_of
from asudfd.aerospike.message.outcome import OK, failed
from asudfd.aerospike.message.peer.remote_rows import RemoteRows
from asudfd.fairness import loop_scheduler
from asudfd.record.record import partition
from asudfd.record.refused import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator

    from asinfo.wire.batch import Attributes, Row
    from asinfo.wire.message import Message
    from asudfd.aerospike.message.dispatch import RecordService
    from asudfd.aerospike.message.outcome import Outcome
    from asudfd.aerospike.message.peer.remote_rows import Answer
    from asudfd.network.session import ClientSession
    from asudfd.node import Counters
    from asudfd.record.namespace import Namespace

PIECE_SIZE = 128 << 10
"""Bytes of rows after which a piece of the reply goes to the client."""

SOME_SIZE = PIECE_SIZE // 4
"""Bytes of rows that are handed on together: no piece is larger than it should be by more than that and one row."""

PIECE_SECONDS = 0.1
"""How long rows wait for more of a piece. Only writing to a client tells that it is gone: nothing is read meanwhile."""

TURN_SECONDS = 0.001
"""How long a batch goes on before the other connections have a turn."""

LOOKS_AT_CLOCK = 64
"""Rows that are only read between two looks at the clock: a fraction of a turn."""

_NO_ERRORS = frozenset((OK, Result.NOT_FOUND, Result.FILTERED_OUT))


def batch(
    records: RecordService, message: Message, session: ClientSession | None
) -> bytes | AsyncIterator[bytes]:
    """The reply to a batch, piece by piece; no further row is answered once the client of ``session`` is gone."""
    counters = records.node.counters
    counters.batch_initiated += 1
    try:
        flags, wanted = _check(records, message[9])
    except Refused as error:
        counters.batch_errors += 1
        records.node.refusals.note(error.code, str(error), session)
        return only_last(error.code)
    return _pieces(records, message, flags, wanted, session)


def _check(records: RecordService, fields: dict[int, bytes]) -> tuple[int, dict[int, bytes]]:
    """Flags, and the filter for rows without one. Raises Refused for what can be known without a look at the rows."""
    filter_of(fields)
    try:
        count, flags = head(fields.get(FIELD_BATCH, b""))
    except WireError as error:
        raise Refused(Result.PARAMETER, str(error)) from error
    limit = records.node.config.service.batch_max_requests
    if limit and count > limit:
        raise Refused(Result.BATCH_MAX_REQUESTS, "more rows than batch-max-requests")
    return flags, {FIELD_FILTER: fields[FIELD_FILTER]} if FIELD_FILTER in fields else {}


async def _check_rows(records: RecordService, data: bytes, session: ClientSession | None) -> None:
    """Read all rows, and forget them, before the first is answered. Raises Refused for what ends the whole batch.

    They are read again when it is their turn: a batch may have millions, and so takes no memory but its own bytes.
    """
    namespaces = records.node.namespaces
    before = None
    turn_end = monotonic() + TURN_SECONDS
    try:
        for number, (_, _, row) in enumerate(rows(data)):
            if row is not before and row.fields.get(FIELD_NAMESPACE) not in namespaces:
                raise Refused(Result.PARAMETER, "a row of a batch in a namespace that is not there")
            before = row
            if not number % LOOKS_AT_CLOCK and monotonic() > turn_end:
                if session is not None and session.gone:
                    break
                await loop_scheduler().turn()
                turn_end = monotonic() + TURN_SECONDS
    except WireError as error:
        raise Refused(Result.PARAMETER, f"a malformed batch: {error}") from error


def _rows(data: bytes, wanted: dict[int, bytes]) -> Iterator[Row]:
    """The rows, with the filter of the batch where they have none of their own."""
    before = None
    for row in rows(data):
        if row[2] is not before:
            before = row[2]
            before.fields = {**wanted, **before.fields}
        yield row


async def _pieces(
    records: RecordService,
    message: Message,
    flags: int,
    wanted: dict[int, bytes],
    session: ClientSession | None,
) -> AsyncIterator[bytes]:
    """Frames with the rows, the last of them also with the result of the whole."""
    parts: list[bytes] = []
    size = 0
    written: set[Namespace] = set()
    config = records.node.config
    limit = message[7] or config.service.transaction_max_ms or config.mod_lua.time_max_ms
    end = monotonic() + limit / 1000
    result: int | None = None
    try:
        data = message[9][FIELD_BATCH]
        try:
            await _check_rows(records, data, session)
        except Refused as refused:
            result = refused.code
            records.node.refusals.note(result, str(refused), session)
            yield only_last(result)
            return
        error = OK
        piece_end = monotonic() + PIECE_SECONDS
        todo = _rows(data, wanted) if wanted else rows(data)
        silent = not flags & (RESPOND_ALL | RESPOND_FAILED)  # shows no rows when one has failed
        async with aclosing(_outcomes(records, todo, end, session, written)) as outcomes:
            async for some in outcomes:
                if session is not None and session.gone:
                    break
                if not error and not flags & RESPOND_ALL:
                    error = _first_error(some)
                if error and silent:
                    parts, size = [], 0
                    continue
                shown = [_part(index, outcome) for index, outcome in some]
                parts += shown
                size += sum(map(len, shown))
                if parts and (size >= PIECE_SIZE or (not silent and monotonic() > piece_end)):
                    await _flush(written)
                    yield frame.pack(frame.MESSAGE, b"".join(parts))
                    parts, size = [], 0
                    piece_end = monotonic() + PIECE_SECONDS
        if session is not None and session.gone:
            return
        result = await _flush(written) or error
        parts.append(reply(result, info3=INFO3_LAST))
        yield frame.pack(frame.MESSAGE, b"".join(parts))
    finally:
        _count(records.node.counters, result)


def _first_error(some: list[tuple[int, Outcome]]) -> int:
    """The result code of the first row that failed."""
    return next((outcome[0] for _, outcome in some if outcome[0] not in _NO_ERRORS), OK)


async def _outcomes(
    records: RecordService,
    todo: Iterator[Row],
    end: float,
    session: ClientSession | None,
    written: set[Namespace],
) -> AsyncGenerator[list[tuple[int, Outcome]]]:
    """Index and outcome of each row of ``todo``, some at a time, until ``end``.

    Where something was written is put into ``written``. There are no more once the client of ``session`` is gone.
    """
    some: list[tuple[int, Outcome]] = []
    size = 0
    remote = RemoteRows(_pass_on(records, end, written, session))
    now = monotonic()
    turn_end = now + TURN_SECONDS
    try:
        for index, digest, row in todo:
            if session is not None and session.gone:
                return
            here = records.written(digest, row.fields[FIELD_NAMESPACE])
            if here is None:
                remote.add(records.node.cluster.owners[partition(digest)], (index, digest, row))
            else:
                outcome = _answer(records, digest, row, end - now, session)
                if not isinstance(outcome, tuple):
                    outcome = await outcome
                if row.info2 & INFO2_WRITE:
                    written.add(here)
                some.append((index, outcome))
                size += len(outcome[3])
            now = monotonic()
            if size >= SOME_SIZE or now > turn_end or remote.full:
                async for outcomes in remote.come(to_the_last=False):
                    yield outcomes
                yield some + remote.take()
                some, size = [], 0
                if now > turn_end:
                    await loop_scheduler().turn()
                    now = monotonic()
                    turn_end = now + TURN_SECONDS
        yield some
        async for outcomes in remote.come(to_the_last=True):
            yield outcomes
    finally:
        remote.close()


def _pass_on(
    records: RecordService, end: float, written: set[Namespace], session: ClientSession | None
) -> Answer:
    def answer(digest: bytes, row: Attributes) -> Outcome | Awaitable[Outcome]:
        here = records.written(digest, row.fields[FIELD_NAMESPACE])
        if here is not None and row.info2 & INFO2_WRITE:  # the record has become one of ours meanwhile
            written.add(here)
        return _answer(records, digest, row, end - monotonic(), session)

    return answer


def only_last(code: int) -> bytes:
    """The reply to a batch none of whose rows is answered. Without its mark, clients wait for more until their time-out."""
    return frame.pack(frame.MESSAGE, reply(code, info3=INFO3_LAST))


def _part(index: int, outcome: Outcome) -> bytes:
    """The message that answers a row."""
    code, generation, void_time, shown, count = outcome
    return reply(code, generation, void_time, shown, row=index, count=count)


def _answer(
    records: RecordService, digest: bytes, row: Attributes, seconds: float, session: ClientSession | None
) -> Outcome | Awaitable[Outcome]:
    """The outcome of a row, which may take ``seconds``: what is left of the time of the batch."""
    if seconds <= 0:
        records.node.namespaces[row.fields[FIELD_NAMESPACE]].counters["batch_sub_tsvc_timeout"] += 1
        return failed(Result.TIMEOUT)
    alone = _request(digest, row, max(1, int(seconds * 1000)))
    return records.answer_row(alone, row.ops, session)


def _count(counters: Counters, result: int | None) -> None:
    """Count the end of a batch; None is one whose client did not wait for it."""
    if result == OK:
        counters.batch_completed += 1
    elif result == Result.TIMEOUT:
        counters.batch_timeouts += 1
    else:
        counters.batch_errors += 1


def _request(digest: bytes, row: Attributes, limit: int) -> Message:
    """A row as if it had come alone, with a time limit in ms; the bit of batches says that it has not."""
    return (
        *(row.info1 | INFO1_BATCH, row.info2, row.info3, row.info4, 0, row.generation, row.ttl, limit),
        *(digest, row.fields, 0, 0),
    )


async def _flush(written: set[Namespace]) -> int:
    """Wait until all writes so far are durable; the result code of the last that cannot be."""
    result = OK
    for namespace in written:
        durable = namespace.durable()
        if durable is not None:
            result = await durable or result
    written.clear()
    return result
