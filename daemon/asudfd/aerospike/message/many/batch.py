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
from asinfo.wire.digest import partition
from asinfo.wire.message import (
    FIELD_BATCH,
    FIELD_FILTER,
    FIELD_NAMESPACE,
    INFO1_BATCH,
    INFO2_WRITE,
    INFO3_LAST,
    record_request,
    reply,
)
from asinfo.wire.result import Result
from asudfd.aerospike.message.filter.cache import filter_of
from asudfd.aerospike.message.many.reply_pieces import PIECE_SIZE
from asudfd.aerospike.message.outcome import OK, RecordOutcome, failed
from asudfd.aerospike.message.peer.remote_rows import RemoteRows
from asudfd.fairness import Slice
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator

    from asinfo.wire.batch import Attributes, Row
    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.context import RecordContext
    from asudfd.network.session import ClientSession
    from asudfd.node import Counters
    from asudfd.record.namespace import Namespace

    AnswerRow = Callable[[Message, list[Op], ClientSession | None], RecordOutcome | Awaitable[RecordOutcome]]

SOME_SIZE = PIECE_SIZE // 4
"""Bytes of rows that are handed on together: no piece is larger than it should be by more than that and one row."""

PIECE_SECONDS = 0.1
"""How long rows wait for more of a piece. Only writing to a client tells that it is gone: nothing is read meanwhile."""

BATCH_SLICE_SECONDS = 0.001
"""How long a batch goes on before the other connections have a turn: half of what other tasks have, since the rows
of large batches may be the work of one client for seconds."""

LOOKS_AT_CLOCK = 64
"""Rows that are only read between two looks at the clock: a fraction of a turn."""

_NO_ERRORS = frozenset((OK, Result.NOT_FOUND, Result.FILTERED_OUT))


def batch(
    context: RecordContext, answer_row: AnswerRow, message: Message, session: ClientSession | None
) -> bytes | AsyncIterator[bytes]:
    """The reply to a batch, piece by piece; no further row is answered once the client of ``session`` is gone.

    ``answer_row`` executes a row, whoever owns the record.
    """
    counters = context.counters
    counters.batch_initiated += 1
    try:
        flags, wanted = _check(context, message.fields)
    except RequestRefused as error:
        counters.batch_errors += 1
        context.refusals.note(error.code, str(error), session)
        return only_last(error.code)
    end = monotonic() + context.seconds_for(message.time_limit)
    return _pieces(_BatchRun(context, answer_row, end, session), message.fields[FIELD_BATCH], flags, wanted)


def _check(context: RecordContext, fields: dict[int, bytes]) -> tuple[int, dict[int, bytes]]:
    """Flags, and the filter for rows without one. Raises RequestRefused for what can be known without a look at the rows."""
    filter_of(fields)
    try:
        count, flags = head(fields.get(FIELD_BATCH, b""))
    except WireError as error:
        raise RequestRefused(Result.PARAMETER, str(error)) from error
    limit = context.service.batch_max_requests
    if limit and count > limit:
        raise RequestRefused(Result.BATCH_MAX_REQUESTS, "more rows than batch-max-requests")
    return flags, {FIELD_FILTER: fields[FIELD_FILTER]} if FIELD_FILTER in fields else {}


async def _check_rows(context: RecordContext, data: bytes, session: ClientSession | None) -> None:
    """Read all rows, and forget them, before the first is answered. Raises RequestRefused for what ends the whole batch.

    They are read again when it is their turn: a batch may have millions, and so takes no memory but its own bytes.
    """
    namespaces = context.namespaces
    before = None
    slice_ = Slice(BATCH_SLICE_SECONDS)
    try:
        for number, (_, _, row) in enumerate(rows(data)):
            if row is not before and row.fields.get(FIELD_NAMESPACE) not in namespaces:
                raise RequestRefused(Result.PARAMETER, "a row of a batch in a namespace that is not there")
            before = row
            if not number % LOOKS_AT_CLOCK and slice_.is_over():
                if session is not None and session.gone:
                    break
                await slice_.next()
    except WireError as error:
        raise RequestRefused(Result.PARAMETER, f"a malformed batch: {error}") from error


def _rows(data: bytes, wanted: dict[int, bytes]) -> Iterator[Row]:
    """The rows, with the filter of the batch where they have none of their own."""
    before = None
    for row in rows(data):
        _, _, attributes = row
        if attributes is not before:
            before = attributes
            before.fields = {**wanted, **before.fields}
        yield row


