"""The Lua host of a node: checks modules when they are put, and calls their functions in cached contexts.

    validate    load and run a module's body in a context of its own
    run         call a function of a module in one of the module's contexts; `run_inline` on the event loop, if it is short
    forget      a module changed or went: drop its contexts, and those of modules that required it
    clear       drop every context

Lua runs in worker threads; only the event loop touches the pools. A call that is under way when its context is dropped
finishes on it.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar

from asudfd.config.schema.lua import ModLua
from asudfd.lua.admission import Admission, FunctionKey
from asudfd.lua.budget import EXCEEDED, MemoryBudget
from asudfd.lua.call import OUT_OF_MEMORY, LuaCall, Scalar, StreamResult
from asudfd.lua.call_figures import SAMPLED, FunctionRow
from asudfd.lua.context import REQUIRED_MAX, LuaContext, LuaLog
from asudfd.lua.context_closer import ContextCloser
from asudfd.lua.crossing import Crossing
from asudfd.lua.demotion import Demotion, Demotions
from asudfd.lua.errors import ModuleError
from asudfd.lua.malloc_trim import limit_kept_memory
from asudfd.lua.pool import ContextLease, ContextPool, ContextStatistics
from asudfd.lua.prewarm import Prewarmer
from asudfd.lua.profile_guard import HOLD_MAX
from asudfd.lua.runner import Runner, TimedResult
from asudfd.lua.scheduler import SchedulerSlot
from asudfd.lua.stream import StreamCall
from asudfd.lua.validator import ModuleValidator
from asudfd.lua.worker.supply import WorkerSupply

__all__ = ["LuaHost", "ModuleError"]

THREADS_MAX = 128
"""Calls that have begun and are not ended, each with a thread; `udf-threads` of them run, and further calls wait.

A thread that waits for its time slice costs a stack and no processor. So many let one function have half of them and
others still begin at once.
"""

NICENESS = 4
"""How much less urgent a worker thread is than the event loop, in steps of nice(2).

Beside 4 endless bodies `build` waits 1.6 ms in 99 of 100 times with 10 steps, and 5.6 ms with 2 (two processors). But with 10
a machine that is busy with other programs gives a worker next to nothing: the first call of a module took over a second.
"""

TRIAL_SECONDS = 0.0005
"""Processor time that a call on the event loop may take after its first look at the clock, which comes within half a
millisecond: together HOLD_MAX, or a little more."""

LONG_SECONDS = 0.002
"""A call on the event loop that takes so long by the wall clock makes its function doubtful: twice HOLD_MAX."""

GRACE_SECONDS = 0.05
"""How long after its deadline a call in a thread may end and still count: Lua looks at the clock once a millisecond, and
the thread may have to wait for the processor."""

COLLECTION_SECONDS = 0.2
"""How much longer a call may end whose memory is nearly full: Lua collects the garbage before it says why it ended."""

INLINE_BYTES_MAX = 65536
"""Bytes of arguments and bins of a call that is tried on the event loop: to read them alone takes a part of its time."""

ResultT = TypeVar("ResultT")
_Done = TypeVar("_Done")
_monotonic, _thread_time = time.monotonic, time.thread_time


async def _unless_cancelled(task: asyncio.Future[_Done], slot: SchedulerSlot) -> _Done:
    """The result of a thread's ``task``; if nobody waits for it any more, it ends soon."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        slot.give_up()
        raise


