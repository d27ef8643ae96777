"""Queries over partitions: what clients call a scan, or a query without an index.

    i3 PARTITION_DONE, field 11 (numbers, little-endian) or 12 (digests to go on after,
                       with field 15: values of the index, one for each digest)             a query
    i2 WRITE, or field 33 = 2, without both                        a background job         asudfd.aerospike.message.many.background
    field 33 = 1                                                   an aggregation           asudfd.aerospike.message.many.aggregate

The reply is a message for every record, with its fields and bins, and a last one. Within a partition, records come
in the order of their digests; with an index in that of its values, which field 15 tells, and goes on after. A
partition of another node is answered by a message of its own, so that the client asks there. Which records:
`asudfd.aerospike.message.many.selection`.
Source: the wire specification, sections 4.6 to 4.9.
"""

from __future__ import annotations

import asyncio
from functools import partial
from struct import Struct
from typing import TYPE_CHECKING

from asinfo.wire import frame
from asinfo.wire.digest import PARTITIONS, partition
from asinfo.wire.message import (
    DIGEST_SIZE,
    FIELD_BVALS,
    FIELD_DIGEST,
    FIELD_INDEX_RANGE,
    FIELD_KEY,
    FIELD_NAMESPACE,
    FIELD_PARTITIONS,
    FIELD_RECORDS_MAX,
    FIELD_RESUME_DIGESTS,
    FIELD_SET,
    FIELD_UDF_OP,
    INFO1_SHORT_QUERY,
    INFO2_WRITE,
    INFO3_LAST,
    INFO3_PARTITION_DONE,
    ops,
    reply,
    request,
)
from asinfo.wire.result import Result
from asudfd.aerospike.message.beside import LeftToThread, left_to_thread
from asudfd.aerospike.message.cost import CostExceededError
from asudfd.aerospike.message.many.aggregate import aggregate
from asudfd.aerospike.message.many.background import BackgroundQuery, begin
from asudfd.aerospike.message.many.projection import Projection
from asudfd.aerospike.message.many.reply_pieces import LAST_REPLY, PIECE_SIZE
from asudfd.aerospike.message.many.selection import START, IndexPosition, Selection, Throttle, rate_of
from asudfd.aerospike.message.outcome import refuse_unsupported
from asudfd.fairness import Slice
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.context import RecordContext
    from asudfd.aerospike.message.many.background import Answer
    from asudfd.aerospike.message.many.selection import SelectedRecord
    from asudfd.network.session import ClientSession
    from asudfd.record.namespace import Namespace

AGGREGATION = 1
"""Value of field 33 in an aggregation; any other one makes a background query."""

_PARTITION, _VALUE = Struct("<H"), Struct("<q")  # little-endian, unlike everything else


def query(
    context: RecordContext, answer: Answer, message: Message, body: bytes, session: ClientSession | None
) -> bytes | AsyncIterator[bytes]:
    """The reply to a query, piece by piece; ``answer`` executes a request on one record. Raises RequestRefused and WireError."""
    fields = message.fields
    namespace = context.namespaces.get(fields.get(FIELD_NAMESPACE, b""))
    if namespace is None:
        raise RequestRefused(Result.NAMESPACE, "no such namespace")
    refuse_unsupported(fields)
    kind = fields.get(FIELD_UDF_OP)
    if kind == bytes([AGGREGATION]):
        return aggregate(context, namespace, message, session)
    todo = ops(body, message.ops_offset, message.op_count) if message.op_count else []
    if kind is not None or message.info2 & INFO2_WRITE:
        return begin(context, answer, BackgroundQuery(namespace, message, todo, session))
    if not message.info3 & INFO3_PARTITION_DONE:
        raise RequestRefused(Result.UNSUPPORTED_FEATURE, "a scan of the time before partition queries")
    return _pieces(namespace, message, _QueryScan(context, namespace, message, todo), session)


def _starts(fields: dict[int, bytes]) -> dict[int, IndexPosition]:
    """The partitions that are asked for, each with the place after which it goes on. Raises RequestRefused."""
    numbers, digests = fields.get(FIELD_PARTITIONS), fields.get(FIELD_RESUME_DIGESTS)
    if numbers is None and digests is None:
        raise RequestRefused(Result.UNSUPPORTED_FEATURE, "a query without partitions")
    numbers, digests = numbers or b"", digests or b""
    if len(numbers) % 2 or len(digests) % DIGEST_SIZE:
        raise RequestRefused(Result.PARAMETER, "a partition or a digest ends early")
    resumed = [digests[at : at + DIGEST_SIZE] for at in range(0, len(digests), DIGEST_SIZE)]
    found = [
        *((number, START) for (number,) in _PARTITION.iter_unpack(numbers)),
        *((partition(place.digest), place) for place in _places(fields, resumed)),
    ]
    starts = dict(found)
    if len(starts) != len(found) or any(number >= PARTITIONS for number in starts):
        raise RequestRefused(Result.PARAMETER, "a partition stands twice, or is none")
    return starts


