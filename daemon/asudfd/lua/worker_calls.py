"""Runs calls in workers: a lease of a context, which is made if there is none, and what becomes of a call whose worker ends."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from itertools import cycle
from math import inf
from typing import TYPE_CHECKING, Any

from asudfd.lua.call import OUT_OF_MEMORY, StreamResult
from asudfd.lua.call_workers import NICENESS
from asudfd.lua.crossing import WrongResultError
from asudfd.lua.errors import NULL_MESSAGE
from asudfd.lua.profile_guard import HOLD_MAX
from asudfd.lua.timed_result import TimedResult
from asudfd.lua.worker.frames import BrokenWorkerError
from asudfd.lua.worker.module_worker import KilledError, MadeBy, NotMadeError
from asudfd.lua.worker.supply import NoWorkerError
from asudfd.lua.worker.worker_end import WorkerEndedError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from asudfd.config.schema.lua import ModLua
    from asudfd.lua.call import LuaCall
    from asudfd.lua.call_workers import CallWorkers
    from asudfd.lua.context import LuaLog
    from asudfd.lua.crossing import Crossing
    from asudfd.lua.module_sources import ModuleSources
    from asudfd.lua.pool import ContextPool
    from asudfd.lua.stream import StreamCall
    from asudfd.lua.turn_batch import BatchedCall, TurnBatch
    from asudfd.lua.worker.frames import ContextState
    from asudfd.lua.worker.module_worker import ModuleWorker, RemoteContext
    from asudfd.lua.worker_contexts import WorkerLease

RUNS_MAX = 3
"""How often a call is begun whose worker ends without having been killed by the node: somebody else kills workers, or it is the call
that ends them."""

LATE_SECONDS = 0.02
"""Processor seconds that such a call may take when it turns out not to be quick, and somebody else may want its worker."""

LATEST_SECONDS = 1.0
"""Seconds after which Lua ends such a call by itself."""

LATE_MAX, LATE_SPAN = 3, 60.0
"""So many workers of a module that were killed for it, within so many seconds, and the event loop waits for none of its calls any more."""

ENDED = b"the process that ran the function has ended"
"""Error text of a call that ended its worker so often."""


class _NotReadyError(Exception):
    """Why a call has no context: the ``text`` of its error, and a ``detail`` for the log."""

    def __init__(self, text: bytes, detail: bytes = b"") -> None:
        self.text = text
        self.detail = detail


class LateWorkers:
    """When workers of each module were killed since a function that had been quick was not."""

    def __init__(self) -> None:
        self._kills: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=LATE_MAX))

    def add(self, module: str) -> None:
        """One was killed now."""
        self._kills[module].append(time.monotonic())

    def allows(self, module: str) -> bool:
        """Whether the event loop may wait for calls of ``module``."""
        kills = self._kills.get(module)
        return not kills or len(kills) < LATE_MAX or time.monotonic() - kills[0] > LATE_SPAN


class WorkerCalls:
    """Runs calls in the workers of a node. ``end`` ends the lease of a context."""

    def __init__(
        self,
        settings: ModLua,
        workers: CallWorkers,
        sources: ModuleSources,
        log: LuaLog,
        crossing: Crossing[Any],
        *,
        end: Callable[[ContextPool, WorkerLease], None],
    ) -> None:
        self._end = end
        self._late = LateWorkers()
        self._tasks: set[asyncio.Task[None]] = set()
        self._body_seconds = settings.body_max_ms / 1000
        self._workers = workers
        self._sources = sources
        self._log = log
        self._crossing = crossing

    async def run(self, lease: WorkerLease, call: LuaCall, deadline: float) -> TimedResult:
        """Do a call in the context of a lease. Never raises for what a module does."""
        failed = self._crossing.failed
        for _ in range(RUNS_MAX):
            try:
                return await self._run(lease, call, deadline)
            except _NotReadyError as reason:
                return TimedResult(failed(reason.text, detail=reason.detail))
            except KilledError as killed:
                return TimedResult(failed(OUT_OF_MEMORY if killed.for_memory else self._crossing.timeout))
            except WorkerEndedError:
                self._lose(lease)
            except BrokenWorkerError as error:
                self._lose(lease)
                return TimedResult(failed(self._refuse(error, call)))
        return TimedResult(failed(ENDED))

    async def _run(self, lease: WorkerLease, call: LuaCall, deadline: float) -> TimedResult:
        context = lease.context or await self._ready(lease, call.module, deadline)
        self._workers.begin(context)
        try:
            state, packed = await context.worker.call(context, call, deadline)
        finally:
            self._workers.end(context)
        result = self._read(context, call, state, packed)
        return TimedResult(result, state.seconds, state.memory, self._crossing.is_missing(result))

    def _read(self, context: RemoteContext, call: LuaCall, state: ContextState, packed: bytes) -> Any:
        """The result of a call, of what a worker has answered."""
        if not packed or not state.usable:
            self._workers.forget(context)
        crossing = self._crossing
        try:
            return crossing.result(crossing.unpack(packed), call.view)
        except WrongResultError as error:
            context.usable = False
            context.worker.kill()  # its module has found a way into the sandbox
            return crossing.failed(self._refuse(error, call))

    def run_now(self, pool: ContextPool, call: LuaCall) -> Any:
        """The result of a call of a quick function, for which the event loop waits; None where that cannot be, or it takes longer: then nothing has happened."""
        context = pool.workers.take_now() if self._late.allows(pool.module) else None
        if context is None:
            return None
        began = time.monotonic()
        try:
            found = context.worker.call_now(context, call, began + LATEST_SECONDS)
            if found is None:
                lease = pool.workers.keep(context)
                self._begin(self._finish(pool, lease, call.function))
                return None
            result = self._read(context, call, *found)
        except (WorkerEndedError, BrokenWorkerError) as error:
            if isinstance(error, BrokenWorkerError):
                self._refuse(error, call)
            self._workers.close(context.worker)
            self._end(pool, pool.workers.keep(context))
            return None
        if context.usable:
            pool.workers.give_now(context)
        else:
            self._end(pool, pool.workers.keep(context))
        pool.functions[call.function].add(time.monotonic() - began, found[0].memory)
        return result

    def begin_batch(self, pool: ContextPool) -> None:
        """Send the calls of a module that wait, in one write; where there is no worker for them, they are done in another way."""
        batch = pool.batch
        assert batch is not None
        contexts = pool.workers.take_all() if self._late.allows(pool.module) else []
        calls = list(batch.waiting)
        batch.waiting.clear()
        if not contexts:
            _give_back(calls)
            return
        batch.in_flight = True
        self._begin(self._run_batch(pool, batch, contexts, calls))

    async def _run_batch(
        self, pool: ContextPool, batch: TurnBatch, contexts: list[RemoteContext], calls: list[BatchedCall]
    ) -> None:
        version, worker = pool.version, contexts[0].worker
        runs = list(zip(cycle(contexts), (each.call for each in calls), strict=False))
        answers = worker.call_all(runs, time.monotonic() + LATEST_SECONDS, LATE_SECONDS)
        answered = 0
        try:
            async for found in answers:
                (context, call), batched = runs[answered], calls[answered]
                answered += 1
                result = None if found is None else self._read(context, call, *found)
                if found is not None:
                    pool.functions[call.function].add(time.monotonic() - batched.began, found[0].memory)
                if not batched.result.done():
                    batched.result.set_result(result)
        except (KilledError, WorkerEndedError, BrokenWorkerError) as error:
            guilty = worker.guilty()
            if isinstance(error, KilledError) and 0 <= guilty < len(calls):
                version.guard.note_slow(calls[guilty].call.function)
                self._late.add(pool.module)
            self._workers.close(worker)
        finally:
            batch.in_flight = False
            _give_back(calls[answered:])
        if worker.ended:
            pool.workers.lose(worker)
        elif version is pool.version:
            pool.workers.give_all(contexts, len(calls))
        else:
            self._workers.close(worker)
        if batch.waiting:
            self.begin_batch(pool)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, pool: ContextPool, lease: WorkerLease, function: bytes) -> None:
        """Wait for the end of a call that does not count, and be hard: the other functions of the module wait for its worker.

        Perhaps the function was quick, and the worker had to wait for the processor: its clock tells.
        """
        context = lease.context
        assert context is not None
        seconds = 0.0
        try:
            seconds = (await context.worker.finish(context, LATE_SECONDS)).seconds
        except KilledError:
            seconds = inf
            self._late.add(pool.module)
            self._workers.close(context.worker)
        except (WorkerEndedError, BrokenWorkerError):
            self._workers.close(context.worker)
        else:
            context.worker.drop_lines()
            if not context.usable:
                self._workers.forget(context)
        if seconds >= HOLD_MAX:
            lease.version.guard.note_slow(function)
        self._end(pool, lease)

    async def stop(self) -> None:
        """Wait for no late call any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def pour(self, stream: StreamCall, batch: bytes, deadline: float) -> StreamResult:
        """Let a batch pass through a stream. A stream whose worker ends is not begun again: its values were sent."""
        try:
            return await self._pour(stream, batch, deadline)
        except _NotReadyError as reason:
            return self.failed_stream(reason.text, reason.detail)
        except KilledError as killed:
            return self.failed_stream(OUT_OF_MEMORY if killed.for_memory else self._crossing.timeout)
        except WorkerEndedError:
            return self.failed_stream(ENDED)
        except (BrokenWorkerError, WrongResultError) as error:
            if stream.lease.worker is not None:
                stream.lease.worker.kill()
            return self.failed_stream(self._refuse(error, stream.call))

    async def _pour(self, stream: StreamCall, batch: bytes, deadline: float) -> StreamResult:
        lease, call = stream.lease, stream.call
        context = lease.context or await self._ready(lease, call.module, deadline)
        if not stream.opened:
            context.worker.open(context, call)
            stream.opened = True
        self._workers.begin(context)
        try:
            state, poured = await context.worker.pour(context, batch, deadline)
        finally:
            self._workers.end(context)
        if not state.usable:
            self._workers.forget(context)
        self._crossing.check_messages(poured.messages, call.view)
        failure = self._crossing.stream_failed(poured.failure) if poured.failure else b""
        return StreamResult(poured.messages, more=poured.more, failure=failure, detail=poured.detail)

    def failed_stream(self, text: bytes, detail: bytes = b"") -> StreamResult:
        """What a batch came to that could not pass."""
        return StreamResult(b"", more=False, failure=self._crossing.stream_failed(text), detail=detail)

    async def _ready(self, lease: WorkerLease, module: str, deadline: float) -> RemoteContext:
        """The context of a lease that has none. Raises _NotReadyError, and what a worker raises."""
        name = module.encode("utf-8", "surrogateescape")
        text = self._sources.text_of(module)
        if text is None:
            raise self._not_made(b"module '%s' not found" % name)
        worker = lease.worker = lease.worker or await self._new_worker(lease)
        message: bytes | None = NULL_MESSAGE
        for source in self._sources.choices(module):
            made = MadeBy(name, text, source, lease.version.required.add, self._body_seconds)
            try:
                lease.context = await worker.make(made, deadline)
            except NotMadeError as error:
                message = error.message
                if message is None or time.monotonic() >= deadline:
                    raise _NotReadyError(self._crossing.timeout) from None
            except KilledError:
                if time.monotonic() >= deadline:
                    raise
                raise self._not_made(b"the module's body did not end in time") from None
            else:
                self._workers.note(lease.context)
                return lease.context
        raise self._not_made(message or NULL_MESSAGE)

    async def _new_worker(self, lease: WorkerLease) -> ModuleWorker:
        try:
            worker = await self._workers.take()
        except NoWorkerError as error:
            text = self._crossing.timeout if self._workers.stopped else str(error).encode()
            raise _NotReadyError(text) from None
        worker.busy = True
        if lease.version.guard.has_only_slow():
            worker.be_nicer(NICENESS)  # at once: to make a context, too, takes the processor from quick calls
        if lease.proof:
            worker.hold_lines()
        return worker

    def _lose(self, lease: WorkerLease) -> None:
        """The worker of a lease has ended: the call begins again in another one."""
        if lease.worker is not None:
            self._workers.close(lease.worker)
        lease.worker = lease.context = None

    def _refuse(self, error: Exception, call: LuaCall) -> bytes:
        """The error of a call whose worker handed back what no call may."""
        text = f"the call handed back what cannot be stored or sent: {error}"
        self._log(0, call.function.decode("utf-8", "backslashreplace"), text, self._crossing.log_context)
        return text.encode()

    def _not_made(self, message: bytes) -> _NotReadyError:
        return _NotReadyError(self._crossing.no_module, b"lua create error: " + message)


def _give_back(calls: Iterable[BatchedCall]) -> None:
    """Have calls done in another way."""
    for each in calls:
        if not each.result.done():
            each.result.set_result(None)
