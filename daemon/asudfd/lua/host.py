"""The Lua host of a node: checks modules when they are put, and calls their functions in cached contexts.

    validate    load and run a module's body in a context of its own
    run         call a function of a module in a worker; `run_inline` on the event loop, if it has proven quick
    forget      a module changed or went: drop its contexts, and those of modules that required it
    clear       drop every context

Lua runs in worker processes, which are killed when they do not end; only functions that have been quick there run on the event
loop, each in a trial that is given up when it is not. Only the event loop touches the pools. A call that is under way when its
context is dropped finishes on it.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar

from asudfd.config.schema.lua import ModLua
from asudfd.lua.admission import Admission, FunctionKey
from asudfd.lua.budget import EXCEEDED, MemoryBudget
from asudfd.lua.call import LuaCall, Scalar, StreamResult
from asudfd.lua.call_figures import SAMPLED, FunctionRow
from asudfd.lua.call_workers import CallWorkers
from asudfd.lua.context import LuaLog
from asudfd.lua.context_counts import ContextStatistics
from asudfd.lua.context_maker import ContextMaker
from asudfd.lua.crossing import Crossing
from asudfd.lua.demotion import Demotion, Demotions
from asudfd.lua.errors import ModuleError
from asudfd.lua.malloc_trim import limit_kept_memory
from asudfd.lua.module_sources import ModuleSources
from asudfd.lua.niceness import make_nicer
from asudfd.lua.pool import INLINE_BYTES_MAX, ContextPool
from asudfd.lua.pool_set import PoolSet
from asudfd.lua.prewarm import Prewarmer
from asudfd.lua.profile_guard import HOLD_MAX
from asudfd.lua.stream import StreamCall
from asudfd.lua.timed_result import TimedResult
from asudfd.lua.turn_batch import TurnBatch
from asudfd.lua.validator import ModuleValidator
from asudfd.lua.worker.supply import WorkerSupply
from asudfd.lua.worker_calls import WorkerCalls
from asudfd.lua.worker_contexts import WorkerLease
from asudfd.lua.worker_telling import WorkerTelling

__all__ = ["LuaHost", "ModuleError"]

NICENESS = 4
"""How much less urgent the threads that make and close contexts are than the event loop, in steps of nice(2)."""

LONG_SECONDS = 0.002
"""A call on the event loop that takes so long by the wall clock makes its function doubtful: twice HOLD_MAX."""

TRIAL_SECONDS = 0.0005
"""Processor time that a call on the event loop may take after its first look at the clock, which comes within half a
millisecond: together `asudfd.lua.profile_guard.HOLD_MAX`, or a little more."""

PROOF_SECONDS = 0.05
"""How long calls wait for the first run of their function: one that is quick has ended by then, a worker and a context made for it."""

ResultT = TypeVar("ResultT")
_monotonic, _thread_time = time.monotonic, time.thread_time


def _be_nice() -> None:
    """What a thread does in the background must not take the processor from the event loop."""
    make_nicer(threading.get_native_id(), NICENESS)
    limit_kept_memory()


class LuaHost(Generic[ResultT]):
    """Contexts of all modules of one node. ``crossing`` says what they see, and what the result of a call is.

    ``source`` gives the text of a registered module by its name without `.lua`; it is asked from a thread as well, and ``log`` is
    called from there. ``demotions`` are the functions that may not run on the event loop. ``supply`` makes the processes.
    """

    def __init__(
        self,
        settings: ModLua,
        source: Callable[[str], bytes | None],
        log: LuaLog,
        crossing: Crossing[ResultT],
        demotions: Demotions | None = None,
        *,
        supply: WorkerSupply,
    ) -> None:
        self._settings = settings
        self._crossing = crossing
        self._stopping = False
        self.streams = 0  # aggregations that have a context
        self._budget = MemoryBudget(settings.memory_max)
        sources = ModuleSources(source)
        self._admission = Admission(settings.udf_workers)
        self._telling = WorkerTelling(settings, log, crossing)
        self._workers = CallWorkers(supply, self._telling.settings, self._telling.news, self._budget)
        self.pools = PoolSet(
            settings, sources, self._workers, self._budget, demotions or Demotions(), be_nice=_be_nice
        )
        self._by_module = self.pools.by_module
        self._calls = WorkerCalls(settings, self._workers, sources, log, crossing, end=self.pools.end)
        self._maker = ContextMaker(settings, sources, log, crossing, _be_nice)
        self._prewarmer = Prewarmer(self._maker, self._budget, self.pools.close_made)
        self._validator = ModuleValidator(settings, sources, self._telling, supply, self.pools.asked)

    async def validate(self, filename: str, content: bytes) -> None:
        """Load ``content`` and run it, as `udf-put` does; raises ModuleError."""
        name = filename.encode("utf-8", "surrogateescape")
        await self._validator.validate(name, content)

    def run_inline(
        self, module: str, function: bytes, arguments: bytes, view: tuple[Scalar, ...], size: int
    ) -> ResultT | None:
        """Do a call here and now, on the event loop, if that takes no longer than HOLD_MAX; it is given as in `LuaCall`.

        Answers None when the call belongs in a worker: no context is ready, the function has not proven quick, or
        it turned out not to be now; then nothing has happened, and `run` is to be asked, what the function works on locked.
        """
        pool = self._by_module.get(module)
        if pool is None or size > INLINE_BYTES_MAX or function not in pool.version.guard.quick:
            return None
        if not pool.is_inline:
            return self._run_now(pool, LuaCall(module, function, arguments, view, size))
        return self._try(pool, function, arguments, view)

    def _run_now(self, pool: ContextPool, call: LuaCall) -> ResultT | None:
        """Do a call in a worker, if it is so quick that the event loop waits for it; not where several come in one turn."""
        batch = pool.batch
        if batch is None:
            batch = pool.batch = TurnBatch(partial(self._calls.begin_batch, pool))
        result: ResultT | None = None if batch.note() else self._calls.run_now(pool, call)
        return result

    def run_soon(self, call: LuaCall) -> asyncio.Future[ResultT | None] | None:
        """The result of a call that `run_inline` has given back, where it goes to a worker with others of this turn; None where `run` is to be asked.

        The same where the result is None. What the function works on is to be locked.
        """
        pool = self._by_module.get(call.module)
        batch = pool.batch if pool is not None else None
        if (
            pool is None
            or batch is None
            or call.size > INLINE_BYTES_MAX
            or call.function not in pool.version.guard.quick
        ):
            return None
        return batch.add(call) if batch.gathers() else None

    def _try(
        self, pool: ContextPool, function: bytes, arguments: bytes, view: tuple[Scalar, ...]
    ) -> ResultT | None:
        """Do a call on the event loop, if a context is ready, and it is quick."""
        context = pool.inline.take()
        if context is None:
            return None
        guard = pool.version.guard
        doubtful = function in guard.doubtful
        clock = _thread_time if doubtful else _monotonic
        began = clock()
        result: ResultT = context.try_out(function, TRIAL_SECONDS, arguments, view)
        seconds = clock() - began
        if doubtful or seconds > LONG_SECONDS or context.late:
            # it may be slow in so few instructions that nothing stopped it
            guard.note_late(function, HOLD_MAX * 2 if context.late else seconds)
        if not pool.inline.give(context):
            self.pools.close([context])
            if context.late:
                return None
        figures = pool.functions[function]
        figures.seconds += seconds
        bucket = int(seconds * 1e6).bit_length()
        figures.buckets[bucket] = count = figures.buckets[bucket] + 1
        if count & SAMPLED == 1 and context.memory() > figures.memory:
            figures.memory = context.memory()
        return result

    async def run(self, call: LuaCall, deadline_seconds: float) -> ResultT:
        """Do a call in a worker; it may take ``deadline_seconds`` from now.

        A function that nobody has called is proven first: in a worker, and where it was quick there, what it came to is
        thrown away and it runs on the event loop. So it meets the contexts that other quick functions have met. A quick function
        whose contexts are still to be made runs there as soon as there is one.
        Never raises for what a module does: errors, time-outs and missing modules are results too.
        The caller holds the lock of what the function works on meanwhile. A call that ends too late, or still waits for
        admission or a context then, is a time-out and changes nothing. One that is cancelled ends at once,
        and changes nothing either.
        """
        began = time.monotonic()
        deadline = began + deadline_seconds
        pool = self.pools.of(call.module)
        guard = pool.version.guard
        soon = self.run_soon(call)
        if soon is not None and (together := await soon) is not None:
            return together
        if call.function in guard.proofs:
            await self._await_proof(guard.proofs[call.function], deadline)
        ran: TimedResult | None = None
        unknown = guard.is_unknown(call.function)
        if pool.may_inline(call) and (unknown or call.function in guard.quick):
            if unknown:
                ran = await self._prove(call, deadline, pool, apart=True)
            if ran is None or ran.is_quick():
                tried = await self._try_soon(pool, call, deadline)
                if tried is not None:
                    return tried
        if ran is None or ran.is_quick():  # what a proof came to, does not count
            ran = await self._prove(call, deadline, pool, apart=False)
        pool.functions[call.function].add(time.monotonic() - began, ran.memory)
        return self._result(ran)

    def _result(self, ran: TimedResult) -> ResultT:
        result: ResultT = ran.result
        return result

    async def _await_proof(self, proof: asyncio.Future[None], deadline: float) -> None:
        """Wait for the first run of a function that another call has begun: it tells where the others belong."""
        seconds = min(deadline - time.monotonic(), PROOF_SECONDS)
        if seconds > 0:
            await asyncio.wait((proof,), timeout=seconds)

    async def _prove(self, call: LuaCall, deadline: float, pool: ContextPool, *, apart: bool) -> TimedResult:
        """Do a call in a worker. The first one of a function is its proof, for which others wait; ``apart``: it may be thrown away."""
        guard = pool.version.guard
        proofs = guard.proofs
        if not guard.is_unknown(call.function) or call.function in proofs:
            return await self._run_in_worker(call, deadline, pool, proof=apart)
        proof = proofs[call.function] = asyncio.get_running_loop().create_future()
        try:
            return await self._run_in_worker(call, deadline, pool, proof=apart)
        finally:
            del proofs[call.function]
            proof.set_result(None)

    async def _try_soon(self, pool: ContextPool, call: LuaCall, deadline: float) -> ResultT | None:
        """Do a call on the event loop as soon as there is a context; None if there will be none soon, or it turned out not to be quick."""
        if pool.inline.is_to_wait():
            await self._prewarmer.expect(pool, deadline - time.monotonic())
        return self._try(pool, call.function, call.arguments, call.view)

    async def _run_in_worker(
        self, call: LuaCall, deadline: float, pool: ContextPool, *, proof: bool = False
    ) -> TimedResult:
        """Do a call in a worker; for a ``proof`` in a context of its own, which is kept if it was not quick."""
        failed = self._crossing.failed
        key = FunctionKey(call.module, call.function)
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                lease = await self._begin(pool, key, proof=proof)
        except TimeoutError:
            return TimedResult(failed(self._crossing.timeout))
        if lease is None:
            return TimedResult(failed(EXCEEDED))
        try:
            ran = await self._calls.run(lease, call, deadline)
        except asyncio.CancelledError:
            if proof:
                pool.workers.count(lease)
            self._end(pool, lease, key, given_up=True)
            raise
        if not ran.missing:
            lease.version.guard.note_ran(call.function, ran.seconds)
        if proof and ran.is_quick():
            self._admission.leave(key)
            if lease.worker is not None:
                self._workers.close(lease.worker)
        else:
            if proof:
                pool.workers.count(lease)
            self._end(pool, lease, key)
        return ran

    def open_stream(self, call: LuaCall) -> StreamCall:
        """Begin a stream; `close_stream` must end it."""
        pool = self.pools.of(call.module)
        self.streams += 1
        pool.workers.lose_ended()
        return StreamCall(call, pool, pool.workers.take())

    async def pour(self, stream: StreamCall, batch: bytes, deadline_seconds: float) -> StreamResult:
        """Let a batch pass through a stream, in its worker.

        An empty ``batch`` goes on with the last one. Never raises for what a module does. After a failure, the stream
        takes nothing more.
        """
        began = time.monotonic()
        key = FunctionKey(stream.call.module, stream.call.function)
        try:
            async with asyncio.timeout(deadline_seconds):
                await self._admission.enter(key)
        except TimeoutError:
            return self._calls.failed_stream(self._crossing.timeout)
        try:
            reason = self._objection(stream.lease)
            if reason:
                return self._calls.failed_stream(reason)
            return await self._calls.pour(stream, batch, began + deadline_seconds)
        except asyncio.CancelledError:
            stream.given_up = True
            raise
        finally:
            self._admission.leave(key)
            stream.seconds += time.monotonic() - began

    def close_stream(self, stream: StreamCall) -> None:
        """End a stream."""
        self.streams -= 1
        stream.pool.functions[stream.call.function].add(stream.seconds)
        self._end(stream.pool, stream.lease, given_up=stream.given_up)

    def count_failure(self, module: str, function: bytes, *, timed_out: bool) -> None:
        """A call that was counted has failed, as who made it knows."""
        pool = self._by_module.get(module)
        if pool is not None:
            figures = pool.functions[function]
            figures.failures += 1
            figures.timeouts += timed_out

    def functions(self) -> list[FunctionRow]:
        """Figures of every function that was called, of modules that are registered."""
        return [row for pool in self._by_module.values() for row in pool.functions.rows(pool.module)]

    def forget(self, module: str, previous: bytes | None) -> None:
        """Drop the contexts of a module that has changed, and those of the modules that asked for it.

        ``previous`` is its text before, None if it is new.
        """
        self.pools.forget(module, previous)

    def clear(self) -> None:
        """Drop every context, and forget which functions are demoted; the next calls make new ones."""
        self.pools.clear()

    def demote(self, module: str, function: bytes) -> Demotion:
        """Never run ``function`` on the event loop again, as long as its module stays as it is; from any thread."""
        return self.pools.demote(module, function)

    def trim(self) -> None:
        """Drop contexts beyond the kept count that no call has needed since the last time; for a ticker."""
        self.pools.trim()

    def statistics(self) -> list[ContextStatistics]:
        """Figures of every module that was called, or has demoted functions."""
        return self.pools.statistics()

    async def stop(self) -> None:
        """Give up what is under way, and end workers and threads. The contexts go with the host: to close each takes too long."""
        self._stopping = True
        self._validator.stop()
        await self._prewarmer.stop()
        await self.pools.stop()
        await self._calls.stop()
        await self._workers.stop()
        for end in (self._maker.join, self.pools.join):
            with suppress(RuntimeError):  # the user may have no more threads: these end with the process
                await asyncio.to_thread(end)
        self._telling.write_coverage()

    async def _begin(self, pool: ContextPool, key: FunctionKey, *, proof: bool) -> WorkerLease | None:
        """Admission to the workers and a lease, both ended by `_end`; None when memory does not suffice."""
        await self._admission.enter(key)
        try:
            quick = key.function in pool.version.guard.quick
            lease = pool.workers.take_apart() if proof else await pool.workers.wait(quick=quick)
        except asyncio.CancelledError:
            self._admission.leave(key)
            raise
        reason = self._objection(lease)
        if reason:
            if proof:
                self._admission.leave(key)
            else:
                self._end(pool, lease, key)
            if reason == self._crossing.timeout:
                raise TimeoutError
            return None
        return lease

    def _objection(self, lease: WorkerLease) -> bytes:
        """Why no call can run on ``lease`` now, or nothing. Idle contexts go where one is to be made."""
        if self._stopping:
            return self._crossing.timeout
        if lease.context is None:
            lacking = self._budget.lacking()
            if lacking > 0 and not self.pools.make_room(lacking):
                return EXCEEDED
        return b""

    def _end(
        self, pool: ContextPool, lease: WorkerLease, key: FunctionKey | None = None, *, given_up: bool = False
    ) -> None:
        """End a lease. One that was given up may still have a call under way: its worker is killed."""
        if key is not None:
            self._admission.leave(key)
        if given_up and lease.worker is not None:
            lease.worker.kill()
            self._workers.close(lease.worker)
        self.pools.end(pool, lease)
