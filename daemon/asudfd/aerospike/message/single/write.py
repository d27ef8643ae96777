"""Writes of one record: put with its policies, and delete.

A put is by far the most frequent of writes; one that does anything but write bins goes on to `operate`.
Source: the wire specification, sections 4.2 and 4.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.message import (
    INFO1_GET_ALL,
    INFO1_READ,
    INFO2_DURABLE_DELETE,
    INFO2_RESPOND_ALL_OPS,
    OP_WRITE,
)
from asinfo.wire.particle import NULL
from asinfo.wire.result import Result
from asudfd.aerospike.message.cost import CHECK_STEPS, CostBudget
from asudfd.aerospike.message.outcome import OK, RecordOutcome, check_names, failed, new_tuple
from asudfd.aerospike.message.single.bins import CHECKED, charge_check, make_bin, split
from asudfd.aerospike.message.single.commit import POLICIES2, POLICIES3, REPLACE, commit, objection, stale
from asudfd.aerospike.message.single.operate import operate
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.single.beside import OperationsDone
    from asudfd.record.namespace import Namespace

_READS = INFO1_READ | INFO1_GET_ALL


def write(
    namespace: Namespace, message: Message, todo: list[Op], done: OperationsDone | None = None
) -> RecordOutcome:
    """Answer a write. Raises as `operate`, and particle.Refused for a value that no record keeps."""
    info1, info2, info3, digest = message.info1, message.info2, message.info3, message.digest
    assert digest is not None
    if not todo:
        raise RequestRefused(Result.PARAMETER, "a write of nothing")
    if info1 & _READS or info2 & INFO2_RESPOND_ALL_OPS:
        return operate(namespace, message, todo, done)
    size_max = namespace.record_size_max
    checked = 0
    for code, kind, _, value in todo:
        if code != OP_WRITE or kind == NULL:
            return operate(namespace, message, todo, done)
        if len(value) > size_max:  # before the value is looked at: that takes time
            raise RequestRefused(Result.RECORD_TOO_BIG, "a value is larger than a record may be")
        if kind in CHECKED:
            checked += len(value)
    changed = _bins(todo, checked) if done is None else done.checked_bins
    record = namespace.get(digest)
    if info2 & POLICIES2 or info3 & POLICIES3:
        refused = objection(namespace, record, info2, info3, message.generation)
        if refused is not None:
            return refused
    check_names(record, message.fields, write=True)
    if record is not None and not info3 & REPLACE:
        changed = {**split(record.bins), **changed}
    blob = b"".join(changed.values())
    generation, void_time = commit(namespace, digest, record, message.fields, ttl=message.ttl, bins=blob)
    return new_tuple(RecordOutcome, (OK, generation, void_time, b"", 0))


def _bins(todo: list[Op], checked: int) -> dict[bytes, bytes]:
    """The bins of a put, the values of which are to be checked where they have ``checked`` bytes."""
    budget = CostBudget() if checked else None
    # where there are few bytes there is no need to count the values: each takes a byte at least
    if budget is not None and checked * CHECK_STEPS > budget.left:
        for _, kind, _, value in todo:
            charge_check(kind, value, budget)
    return {name: make_bin(kind, name, value, budget) for _, kind, name, value in todo}


def delete(
    namespace: Namespace, message: Message, _todo: list[Op], _done: OperationsDone | None = None
) -> RecordOutcome:
    """Answer a delete. Raises RequestRefused."""
    digest = message.digest
    assert digest is not None
    if message.info2 & INFO2_DURABLE_DELETE:
        raise RequestRefused(Result.ENTERPRISE_ONLY, "durable deletes belong to the Enterprise Edition")
    record = namespace.get(digest)
    if record is None:
        return failed(Result.NOT_FOUND)
    refused = stale(namespace, record, message.info2, message.generation)
    if refused is not None:
        return refused
    check_names(record, message.fields, write=True)
    namespace.delete(digest)
    return failed(OK)
