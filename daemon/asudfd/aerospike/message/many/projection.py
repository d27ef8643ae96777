"""What a query shows of a record: all bins, some of them, none, or what operations that read give.

A record of which nothing is shown is left out, unless no bins are asked for. An operation that fails ends the query with its
code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.message import INFO1_NO_BINS, OP_READ
from asinfo.wire.result import Result
from asudfd.aerospike.message.filter.cache import operations_of, own_operations, values_of
from asudfd.aerospike.message.single.bins import split
from asudfd.aerospike.message.single.expression import RecordExpressions
from asudfd.aerospike.message.single.operate import READS, run
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.cost import CostBudget
    from asudfd.aerospike.message.filter.operations import CompiledOperation
    from asudfd.aerospike.message.many.selection import SelectedRecord
    from asudfd.record.namespace import Namespace


class Projection:
    """What a query shows of each record."""

    __slots__ = ("_namespace", "_no_bins", "_operations", "_own_operations", "_plain", "_todo")

    def __init__(self, namespace: Namespace, message: Message, todo: list[Op]) -> None:
        """Raises RequestRefused for what does not read."""
        self._plain = all(code == OP_READ for code, _, _, _ in todo)
        if not self._plain and any(code != OP_READ and code not in READS for code, _, _, _ in todo):
            raise RequestRefused(Result.UNSUPPORTED_FEATURE, "a query only reads")
        self._namespace = namespace
        self._no_bins = bool(message.info1 & INFO1_NO_BINS)
        self._todo = todo
        self._operations: list[CompiledOperation] = operations_of(todo) if values_of(todo) else []
        self._own_operations = own_operations(todo)

    def shown(self, found: SelectedRecord) -> list[bytes] | None:
        """The ops that are shown of a record, None for one that is left out.

        Raises RequestRefused, and CostExceededError for what is too much for a turn of the event loop.
        """
        if self._no_bins:
            return []
        if self._todo and not self._plain:
            return self._run(found, self._operations)
        bins = split(found.record.bins)
        if not self._todo:
            return list(bins.values())
        return [bins[name] for _, _, name, _ in self._todo if name in bins] or None

    def shown_beside(self, found: SelectedRecord, budget: CostBudget) -> list[bytes] | None:
        """The same for operations, in a thread, within its ``budget``."""
        budget.nils = self._namespace.record_size_max
        return self._run(found, self._own_operations(), budget)

    def _run(
        self, found: SelectedRecord, operations: list[CompiledOperation], budget: CostBudget | None = None
    ) -> list[bytes] | None:
        expressions = RecordExpressions(self._namespace, found.digest, found.record, operations)
        bins = split(found.record.bins)
        return run(bins, self._todo, 0, echo=False, expressions=expressions, budget=budget) or None
