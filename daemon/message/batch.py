"""Batches: many requests on single records in one message, each answered as if it had come alone.

The reply is a message for every row, with the number of the row where other replies have 0, and a last one with the
result of the whole. Unless the client wants all rows, the first error ends the batch. The time limit is that of the
whole batch: rows that it does not reach are answered by a time-out.
Source: the wire specification, section 4.10.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import frame
from asinfo.wire.batch import RESPOND_ALL, RESPOND_FAILED, unpack
from asinfo.wire.message import FIELD_BATCH, FIELD_FILTER, FIELD_NAMESPACE, INFO2_WRITE, INFO3_LAST, reply
from asinfo.wire.result import Result
from daemon.message.outcome import OK, failed
from daemon.record.refused import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from asinfo.wire.batch import Attributes
    from asinfo.wire.message import Message
    from daemon.info.request import Session
    from daemon.message.dispatch import Messages
    from daemon.message.outcome import Outcome
    from daemon.node import Counters
    from daemon.record.namespace import Namespace

    Row = tuple[int, bytes, Attributes]

PIECE_SIZE = 128 << 10
"""Bytes of rows after which a piece of the reply goes to the client."""

PIECE_SECONDS = 0.1
"""How long rows wait for more of a piece. Only writing to a client tells that it is gone: nothing is read meanwhile."""

TURN_SECONDS = 0.002
"""How long a batch goes on before the other connections have a turn."""

_NO_ERRORS = frozenset((OK, Result.NOT_FOUND, Result.FILTERED_OUT))


def batch(messages: Messages, message: Message, session: Session | None) -> bytes | AsyncIterator[bytes]:
    """The reply to a batch, piece by piece; no further row is answered once the client of ``session`` is gone."""
    counters = messages.node.counters
    counters.batch_initiated += 1
    try:
        flags, rows = _rows(messages, message[9])
    except Refused as error:
        counters.batch_errors += 1
        return frame.pack(frame.MESSAGE, reply(error.code, info3=INFO3_LAST))
    return _pieces(messages, message, rows, flags, session)


def _rows(messages: Messages, fields: dict[int, bytes]) -> tuple[int, list[Row]]:
    """The flags of a batch and its rows. Raises Refused for what ends the whole batch."""
    if FIELD_FILTER in fields:
        raise Refused(Result.UNSUPPORTED_FEATURE, "filter expressions are not supported")
    try:
        flags, rows = unpack(fields.get(FIELD_BATCH, b""))
    except WireError as error:
        raise Refused(Result.PARAMETER, str(error)) from error
    limit = messages.node.config.service.batch_max_requests
    if limit and len(rows) > limit:
        raise Refused(Result.BATCH_MAX_REQUESTS, "more rows than batch-max-requests")
    if any(row.fields.get(FIELD_NAMESPACE) not in messages.node.namespaces for _, _, row in rows):
        raise Refused(Result.PARAMETER, "a row of an unknown namespace")
    return flags, rows


async def _pieces(
    messages: Messages, message: Message, rows: list[Row], flags: int, session: Session | None
) -> AsyncIterator[bytes]:
    """Frames with the rows, the last of them also with the result of the whole."""
    parts: list[bytes] = []
    size = 0
    written: set[Namespace] = set()
    now = monotonic()
    end = now + (message[7] or messages.node.config.service.transaction_max_ms) / 1000
    turn_end, piece_end = now + TURN_SECONDS, now + PIECE_SECONDS
    result: int | None = None
    try:
        for index, digest, row in rows:
            if session is not None and session.gone:
                return
            outcome = _answer(messages, digest, row, end - now)
            if not isinstance(outcome, tuple):
                outcome = await outcome
            code, generation, void_time, shown, count = outcome
            if row.info2 & INFO2_WRITE:
                namespace = messages.written(digest, row.fields[FIELD_NAMESPACE])
                if namespace is not None:
                    written.add(namespace)
            stop = not flags & RESPOND_ALL and code not in _NO_ERRORS
            if not stop or flags & RESPOND_FAILED:
                part = reply(code, generation, void_time, shown, row=index, count=count)
                parts.append(part)
                size += len(part)
            if stop:
                result = code
                break
            now = monotonic()
            if size >= PIECE_SIZE or now > piece_end:
                await _settle(written)
                yield frame.pack(frame.MESSAGE, b"".join(parts))
                parts, size = [], 0
                now = monotonic()
                piece_end = now + PIECE_SECONDS
            if now > turn_end:
                await asyncio.sleep(0)
                now = monotonic()
                turn_end = now + TURN_SECONDS
        result = await _settle(written) or result or OK
        parts.append(reply(result, info3=INFO3_LAST))
        yield frame.pack(frame.MESSAGE, b"".join(parts))
    finally:
        _count(messages.node.counters, result)


def _answer(
    messages: Messages, digest: bytes, row: Attributes, seconds: float
) -> Outcome | Awaitable[Outcome]:
    """The outcome of a row, which may take ``seconds``: what is left of the time of the batch."""
    if seconds <= 0:
        messages.node.namespaces[row.fields[FIELD_NAMESPACE]].counters["batch_sub_tsvc_timeout"] += 1
        return failed(Result.TIMEOUT)
    alone = _request(digest, row, max(1, int(seconds * 1000)))
    return messages.answer_row(alone, row.ops)


def _count(counters: Counters, result: int | None) -> None:
    """Count the end of a batch; None is one whose client did not wait for it."""
    if result == OK:
        counters.batch_completed += 1
    elif result == Result.TIMEOUT:
        counters.batch_timeouts += 1
    else:
        counters.batch_errors += 1


def _request(digest: bytes, row: Attributes, limit: int) -> Message:
    """A row as if it had come alone, with a time limit in ms."""
    return (
        *(row.info1, row.info2, row.info3, row.info4, 0, row.generation, row.ttl, limit),
        *(digest, row.fields, 0, 0),
    )


async def _settle(written: set[Namespace]) -> int:
    """Wait until all writes so far are durable; the result code of the last that cannot be."""
    result = OK
    for namespace in written:
        durable = namespace.durable()
        if durable is not None:
            result = await durable or result
    written.clear()
    return result
