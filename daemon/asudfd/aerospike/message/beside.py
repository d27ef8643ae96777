"""Work on one record that is too much for a turn of the event loop: a thread does it, and touches nothing of the node's.

One thread does all of it, one after the other: what it needs beside the record, some 100 bytes for each element, is there
once. Expressions are compiled anew for it, since what is in the cache belongs to the event loop.
"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Generic, TypeVar

from asinfo.wire.result import Result
from asudfd.aerospike.message.cost import BesideBudget, CostExceededError
from asudfd.aerospike.message.loop_thread import LoopThread
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from asudfd.aerospike.message.cost import CostBudget

ResultT = TypeVar("ResultT")

_thread = LoopThread("operations")
end_thread = _thread.end


async def beside(work: Callable[[CostBudget], ResultT]) -> ResultT:
    """What ``work`` gives, which the thread does. Raises what that raises, and RequestRefused where even a thread may not do so much."""
    budget = BesideBudget()
    try:
        return await asyncio.get_running_loop().run_in_executor(_thread.get(), _done, work, budget)
    except CostExceededError as error:
        raise RequestRefused(Result.UNSUPPORTED_FEATURE, str(error)) from error
    finally:
        budget.ended = True


def _done(work: Callable[[CostBudget], ResultT], budget: CostBudget) -> ResultT:
    """What ``work`` gives. With its values about, up to millions, each collection of garbage would be a call of 100 ms."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return work(budget)
    finally:
        if collects:
            gc.enable()


class LeftToThread(Generic[ResultT]):
    """What a generator of the event loop leaves to the thread: who gets it awaits `done` before the generator goes on."""

    __slots__ = ("_work", "result")

    def __init__(self, work: Callable[[CostBudget], ResultT]) -> None:
        self._work = work

    async def done(self) -> None:
        """Have it done; ``result`` is there then. Raises as `beside`."""
        self.result = await beside(self._work)


def left_to_thread(
    work: Callable[[CostBudget], ResultT],
) -> Generator[LeftToThread[ResultT], None, ResultT]:
    """What ``work`` gives, for a generator: ``yield from`` this."""
    left = LeftToThread(work)
    yield left
    return left.result
