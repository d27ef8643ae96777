"""What of a request on one record the thread does, to a copy of the bins: its filter, and its operations.

Whoever awaits it holds the record's lock, so that the record is the same afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire import particle
from asinfo.wire.message import FIELD_FILTER, INFO1_BATCH, INFO2_RESPOND_ALL_OPS, INFO2_WRITE
from asudfd.aerospike.message.beside import beside
from asudfd.aerospike.message.cost import CostExceededError
from asudfd.aerospike.message.filter.cache import own_filter, own_operations, values_of
from asudfd.aerospike.message.single.bins import split
from asudfd.aerospike.message.single.commit import REPLACE
from asudfd.aerospike.message.single.expression import RecordExpressions, new_record
from asudfd.aerospike.message.single.operate import run
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.cost import CostBudget
    from asudfd.aerospike.message.single.operate import Bins
    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record


class FilterCostError(CostExceededError):
    """The filter of a request costs more steps than one may take."""


class FilterAsked(NamedTuple):
    """What a filter has said of a record."""

    passes: bool
    error: RequestRefused | None = None

    def answer(self) -> bool:
        """Whether the record passes. Raises the error of the filter."""
        if self.error is not None:
            raise self.error
        return self.passes


class OperationsDone(NamedTuple):
    """What operations have come to."""

    bins: Bins
    shown: list[bytes]
    error: RequestRefused | particle.Refused | None = None

    @property
    def checked_bins(self) -> Bins:
        """The bins afterwards. Raises the error of the operations."""
        if self.error is not None:
            raise self.error
        return self.bins

    def put_into(self, bins: Bins) -> list[bytes]:
        """Make ``bins`` what they are afterwards; what is shown. Raises the error of the operations."""
        found = self.checked_bins
        bins.clear()
        bins.update(found)
        return self.shown


class DoneBeside(NamedTuple):
    """What of a request the thread has done already, None for what it has not."""

    filter: FilterAsked | None = None
    operations: OperationsDone | None = None


NOTHING_DONE = DoneBeside()


async def done_beside(
    namespace: Namespace,
    message: Message,
    todo: list[Op],
    done: DoneBeside,
    exceeded: type[CostExceededError],
) -> DoneBeside:
    """Have done, beside what is ``done``, what of a request has exceeded the work of a turn. The caller holds the record's lock."""
    if exceeded is FilterCostError:
        return done._replace(filter=await _filter_asked(namespace, message))
    return done._replace(operations=await _operations_done(namespace, message, todo))


async def _filter_asked(namespace: Namespace, message: Message) -> FilterAsked:
    digest = message.digest
    assert digest is not None
    record = namespace.get(digest)
    if record is None:
        return FilterAsked(passes=True)
    compiled = own_filter(message.fields[FIELD_FILTER])
    try:
        passes = await beside(lambda budget: compiled().passes(namespace, digest, record, budget))
    except RequestRefused as error:
        return FilterAsked(passes=False, error=error)
    return FilterAsked(passes)


async def _operations_done(namespace: Namespace, message: Message, todo: list[Op]) -> OperationsDone:
    assert message.digest is not None
    record = namespace.get(message.digest)
    bins = {} if record is None or message.info3 & REPLACE else split(record.bins)

    def work(budget: CostBudget) -> list[bytes]:
        budget.nils = namespace.record_size_max
        return run(
            bins,
            todo,
            message.info2 & INFO2_RESPOND_ALL_OPS,
            echo=bool(message.info2 & INFO2_WRITE) or not message.info1 & INFO1_BATCH,
            expressions=_own_expressions(namespace, message, record, todo),
            budget=budget,
        )

    try:
        shown = await beside(work)
    except (RequestRefused, particle.Refused) as error:
        return OperationsDone(bins, [], error)
    return OperationsDone(bins, shown)


def _own_expressions(
    namespace: Namespace, message: Message, record: Record | None, todo: list[Op]
) -> RecordExpressions | None:
    """The expressions among operations, compiled for the thread; None if there are none."""
    if not values_of(todo):
        return None
    assert message.digest is not None
    operations = own_operations(todo)()
    return RecordExpressions(namespace, message.digest, record or new_record(message), operations)