def _be_nice() -> None:
    """A module that loops must not take the processor from the event loop."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    limit_kept_memory()


class _Idle(NamedTuple):
    """An idle context, how many bytes it takes, and where it is."""

    memory: int
    context: LuaContext
    pool: ContextPool


class LuaHost(Generic[ResultT]):
    """Contexts of all modules of one node. ``crossing`` says what they see, and what the result of a call is.

    ``source`` gives the text of a registered module by its name without `.lua`; it is asked from worker threads.
    ``log`` is called from them as well. ``demotions`` are the functions that may not run on the event loop. ``supply`` makes
    the processes in which modules are checked; without it, threads check them.
    """

    def __init__(
        self,
        settings: ModLua,
        source: Callable[[str], bytes | None],
        log: LuaLog,
        crossing: Crossing[ResultT],
        demotions: Demotions | None = None,
        *,
        supply: WorkerSupply | None = None,
    ) -> None:
        self._settings = settings
        self._crossing = crossing
        self._demotions = demotions or Demotions()
        self._pools: dict[str, ContextPool] = {}
        self._asked: set[bytes] = set()  # names that modules have asked for, up to REQUIRED_MAX
        self._stopping = False
        self.streams = 0  # aggregations that have a context
        self._budget = MemoryBudget(settings.memory_max)
        self._runner = Runner(settings, source, log, crossing, budget=self._budget, asked=self._asked)
        self._admission = Admission(THREADS_MAX)
        self._threads = ThreadPoolExecutor(THREADS_MAX, "lua", initializer=_be_nice)
        makers = ThreadPoolExecutor(settings.udf_threads, "lua-make", initializer=_be_nice)
        self._prewarmer = Prewarmer(self._runner, self._budget, makers, self._dispose)
        self._closer = ContextCloser(self._runner.close, _be_nice)
        self._validator = ModuleValidator(
            settings, self._runner, log, asked=self._asked, be_nice=_be_nice, supply=supply
        )

    async def validate(self, filename: str, content: bytes) -> None:
        """Load ``content`` and run it, as `udf-put` does; raises ModuleError."""
        name = filename.encode("utf-8", "surrogateescape")
        await self._validator.validate(name, content)

    def run_inline(
        self, module: str, function: bytes, arguments: bytes, view: tuple[Scalar, ...], size: int
    ) -> ResultT | None:
        """Do a call here and now, on the event loop, if that takes no longer than HOLD_MAX; it is given as in `LuaCall`.

        Answers None when the call belongs in a worker thread: no context is ready, the function ran long before, or
        it turned out to now; then nothing has happened, and `run` is to be asked, what the function works on locked.
        """
        pool = self._pools.get(module)
        if pool is None or size > INLINE_BYTES_MAX:
            return None
        guard = pool.version.guard
        context = None if function in guard.slow else pool.take_idle()
        if context is None:
            return None
        doubtful = function in guard.doubtful
        clock = _thread_time if doubtful else _monotonic
        began = clock()
        result: ResultT = context.try_out(function, TRIAL_SECONDS, arguments, view)
        seconds = clock() - began
        if doubtful or seconds > LONG_SECONDS or context.late:
            # it may be slow in so few instructions that nothing stopped it
            guard.note_late(function, HOLD_MAX * 2 if context.late else seconds)
        if not pool.give_idle(context):
            self._close([context])
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
        """Do a call in a worker thread; it may take ``deadline_seconds`` from now.

        A short function whose contexts are still to be made runs on the event loop as soon as there is one.
        Never raises for what a module does: errors, time-outs and missing modules are results too.
        The caller holds the lock of what the function works on meanwhile. A call that ends too late, or still waits for
        admission, a context or a time slice then, is a time-out and changes nothing. One that is cancelled ends soon,
        and changes nothing either.
        """
        began = time.monotonic()
        deadline = began + deadline_seconds
        pool = self._pools.get(call.module) or self._new_pool(call.module)
        small = call.size <= INLINE_BYTES_MAX
        if small and pool.is_to_wait() and call.function not in pool.version.guard.slow:
            await self._prewarmer.expect(pool, deadline_seconds)
            tried = self.run_inline(*call)
            if tried is not None:
                return tried
        ran = await self._run_in_thread(call, deadline, pool)
        pool.functions[call.function].add(time.monotonic() - began, ran.memory)
        result: ResultT = ran.result
        return result

    async def _run_in_thread(self, call: LuaCall, deadline: float, pool: ContextPool) -> TimedResult:
        slot, failed = SchedulerSlot(self._runner.scheduler, deadline), self._crossing.failed
        key = FunctionKey(call.module, call.function)
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                lease = await self._begin(pool, key)
        except TimeoutError:
            return TimedResult(failed(self._crossing.timeout), 0.0)
        if lease is None:
            return TimedResult(failed(EXCEEDED), 0.0)
        task = self._in_thread(lambda: self._runner.run(slot, call, lease))
        task.add_done_callback(lambda _: self._end(pool, lease, key))
        try:
            await asyncio.wait((task,), timeout=deadline + GRACE_SECONDS - time.monotonic())
        except asyncio.CancelledError:
            slot.give_up()
            raise
        if not task.done() and slot.lacks_memory():
            await asyncio.wait((task,), timeout=COLLECTION_SECONDS)  # it will tell what it really lacked
        if not task.done() or time.monotonic() > deadline + GRACE_SECONDS:
            lacked = task.done() and self._crossing.lacks_memory(task.result().result)
            return TimedResult(failed(OUT_OF_MEMORY if lacked else self._crossing.timeout), 0.0)
        ran = task.result()
        if ran.seconds < HOLD_MAX / 2:
            lease.version.guard.note_quick(call.function)
        return ran

    def open_stream(self, call: LuaCall) -> StreamCall:
        """Begin a stream; `close_stream` must end it."""
        pool = self._pools.get(call.module) or self._new_pool(call.module)
        self.streams += 1
        return StreamCall(call, pool, pool.take())

    async def pour(self, stream: StreamCall, batch: bytes, deadline_seconds: float) -> StreamResult:
        """Let a batch pass through a stream, in a worker thread.

        An empty ``batch`` goes on with the last one. Never raises for what a module does. After a failure, the stream
        takes nothing more.
        """
        began = time.monotonic()
        deadline = began + deadline_seconds
        key = FunctionKey(stream.call.module, stream.call.function)
        try:
            async with asyncio.timeout(deadline_seconds):
                await self._admission.enter(key)
        except TimeoutError:
            return self._runner.failed_stream(self._crossing.timeout)
        reason = self._objection(stream.lease)
        if reason:
            self._admission.leave(key)
            return self._runner.failed_stream(reason)
        slot = SchedulerSlot(self._runner.scheduler, deadline)
        stream.task = self._in_thread(lambda: self._runner.pour(slot, stream, batch))
        stream.task.add_done_callback(lambda _: self._admission.leave(key))
        try:
            return await _unless_cancelled(stream.task, slot)
        finally:
            stream.seconds += time.monotonic() - began

    def close_stream(self, stream: StreamCall) -> None:
        """End a stream; what is under way ends by itself."""
        self.streams -= 1
        stream.pool.functions[stream.call.function].add(stream.seconds)
        if stream.task is None:
            self._end(stream.pool, stream.lease)
        else:
            stream.task.add_done_callback(lambda _: self._end(stream.pool, stream.lease))

    def count_failure(self, module: str, function: bytes, *, timed_out: bool) -> None:
        """A call that was counted has failed, as who made it knows."""
        pool = self._pools.get(module)
        if pool is not None:
            figures = pool.functions[function]
            figures.failures += 1
            figures.timeouts += timed_out

    def functions(self) -> list[FunctionRow]:
        """Figures of every function that was called, of modules that are registered."""
        return [row for pool in self._pools.values() for row in pool.functions.rows(pool.module)]

    def forget(self, module: str, previous: bytes | None) -> None:
        """Drop the contexts of a module that has changed, and those of the modules that asked for it.

        ``previous`` is its text before, None if it is new.
        """
        name = module.encode("utf-8", "surrogateescape")
        self._demotions.prune(module, self._runner.text_of(module))
        own = self._pools.get(module)
        if own is not None:
            self._renew(own)
        asked = name in self._asked or len(self._asked) >= REQUIRED_MAX
        self._runner.previous.add(module, previous if asked else None)
        for pool in list(self._pools.values()) if asked else ():
            required = pool.version.required
            if name in required or len(required) >= REQUIRED_MAX:
                self._renew(pool)

    def clear(self) -> None:
        """Drop every context, and forget which functions are demoted; the next calls make new ones."""
        self._demotions.clear()
        self._runner.previous.clear()
        for pool in list(self._pools.values()):
            self._renew(pool)

    def demote(self, module: str, function: bytes) -> Demotion:
        """Never run ``function`` on the event loop again, as long as its module stays as it is; from any thread."""
        return self._demotions.add(module, self._runner.text_of(module), function)

    def trim(self) -> None:
        """Drop contexts beyond the kept count that no call has needed since the last time; for a ticker."""
        for pool in self._pools.values():
            self._close(pool.trim())

    def statistics(self) -> list[ContextStatistics]:
        """Figures of every module that was called, or has demoted functions."""
        for module in self._demotions.modules() - self._pools.keys():
            if self._demotions.of(module, self._runner.text_of(module)):
                self._new_pool(module)
        return [pool.statistics() for pool in self._pools.values()]

    async def stop(self) -> None:
        """Give up what is under way, and end the threads. The contexts go with the host: to close each takes too long."""
        self._stopping = True
        self._validator.stop()
        self._runner.scheduler.stop()
        self._prewarmer.stop()
        self._closer.give_up()
        for end in (self._threads.shutdown, self._validator.join, self._prewarmer.join, self._closer.join):
            await asyncio.to_thread(end)
        self._runner.write_lines()

    def _in_thread(self, task: Callable[[], _Done]) -> asyncio.Future[_Done]:
        return asyncio.get_running_loop().run_in_executor(self._threads, task)

    def _new_pool(self, module: str) -> ContextPool:
        settings = self._settings
        kept = (settings.context_count, settings.context_max) if settings.cache_enabled else (0, 0)
        pool = self._pools[module] = ContextPool(module, *kept, asked=self._asked)
        pool.version.guard.demote(self._demotions.of(module, self._runner.text_of(module)))
        return pool

    async def _begin(self, pool: ContextPool, key: FunctionKey) -> ContextLease | None:
        """Admission to the threads and a lease, both ended by `_end`; None when memory does not suffice."""
        await self._admission.enter(key)
        try:
            lease = await pool.wait()
        except asyncio.CancelledError:
            self._admission.leave(key)
            raise
        reason = self._objection(lease)
        if reason:
            self._end(pool, lease, key)
            if reason == self._crossing.timeout:
                raise TimeoutError
            return None
        return lease

    def _objection(self, lease: ContextLease) -> bytes:
        """Why no call can run on ``lease`` now, or nothing. Idle contexts go where one is to be made."""
        if self._stopping:
            return self._crossing.timeout
        if lease.context is None:
            lacking = self._budget.lacking()
            if lacking > 0 and not self._make_room(lacking):
                return EXCEEDED
        return b""

    def _make_room(self, size: int) -> bool:
        """Drop idle contexts, the largest first, until ``size`` bytes are free; answers whether there were enough."""
        idle = [
            _Idle(context.memory(), context, pool) for pool in self._pools.values() for context in pool.idle()
        ]
        for memory, context, pool in sorted(idle, key=attrgetter("memory"), reverse=True):
            if size <= 0:
                break
            pool.drop(context)
            self._budget.remove(context)
            self._close([context])
            size -= memory
        return size <= 0

    def _end(self, pool: ContextPool, lease: ContextLease, key: FunctionKey | None = None) -> None:
        if key is not None:
            self._admission.leave(key)
        self._dispose(pool, pool.give(lease))

    def _dispose(self, pool: ContextPool, context: LuaContext | None) -> None:
        if context is not None:
            self._close([context])
        self._leave_out(pool)

    def _renew(self, pool: ContextPool) -> None:
        self._close(pool.renew())
        text = self._runner.text_of(pool.module)
        pool.version.guard.demote(self._demotions.of(pool.module, text))
        if text is None:
            pool.functions.clear()
        self._leave_out(pool)

    def _leave_out(self, pool: ContextPool) -> None:
        """Names that clients make up must not gather."""
        if (
            pool.is_empty()
            and self._pools.get(pool.module) is pool
            and self._runner.text_of(pool.module) is None
        ):
            del self._pools[pool.module]

    def _close(self, contexts: Iterable[LuaContext]) -> None:
        if not self._stopping:
            self._closer.submit(contexts)
