"""What a query shows of a record: all bins, some of them, none, or what operations that read give.

A record of which nothing is shown is left out, unless no bins are asked for. An operation that fails ends the query with its
code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.message import INFO1_NO_BINS, OP_READ
from asinfo.wire.result import Result
from asudfd.aerospike.message.cost import CostExceededError
from asudfd.aerospike.message.filter.cache import operations_of, values_of
from asudfd.aerospike.message.single.bins import split
from asudfd.aerospike.message.single.expression import RecordExpressions
from asudfd.aerospike.message.single.operate import READS, run
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.filter.operations import CompiledOperation
    from asudfd.aerospike.message.many.selection import SelectedRecord
    from asudfd.record.namespace import Namespace


class Projection:
    """What a query shows of each record."""

    __slots__ = ("_namespace", "_no_bins", "_operations", "_plain", "_todo")

    def __init__(self, namespace: Namespace, message: Message, todo: list[Op]) -> None:
        """Raises RequestRefused for what does not read."""
        self._plain = all(code == OP_READ for code, _, _, _ in todo)
        if not self._plain and any(code != OP_READ and code not in READS for code, _, _, _ in todo):
            raise RequestRefused(Result.UNSUPPORTED_FEATURE, "a query only reads")
        self._namespace = namespace
        self._no_bins = bool(message.info1 & INFO1_NO_BINS)
        self._todo = todo
        self._operations: list[CompiledOperation] = operations_of(todo) if values_of(todo) else []

    def shown(self, found: SelectedRecord) -> list[bytes] | None:
        """The ops that are shown of a record, None for one that is left out. Raises RequestRefused."""
        if self._no_bins:
            return []
        bins = split(found.record.bins)
        if not self._todo:
            return list(bins.values())
        if self._plain:
            return [bins[name] for _, _, name, _ in self._todo if name in bins] or None
        expressions = RecordExpressions(self._namespace, found.digest, found.record, self._operations)
        try:
            return run(bins, self._todo, 0, echo=False, expressions=expressions) or None
        except CostExceededError as error:
            raise RequestRefused(Result.UNSUPPORTED_FEATURE, str(error)) from error