async def _pieces(
    executed: _BatchRun, data: bytes, flags: int, wanted: dict[int, bytes]
) -> AsyncIterator[bytes]:
    """Frames with the rows of ``data``, the last of them also with the result of the whole."""
    parts: list[bytes] = []
    size = 0
    context = executed.context
    result: int | None = None
    try:
        try:
            await _check_rows(context, data, executed.session)
        except RequestRefused as refused:
            result = refused.code
            context.refusals.note(result, str(refused), executed.session)
            yield only_last(result)
            return
        error = OK
        piece_end = monotonic() + PIECE_SECONDS
        todo = _rows(data, wanted) if wanted else rows(data)
        silent = not flags & (RESPOND_ALL | RESPOND_FAILED)  # shows no rows when one has failed
        async with aclosing(executed.outcomes(todo)) as outcomes:
            async for some in outcomes:
                if executed.gone:
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
                    await executed.flush()
                    yield frame.pack(frame.MESSAGE, b"".join(parts))
                    parts, size = [], 0
                    piece_end = monotonic() + PIECE_SECONDS
        if executed.gone:
            return
        result = await executed.flush() or error
        parts.append(reply(result, info3=INFO3_LAST))
        yield frame.pack(frame.MESSAGE, b"".join(parts))
    finally:
        _count(context.counters, result)


def _first_error(some: list[tuple[int, RecordOutcome]]) -> int:
    """The result code of the first row that failed."""
    return next((outcome.code for _, outcome in some if outcome.code not in _NO_ERRORS), OK)


class _BatchRun:
    """Has the rows of one batch executed until ``end``; none more once the client of ``session`` is gone.

    ``written`` are the namespaces that were written to and may not have that on their disks yet.
    """

    __slots__ = ("_answer_row", "_end", "context", "session", "written")

    def __init__(
        self, context: RecordContext, answer_row: AnswerRow, end: float, session: ClientSession | None
    ) -> None:
        self.context = context
        self._answer_row = answer_row
        self._end = end
        self.session = session
        self.written: set[Namespace] = set()

    @property
    def gone(self) -> bool:
        """Whether the client has gone."""
        return self.session is not None and self.session.gone

    async def outcomes(self, todo: Iterator[Row]) -> AsyncGenerator[list[tuple[int, RecordOutcome]]]:
        """Index and outcome of each row of ``todo``, some at a time."""
        some: list[tuple[int, RecordOutcome]] = []
        size = 0
        owners, cluster = self.context.owners, self.context.cluster
        remote = RemoteRows(self._answer_remote)
        now = monotonic()
        slice_ = Slice(BATCH_SLICE_SECONDS)
        try:
            for index, digest, row in todo:
                if self.gone:
                    return
                here = owners.written(digest, row.fields[FIELD_NAMESPACE])
                if here is None:
                    remote.add(cluster.owners[partition(digest)], (index, digest, row))
                else:
                    outcome = self._answer(digest, row, self._end - now)
                    if not isinstance(outcome, RecordOutcome):
                        outcome = await outcome
                    if row.info2 & INFO2_WRITE:
                        self.written.add(here)
                    some.append((index, outcome))
                    size += len(outcome.ops)
                now = monotonic()
                if size >= SOME_SIZE or slice_.is_over(now) or remote.full:
                    async for outcomes in remote.come(to_the_last=False):
                        yield outcomes
                    yield some + remote.take()
                    some, size = [], 0
                    if slice_.is_over(now):
                        await slice_.next()
                        now = monotonic()
            yield some
            async for outcomes in remote.come(to_the_last=True):
                yield outcomes
        finally:
            remote.close()

    async def flush(self) -> int:
        """Wait until all writes so far are durable; the result code of the last that cannot be."""
        result = OK
        for namespace in self.written:
            durable = namespace.durable()
            if durable is not None:
                result = await durable or result
        self.written.clear()
        return result

    def _answer_remote(self, digest: bytes, row: Attributes) -> RecordOutcome | Awaitable[RecordOutcome]:
        """The outcome of a row for another process, when it is its turn."""
        here = self.context.owners.written(digest, row.fields[FIELD_NAMESPACE])
        if here is not None and row.info2 & INFO2_WRITE:  # the record has become one of ours meanwhile
            self.written.add(here)
        return self._answer(digest, row, self._end - monotonic())

    def _answer(
        self, digest: bytes, row: Attributes, seconds: float
    ) -> RecordOutcome | Awaitable[RecordOutcome]:
        """The outcome of a row, which may take ``seconds``: what is left of the time of the batch."""
        if seconds <= 0:
            self.context.namespaces[row.fields[FIELD_NAMESPACE]].counters["batch_sub_tsvc_timeout"] += 1
            return failed(Result.TIMEOUT)
        alone = _request(digest, row, max(1, int(seconds * 1000)))
        return self._answer_row(alone, row.ops, self.session)


def only_last(code: int) -> bytes:
    """The reply to a batch none of whose rows is answered. Without its mark, clients wait for more until their time-out."""
    return frame.pack(frame.MESSAGE, reply(code, info3=INFO3_LAST))


def _part(index: int, outcome: RecordOutcome) -> bytes:
    """The message that answers a row."""
    code, generation, void_time, shown, count = outcome
    return reply(code, generation, void_time, shown, row=index, count=count)


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
    return record_request(
        digest,
        row.fields,
        info1=row.info1 | INFO1_BATCH,
        info2=row.info2,
        info3=row.info3,
        info4=row.info4,
        generation=row.generation,
        ttl=row.ttl,
        limit=limit,
    )
