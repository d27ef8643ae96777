"""Reads of one record: all bins, selected bins, or none of them (exists).

Source: the wire specification, section 4.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.message import (
    INFO1_BATCH,
    INFO1_GET_ALL,
    INFO1_NO_BINS,
    INFO2_RESPOND_ALL_OPS,
    OP_CDT_READ,
    OP_EXPRESSION_READ,
    OP_READ,
    TTL_NEVER,
    count_ops,
    op,
)
from asinfo.wire.particle import NULL
from asinfo.wire.result import Result
from asudfd.aerospike.message.outcome import OK, RecordOutcome, check_names, failed, join, new_tuple
from asudfd.aerospike.message.single import value_operations
from asudfd.aerospike.message.single.bins import split
from asudfd.aerospike.message.single.operate import expressions_of, run
from asudfd.record.refused import RequestRefused
from asudfd.record.ttl import PERCENT_MAX

if TYPE_CHECKING:
    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.single.beside import OperationsDone
    from asudfd.record.namespace import Namespace

PLAIN_FIELDS = 3
"""Namespace, set and digest: so many fields has a read that says nothing else."""

_COMMANDS = value_operations.READS | {OP_CDT_READ, OP_EXPRESSION_READ}


def read(
    namespace: Namespace, message: Message, todo: list[Op], done: OperationsDone | None = None
) -> RecordOutcome:
    """Answer a read, the operations of which may have been ``done``.

    Raises RequestRefused, and CostExceededError for what is too much for a turn of the event loop.
    """
    info1, info2 = message.info1, message.info2
    digest, fields = message.digest, message.fields
    assert digest is not None
    record = namespace.get(digest)
    if record is None:  # before anything else, as on the real server
        return failed(Result.NOT_FOUND)
    whole = info1 & INFO1_GET_ALL
    if not whole or todo or info2:
        _check(info1, info2, todo)
    if len(fields) != PLAIN_FIELDS or record.set_name != fields.get(1):
        check_names(record, fields, write=False)
    generation, void_time, bins = record.generation, record.void_time, record.bins
    if void_time and PERCENT_MAX < message.ttl != TTL_NEVER:
        raise RequestRefused(
            Result.PARAMETER, "a read that renews a time to live has a percentage of at most 100"
        )
    if info1 & INFO1_NO_BINS:
        return new_tuple(RecordOutcome, (OK, generation, void_time, b"", 0))
    if not whole:
        respond_all = info2 & INFO2_RESPOND_ALL_OPS
        if done:
            shown = done.put_into({})
        elif any(code in _COMMANDS for code, _, _, _ in todo):
            expressions = expressions_of(namespace, message, record, todo)
            echo = not info1 & INFO1_BATCH
            shown = run(split(bins), todo, respond_all, echo=echo, expressions=expressions)
        else:
            shown = select(split(bins), todo, respond_all)
        return new_tuple(RecordOutcome, (OK, generation, void_time, join(shown), len(shown)))
    return new_tuple(RecordOutcome, (OK, generation, void_time, bins, count_ops(bins)))


def select(bins: dict[bytes, bytes], todo: list[Op], respond_all: int) -> list[bytes]:
    """The bins that ``todo`` names, as many as there are; with ``respond_all`` a missing one is shown as null."""
    shown = []
    for _, _, name, _ in todo:
        found = bins.get(name) if name else None
        if found is not None:
            shown.append(found)
        elif respond_all:
            shown.append(op(OP_READ, NULL, name))
    return shown


def _check(info1: int, info2: int, todo: list[Op]) -> None:
    if info1 & INFO1_GET_ALL and info2 & INFO2_RESPOND_ALL_OPS:
        raise RequestRefused(Result.PARAMETER, "all bins cannot be answered one by one")
    if not todo and not info1 & (INFO1_GET_ALL | INFO1_NO_BINS):
        raise RequestRefused(Result.PARAMETER, "a read of nothing")
    for code, _, _, _ in todo:
        if code != OP_READ and code not in _COMMANDS:
            raise RequestRefused(Result.PARAMETER, "a read cannot write")
