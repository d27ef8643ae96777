"""Operations that are expressions: what they are for the record as it is at that point, shown or written to a bin.

    EXPRESSION_READ      shows it under any name
    EXPRESSION_MODIFY    writes it; nil removes the bin, if the flags say so
    a command on a path  shows or changes elements of a list or map bin, see `asudfd.aerospike.message.filter.paths`

What is unknown, and what nil cannot remove, is code 26 (not applicable), unless a flag says that nothing is done then.
Source: the specification of operations on collections, section 12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.message import (
    FIELD_KEY,
    FIELD_SET,
    OP_CDT_MODIFY,
    OP_CDT_READ,
    OP_EXPRESSION_READ,
    OP_READ,
    op,
)
from asinfo.wire.particle import NULL
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt import OpenCollections
from asudfd.aerospike.message.cdt.command import REFUSING
from asudfd.aerospike.message.cost import EXPRESSION_STEPS
from asudfd.aerospike.message.filter.filter_record import FilterRecord
from asudfd.aerospike.message.filter.operations import (
    ALLOW_DELETE,
    CREATE_ONLY,
    EVAL_NO_FAIL,
    POLICY_NO_FAIL,
    UPDATE_ONLY,
)
from asudfd.aerospike.message.filter.paths import Path
from asudfd.aerospike.message.single.bins import make_bin
from asudfd.record.record import Record
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asinfo.wire.message import Message
    from asudfd.aerospike.message.cost import CostBudget
    from asudfd.aerospike.message.filter.operations import CompiledOperation, ExpressionOperation
    from asudfd.record.namespace import Namespace

    Particle = tuple[int, bytes]
    Bins = dict[bytes, bytes]

_NULL = (NULL, b"")


class RecordExpressions:
    """The expressions among the operations of one request, in their order, and the record that they are asked of."""

    __slots__ = ("_collections", "_digest", "_namespace", "_operations", "_record")

    def __init__(
        self, namespace: Namespace, digest: bytes, record: Record, operations: list[CompiledOperation]
    ) -> None:
        self._namespace = namespace
        self._digest = digest
        self._record = record
        self._operations = iter(operations)
        self._collections = OpenCollections()

    def operate(self, code: int, name: bytes, bins: Bins, budget: CostBudget) -> Particle | None:
        """Do the next one; what it shows, None for nothing. Raises RequestRefused and CostExceededError."""
        operation = next(self._operations)
        if self._collections.budget is not budget:
            self._collections = OpenCollections(budget)
        if isinstance(operation, Path):
            return self._walk(code, operation, name, bins)
        if code == OP_EXPRESSION_READ:
            return self._value(operation, bins)
        if _may_write(operation.flags, there=name in bins):
            _write(bins, name, self._value(operation, bins), operation.flags, budget)
        return None

    def _walk(self, code: int, path: Path, name: bytes, bins: Bins) -> Particle | None:
        """Do a command on a path; what it shows."""
        if code != (OP_CDT_MODIFY if path.modifies else OP_CDT_READ):
            raise RequestRefused(Result.PARAMETER, "a path that modifies as one that reads, or the reverse")
        if name not in bins and not path.modifies:
            return None
        record = self._asked(path.size, bins)
        kind, data = record.bin(name) or _NULL
        with REFUSING:
            if not path.modifies:
                return path.show(kind, data, record)
            _, changed = path.change(kind, data, record)
        bins[name] = op(OP_READ, kind, name, changed)
        return None

    def _asked(self, size: int, bins: Bins) -> FilterRecord:
        """The record as it is now, to be asked by expressions of so many bytes."""
        collections = self._collections
        collections.budget.charge(size * EXPRESSION_STEPS)
        return FilterRecord(self._namespace, self._digest, self._record, bins=bins, collections=collections)

    def _value(self, operation: ExpressionOperation, bins: Bins) -> Particle | None:
        """What an expression is; None for what is unknown, if that is no error."""
        expression, flags = operation
        found = expression.particle(self._asked(expression.size, bins))
        if found is None and not flags & EVAL_NO_FAIL:
            raise RequestRefused(Result.OP_NOT_APPLICABLE, "an expression that is unknown for this record")
        return found


def new_record(message: Message) -> Record:
    """The record that a request makes, before it has bins."""
    fields = message.fields
    return Record(0, 0, 0, fields.get(FIELD_SET, b""), fields.get(FIELD_KEY, b""), b"")


def _may_write(flags: int, *, there: bool) -> bool:
    """Whether the flags allow a write to a bin; False where nothing is done then. Raises RequestRefused."""
    if not flags & (CREATE_ONLY if there else UPDATE_ONLY):
        return True
    if flags & POLICY_NO_FAIL:
        return False
    if there:
        raise RequestRefused(Result.BIN_EXISTS, "the bin is there already")
    raise RequestRefused(Result.BIN_NOT_FOUND, "the bin is not there")


def _write(bins: Bins, name: bytes, found: Particle | None, flags: int, budget: CostBudget) -> None:
    """Write what an expression gave, None for nothing. Raises RequestRefused."""
    if found is not None and found != _NULL:
        kind, value = found
        bins[name] = make_bin(kind, name, value, budget)
    elif found == _NULL and name in bins:
        if flags & ALLOW_DELETE:
            del bins[name]
        elif not flags & (POLICY_NO_FAIL | EVAL_NO_FAIL):
            raise RequestRefused(Result.OP_NOT_APPLICABLE, "nil would remove the bin, which no flag allows")
