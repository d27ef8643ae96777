"""The common part of all writes: check the policies, then store the record.

Source: the wire specification, sections 3.6 and 4.2.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from asinfo.wire.message import (
    FIELD_KEY,
    FIELD_SET,
    INFO2_CREATE_ONLY,
    INFO2_GENERATION,
    INFO2_GENERATION_GT,
    INFO3_CREATE_OR_REPLACE,
    INFO3_REPLACE_ONLY,
    INFO3_UPDATE_ONLY,
    reply_frame,
)
from asinfo.wire.result import Result
from asudfd.aerospike.message.outcome import OK, RecordOutcome, failed, new_tuple
from asudfd.record.latency import SLOW_SECONDS
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record

GENERATIONS = INFO2_GENERATION | INFO2_GENERATION_GT
REPLACE = INFO3_CREATE_OR_REPLACE | INFO3_REPLACE_ONLY
POLICIES2 = GENERATIONS | INFO2_CREATE_ONLY
POLICIES3 = INFO3_UPDATE_ONLY | REPLACE
"""Bits of info2 and info3 that make a write depend on the record as it is."""

_MUST_EXIST = INFO3_UPDATE_ONLY | INFO3_REPLACE_ONLY


def objection(
    namespace: Namespace, record: Record | None, info2: int, info3: int, generation: int
) -> RecordOutcome | None:
    """Why the policies of a write do not let it change ``record``; None when they do."""
    if record is None:
        if info3 & _MUST_EXIST:
            return failed(Result.NOT_FOUND)
    elif info2 & INFO2_CREATE_ONLY:
        return failed(Result.RECORD_EXISTS)
    return stale(namespace, record, info2, generation) if info2 & GENERATIONS else None


def stale(namespace: Namespace, record: Record | None, info2: int, generation: int) -> RecordOutcome | None:
    """The outcome of a write whose client has another generation in mind; it shows the present one."""
    present = record.generation if record is not None else 0
    if info2 & INFO2_GENERATION:
        fits = generation == present
    else:
        fits = not info2 & INFO2_GENERATION_GT or generation > present
    if fits:
        return None
    namespace.counters["fail_generation"] += 1
    void_time = record.void_time if record is not None else 0
    return RecordOutcome(int(Result.GENERATION), present, void_time, b"", 0)


def commit(
    namespace: Namespace,
    digest: bytes,
    record: Record | None,
    fields: dict[int, bytes],
    *,
    ttl: int,
    bins: bytes,
) -> tuple[int, int]:
    """Keep ``bins`` as the next generation of ``record``; returns generation and void time. Raises RequestRefused.

    Set and key are taken from the ``fields`` of the request where the record has none; ``ttl`` is as on the wire.
    """
    set_name, key = fields.get(FIELD_SET, b""), fields.get(FIELD_KEY, b"")
    if record is not None:
        key = record.key or key
    return namespace.write(digest, record, ttl, set_name, key, bins)


def with_generation(namespace: Namespace, digest: bytes, code: int) -> RecordOutcome:
    """The outcome of a request that is refused: it shows the generation of its record."""
    record = None
    with suppress(RequestRefused):  # a damaged record has none
        record = namespace.get(digest)
    return new_tuple(RecordOutcome, (int(code), 0 if record is None else record.generation, 0, b"", 0))


def reply_to_write(
    namespace: Namespace, kind: str, began: float, outcome: RecordOutcome
) -> bytes | Awaitable[bytes]:
    """The reply to a client's write of a ``kind`` that began at ``began``: at once, or when the disk has it."""
    if outcome.code == OK and not namespace.in_memory:  # there is nothing to wait for: not even a call
        durable = namespace.storage.durable()
        if durable is not None:
            return namespace.latencies.timed(kind, began, reply_when_durable(outcome, durable))
    if (seconds := monotonic() - began) >= SLOW_SECONDS:
        namespace.latencies.note(kind, seconds)
    return reply_frame(*outcome)


async def reply_when_durable(outcome: RecordOutcome, durable: Awaitable[int]) -> bytes:
    """The reply when the disk has what it tells of, or the disk's error."""
    code = await durable
    return reply_frame(code) if code else reply_frame(*outcome)