def _places(fields: dict[int, bytes], digests: list[bytes]) -> list[IndexPosition]:
    """Where partitions go on: after a digest; with an index after its value, and then the digest. Raises RequestRefused."""
    if FIELD_INDEX_RANGE not in fields:
        return [IndexPosition(0, digest) for digest in digests]
    data = fields.get(FIELD_BVALS, b"")
    if len(data) != len(digests) * _VALUE.size:
        raise RequestRefused(
            Result.PARAMETER, "to go on in an index takes a value (field 15) for each digest"
        )
    values = (value for (value,) in _VALUE.iter_unpack(data))
    return list(map(IndexPosition, values, digests))


async def _pieces(
    namespace: Namespace, message: Message, scan: _QueryScan, session: ClientSession | None
) -> AsyncIterator[bytes]:
    """Frames with records; each holds as many as come in one turn."""
    kind = "short" if message.info1 & INFO1_SHORT_QUERY else "long"
    parts: list[bytes] = []
    size = 0
    last, end = LAST_REPLY, "complete"
    slice_ = Slice()
    try:
        for part in scan.parts():
            if isinstance(part, LeftToThread):
                await part.done()
                slice_.restart()
                continue
            if part:
                parts.append(part)
                size += len(part)
            pause = scan.throttle.pause()
            if parts and (size >= PIECE_SIZE or pause):
                yield frame.pack(frame.MESSAGE, b"".join(parts))
                parts, size = [], 0
            while pause:
                await asyncio.sleep(pause)
                pause = scan.throttle.pause()
            if slice_.is_over():
                await slice_.next()
    except RequestRefused as error:
        scan.context.refusals.note(error.code, str(error), session)
        last, end = reply(error.code, info3=INFO3_LAST), "error"
    namespace.counters[f"{scan.kind}_query_{kind}_basic_{end}"] += 1
    parts.append(last)
    yield frame.pack(frame.MESSAGE, b"".join(parts))


class _QueryScan:
    """The way of a query through partitions: which records, how many of them, how fast, and what is shown."""

    __slots__ = (
        "_left",
        "_namespace",
        "_projection",
        "_selection",
        "_starts",
        "context",
        "kind",
        "throttle",
    )

    def __init__(
        self, context: RecordContext, namespace: Namespace, message: Message, todo: list[Op]
    ) -> None:
        """Raises RequestRefused."""
        fields = message.fields
        self.context = context
        self._namespace = namespace
        self._projection = Projection(namespace, message, todo)
        self._starts = _starts(fields)
        self._selection = Selection(namespace, fields)
        self._left = int.from_bytes(fields.get(FIELD_RECORDS_MAX, b""), "big") or -1
        self.throttle = Throttle(rate_of(fields))
        self.kind = self._selection.kind

    def parts(self) -> Iterator[bytes | LeftToThread[Any]]:
        """Messages for records and for partitions of other nodes; empty ones where others may have a turn.

        What is for the thread is to be awaited. Raises RequestRefused.
        """
        for number, after in self._starts.items():
            if not self.context.owners.owns(number):
                yield reply(Result.PARTITION_UNAVAILABLE, generation=number, info3=INFO3_PARTITION_DONE)
                continue
            for found in self._selection.records(number, after):
                if isinstance(found, LeftToThread):
                    yield found
                    continue
                shown = None
                if found is not None:
                    try:
                        shown = self._projection.shown(found)
                    except CostExceededError:
                        shown = yield from left_to_thread(partial(self._projection.shown_beside, found))
                if found is None or shown is None:
                    yield b""
                    continue
                self.throttle.count += 1
                yield _message(self._namespace, found, shown)
                self._left -= 1
                if not self._left:
                    return
            yield b""


def _message(namespace: Namespace, found: SelectedRecord, shown: list[bytes]) -> bytes:
    digest, record, value = found
    fields = [(FIELD_NAMESPACE, namespace.name), (FIELD_DIGEST, digest)]
    if record.set_name:
        fields.append((FIELD_SET, record.set_name))
    if record.key:
        fields.append((FIELD_KEY, record.key))
    if value is not None:
        fields.append((FIELD_BVALS, _VALUE.pack(value)))
    return request(generation=record.generation, ttl=record.void_time, limit=0, fields=fields, ops=shown)
