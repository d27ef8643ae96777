"""Batches: many requests on single records in one message, each answered as if it had come alone.

The reply is a message for every row, with the number of the row where other replies have 0, and a last one with the
result of the whole. Unless the client wants all rows, the first error ends the batch.
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
from daemon.message.outcome import OK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asinfo.wire.batch import Attributes
    from asinfo.wire.message import Message
    from daemon.message.dispatch import Messages
    from daemon.record.namespace import Namespace

    Row = tuple[int, bytes, Attributes]

PIECE_SIZE = 128 << 10
"""Bytes of rows after which a piece of the reply goes to the client."""

TURN_SECONDS = 0.002
"""How long a batch goes on before the other connections have a turn."""

_NO_ERRORS = frozenset((OK, Result.NOT_FOUND, Result.FILTERED_OUT))


def batch(messages: Messages, message: Message) -> bytes | AsyncIterator[bytes]:
    """The reply to a batch, piece by piece."""
    fields = message[9]
    if FIELD_FILTER in fields:
        return _last(Result.UNSUPPORTED_FEATURE)
    try:
        flags, rows = unpack(fields.get(FIELD_BATCH, b""))
    except WireError:
        return _last(Result.PARAMETER)
    limit = messages.node.config.service.batch_max_requests
    if limit and len(rows) > limit:
        return _last(Result.BATCH_MAX_REQUESTS)
    if any(row.fields.get(FIELD_NAMESPACE) not in messages.node.namespaces for _, _, row in rows):
        return _last(Result.PARAMETER)
    return _pieces(messages, message, rows, flags)


async def _pieces(messages: Messages, message: Message, rows: list[Row], flags: int) -> AsyncIterator[bytes]:
    """Frames with the rows, the last of them also with the result of the whole."""
    parts: list[bytes] = []
    size = 0
    written: set[Namespace] = set()
    turn_end = monotonic() + TURN_SECONDS
    result = OK
    for index, digest, row in rows:
        owner = messages.owner(digest)
        outcome = owner.answer(_request(message, digest, row), row.ops, "batch_sub")
        if not isinstance(outcome, tuple):
            outcome = await outcome
        code, generation, void_time, shown, count = outcome
        if row.info2 & INFO2_WRITE:
            written.add(owner.node.namespaces[row.fields[FIELD_NAMESPACE]])
        stop = not flags & RESPOND_ALL and code not in _NO_ERRORS
        if not stop or flags & RESPOND_FAILED:
            part = reply(code, generation, void_time, shown, row=index, count=count)
            parts.append(part)
            size += len(part)
        if stop:
            result = code
            break
        if size >= PIECE_SIZE:
            await _settle(written)
            yield frame.pack(frame.MESSAGE, b"".join(parts))
            parts, size = [], 0
        if monotonic() > turn_end:
            await asyncio.sleep(0)
            turn_end = monotonic() + TURN_SECONDS
    failure = await _settle(written)
    parts.append(reply(failure or result, info3=INFO3_LAST))
    yield frame.pack(frame.MESSAGE, b"".join(parts))


def _request(message: Message, digest: bytes, row: Attributes) -> Message:
    """A row as if it had come alone, with the time limit of the batch."""
    limit = message[7]
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


def _last(code: int) -> bytes:
    """The reply that says nothing but the result of the whole."""
    return frame.pack(frame.MESSAGE, reply(code, info3=INFO3_LAST))
