"""Operations on one record that are too much for a turn of the event loop: a thread does them, to a copy of the bins.

Whoever awaits them holds the record's lock, so that the record is the same afterwards. One thread does them all, one after
the other: what they need beside the record, some 100 bytes for each element, is there once.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire import particle
from asinfo.wire.message import INFO1_BATCH, INFO2_RESPOND_ALL_OPS, INFO2_WRITE
from asinfo.wire.result import Result
from asudfd.aerospike.message.cost import BesideBudget, CostExceededError
from asudfd.aerospike.message.filter.cache import values_of
from asudfd.aerospike.message.filter.operations import compile_operations
from asudfd.aerospike.message.filter.regex.budget import YieldingBudget
from asudfd.aerospike.message.loop_thread import LoopThread
from asudfd.aerospike.message.single.bins import split
from asudfd.aerospike.message.single.commit import REPLACE
from asudfd.aerospike.message.single.expression import RecordExpressions, new_record
from asudfd.aerospike.message.single.operate import run
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from typing import Any

    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.single.operate import Bins
    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record

_thread = LoopThread("operations")
end_thread = _thread.end


class OperationsDone(NamedTuple):
    """What operations have come to."""

    bins: Bins
    shown: list[bytes]
    error: RequestRefused | particle.Refused | None = None

    def put_into(self, bins: Bins) -> list[bytes]:
        """Make ``bins`` what they are afterwards; what is shown. Raises the error of the operations."""
        if self.error is not None:
            raise self.error
        bins.clear()
        bins.update(self.bins)
        return self.shown


class _OwnExpressions(NamedTuple):
    """The expressions of a request for the thread: what is in the cache belongs to the event loop."""

    namespace: Namespace
    message: Message
    record: Record | None

    def compiled(self, todo: list[Op]) -> RecordExpressions | None:
        """Those among the operations, compiled anew; None if there are none."""
        values = values_of(todo)
        if not values:
            return None
        assert self.message.digest is not None
        record = self.record or new_record(self.message)
        operations = compile_operations(values, YieldingBudget())
        return RecordExpressions(self.namespace, self.message.digest, record, operations)


def _run(own: _OwnExpressions, bins: Bins, todo: list[Op], respond_all: int, **options: Any) -> list[bytes]:
    return run(bins, todo, respond_all, expressions=own.compiled(todo), **options)


async def done_beside(namespace: Namespace, message: Message, todo: list[Op]) -> OperationsDone:
    """Do the operations of a request in the thread. The caller holds the record's lock."""
    assert message.digest is not None
    record = namespace.get(message.digest)
    bins = {} if record is None or message.info3 & REPLACE else split(record.bins)
    budget = BesideBudget()
    work = partial(
        _run,
        _OwnExpressions(namespace, message, record),
        bins,
        todo,
        message.info2 & INFO2_RESPOND_ALL_OPS,
        echo=bool(message.info2 & INFO2_WRITE) or not message.info1 & INFO1_BATCH,
        budget=budget,
    )
    try:
        shown = await asyncio.get_running_loop().run_in_executor(_thread.get(), work)
    except CostExceededError as error:
        return OperationsDone(bins, [], RequestRefused(Result.UNSUPPORTED_FEATURE, str(error)))
    except (RequestRefused, particle.Refused) as error:
        return OperationsDone(bins, [], error)
    finally:
        budget.ended = True
    return OperationsDone(bins, shown)
