"""A worker with contexts of one module, as the node has it: makes contexts and runs calls in them, one thing after the other.

A worker that does not end by itself is killed: a call soon after its deadline, and what has no deadline when it has taken too much of
the processor. What a worker says is checked, and a call has no effect before its result is: so it can be done again elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import count
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import Error
from asudfd.lua.module_check import COMPILE_SECONDS
from asudfd.lua.worker.frames import (
    BAD,
    CHECK,
    COMPILED,
    DROP,
    FETCH,
    GOOD,
    LATE,
    LINE,
    MADE,
    MAKE,
    NO_SOURCE,
    NOT_MADE,
    OPEN,
    POUR,
    POURED,
    RAN,
    READY,
    REQUIRED,
    RESULT,
    SOURCE,
    BrokenWorkerError,
    ContextMake,
    ContextPour,
    ContextState,
    LinesRan,
    ModuleCheck,
    PouredBatch,
    WorkerLine,
    WorkerVerdict,
    frame,
    told,
    told_call,
    unpack_bad,
    unpack_line,
    unpack_made,
    unpack_poured,
    unpack_ran,
    unpack_result,
)
from asudfd.lua.worker.kill_watch import BatchWatch, KillWatch
from asudfd.lua.worker.worker_end import WorkerEndedError

if TYPE_CHECKING:
    from asudfd.lua.call import LuaCall
    from asudfd.lua.worker.worker_end import Frame, Worker

CLOSE_SECONDS = 1.0
"""Seconds that a worker may take to close contexts: freeing the largest one takes some 100 ms."""

LATE_SECONDS = 0.5
"""Seconds of the processor that a check, or the making of a context, may take beyond the limits that the worker keeps by itself: it looks at
its clock once a millisecond, but closing a state or collecting what a body left can take longer."""

PATIENCE = 0.001
"""Seconds that the event loop waits for a call of a function that has been quick: such a call takes some 60 microseconds. The worker says when they
have passed."""

WAIT_MS = 5
"""Milliseconds after which the event loop waits no more for a worker that does not even say that, for it is within one instruction or has to wait
for the processor. A shorter time would come before the next tick of a clock of 250 Hz: to set the processor's timer for it, and again afterwards,
took 6 to 15 microseconds a call on a virtual machine."""

LINES_MAX = 1 << 20
"""Log lines between a task and its answer: a call logs a thousand, and so does the body of each module that is required."""

_numbers = count(1)


class KilledError(Error):
    """The worker was killed since it did not end in time, or ``for_memory``."""

    def __init__(self, *, for_memory: bool) -> None:
        super().__init__("the worker was killed")
        self.for_memory = for_memory


class NotMadeError(Error):
    """The context cannot be made: ``message`` is Lua's, or None after the deadline."""

    def __init__(self, message: bytes | None) -> None:
        super().__init__(repr(message))
        self.message = message


class WorkerNews(NamedTuple):
    """What a node does with what its workers tell beside results."""

    line: Callable[[WorkerLine], None]
    ran: Callable[[LinesRan], None]


class MadeBy(NamedTuple):
    """What a context is made of: the module's name and text, where sources come from, and who hears which were asked for."""

    name: bytes
    text: bytes
    source: Callable[[bytes], bytes | None]
    required: Callable[[bytes], None]
    body_seconds: float


class RemoteContext:
    """A context in a worker. ``usable`` turns False for good when a call has spoilt it, or its worker has gone."""

    __slots__ = ("_memory", "made", "number", "usable", "worker")

    def __init__(self, worker: ModuleWorker, made: MadeBy, memory: int, number: int) -> None:
        self.worker = worker
        self.made = made
        self.number = number
        self.usable = True
        self._memory = memory

    def memory(self) -> int:
        """Bytes in use; of one in a call, when it last looked."""
        if self.worker.running is self:
            return max(self._memory, self.worker.memory())
        return self._memory

    def note(self, state: ContextState) -> None:
        """A call has ended."""
        self._memory = state.memory
        self.usable = state.usable


class ModuleWorker:
    """A worker and its contexts. ``busy``: somebody has it, and nobody else may ask it for anything. ``idle_since`` is on the monotonic clock.

    ``closed`` hears of its end, whoever closes it.
    """

    __slots__ = (
        "_closed",
        "_first",
        "_for_memory",
        "_held",
        "_killed",
        "_lines",
        "_news",
        "_text",
        "_worker",
        "busy",
        "contexts",
        "idle_since",
        "running",
    )

    def __init__(self, worker: Worker, news: WorkerNews, closed: Callable[[ModuleWorker], None]) -> None:
        self._worker = worker
        self._closed = closed
        self._news = news
        self._held: list[WorkerLine] | None = None
        self._lines = 0  # since the last answer
        self._text: bytes | None = None  # of the module, as the worker has it
        self._killed = self._for_memory = False
        self._first = 0  # how many calls the worker had begun before the last batch
        self.busy = False
        self.contexts: set[RemoteContext] = set()
        self.running: RemoteContext | None = None
        self.idle_since = 0.0

    @property
    def ended(self) -> bool:
        """Whether it is known to have ended."""
        return self._worker.ended

    def memory(self) -> int:
        """Bytes that the context of its call had in use when it last looked."""
        return self._worker.memory()

    async def make(self, made: MadeBy, deadline: float) -> RemoteContext:
        """A new context. Raises NotMadeError, KilledError, WorkerEndedError and BrokenWorkerError."""
        number = next(_numbers)
        text = None if made.text == self._text else made.text
        self._text = made.text
        asked = ContextMake(number, made.name, text, made.body_seconds, deadline)
        most = COMPILE_SECONDS + made.body_seconds + LATE_SECONDS
        kind, body = await self._ask(told(MAKE, asked), made, deadline, most)
        if kind == MADE:
            context = RemoteContext(self, made, unpack_made(body), number)
            self.contexts.add(context)
            return context
        _expect(kind, NOT_MADE)
        raise NotMadeError(body or None)

    async def begin_check(self, module: ModuleCheck, made: MadeBy, seconds: float) -> WorkerVerdict | None:
        """Have a module compiled for its check, in so many seconds of the processor: the verdict where it is bad, else `end_check` has it.

        Raises what `call` raises.
        """
        return _verdict(await self._ask(told(CHECK, module), made, inf, seconds), COMPILED)

    async def end_check(self, made: MadeBy, seconds: float) -> WorkerVerdict | None:
        """Wait for the end of the module's body: the verdict where it is bad. Raises what `call` raises."""
        return _verdict(await self._ask(b"", made, inf, seconds), GOOD)

    async def call(
        self, context: RemoteContext, call: LuaCall, deadline: float
    ) -> tuple[ContextState, bytes]:
        """Do a call: the state of the context and the packed result. Raises KilledError, WorkerEndedError and BrokenWorkerError."""
        return self._result(
            context, await self._run(told_call(context.number, call, deadline), context, deadline)
        )

    def _result(self, context: RemoteContext, found: Frame) -> tuple[ContextState, bytes]:
        _expect(found.kind, RESULT)
        state, packed = unpack_result(found.body)
        self._note(context, state)
        return state, packed

    def call_now(
        self, context: RemoteContext, call: LuaCall, deadline: float
    ) -> tuple[ContextState, bytes] | None:
        """Do a call for whose result the event loop waits; None if it takes long: then `finish` is to be awaited, and what it logs does not count.

        Raises WorkerEndedError and BrokenWorkerError.
        """
        asked = told_call(context.number, call, deadline, patience=PATIENCE)
        found = self._worker.result_now(asked, WAIT_MS)
        if found is None:
            return self._call_with_lines(context)
        self._note(context, found[0])
        return found

    def _call_with_lines(self, context: RemoteContext) -> tuple[ContextState, bytes] | None:
        """The rest of `call_now`, where something has come before the result, or nothing has."""
        self.hold_lines()
        end = time.monotonic() + PATIENCE
        while (found := self._worker.receive_soon(end - time.monotonic())) is not None and found.kind != LATE:
            if not self._beside(found, context.made):
                self._lines = 0
                self.release_lines()
                return self._result(context, found)
        if self.ended:
            raise WorkerEndedError("the worker has ended")
        return None

    async def call_all(
        self, calls: Sequence[tuple[RemoteContext, LuaCall]], deadline: float, seconds: float
    ) -> AsyncIterator[tuple[ContextState, bytes] | None]:
        """Do calls one after the other: the answers in that order, None for one whose context another of them has spoilt.

        Each may take ``seconds`` of the processor, or a little more. Raises what `call` raises; `guilty` tells which call it was.
        """
        self._first = self._worker.begun()
        watch = BatchWatch(self, seconds)
        self._worker.send(b"".join(told_call(context.number, call, deadline) for context, call in calls))
        try:
            for context, _ in calls:
                found = self._worker.receive_soon(0)  # most answers come together
                if found is None or found.kind != RESULT:
                    found = await self._next_result(found, context.made)
                watch.answered += 1
                yield None if found.kind == NOT_MADE else self._result(context, found)
        finally:
            watch.cancel()

    async def _next_result(self, found: Frame | None, made: MadeBy) -> Frame:
        """The next answer to a call, where ``found`` has come, or nothing yet; raises what `_next` raises."""
        while (
            found is None or found.kind == READY or self._beside(found, made)
        ):  # ready: after a context was closed
            found = await self._next(made)
        return found

    def guilty(self) -> int:
        """Which of the calls of the last batch the worker has begun last, counted from 0."""
        return self._worker.begun() - self._first - 1

    async def finish(self, context: RemoteContext, seconds: float) -> ContextState:
        """Wait for the end of a call of which nobody wants the result; it may take ``seconds`` of the processor. Raises what `call` raises."""
        state, _ = self._result(context, await self._ask(b"", context.made, inf, seconds))
        return state

    def be_nicer(self, niceness: int) -> None:
        """Take the processor less urgently from now on, for good."""
        self._worker.be_nicer(niceness)

    def open(self, context: RemoteContext, call: LuaCall) -> None:
        """Begin a stream in ``context``, for `pour`."""
        self._worker.send(told_call(context.number, call, inf, kind=OPEN))

    async def pour(
        self, context: RemoteContext, batch: bytes, deadline: float
    ) -> tuple[ContextState, PouredBatch]:
        """Let a batch pass through a stream; raises what `call` raises."""
        asked = ContextPour(context.number, batch, deadline)
        kind, body = await self._run(told(POUR, asked), context, deadline)
        _expect(kind, POURED)
        state, poured = unpack_poured(body)
        self._note(context, state)
        return state, poured

    async def drop(self, contexts: list[RemoteContext]) -> None:
        """Close contexts; raises what `call` raises."""
        for context in contexts:
            context.usable = False
            self.contexts.discard(context)
        frame_ = told(DROP, tuple(context.number for context in contexts))
        await self._ready(frame_)

    async def settle(self) -> None:
        """Wait until a worker that has dropped an unusable context is ready again; raises what `call` raises."""
        await self._ready(b"")

    async def _ready(self, data: bytes) -> None:
        kind, _ = await self._ask(data, None, time.monotonic() + CLOSE_SECONDS, inf)
        _expect(kind, READY)

    def kill(self, *, for_memory: bool = False) -> None:
        """End it now; its contexts are gone."""
        self._killed, self._for_memory = True, for_memory
        self._worker.kill()

    def close(self) -> None:
        """End it and free what belongs to it."""
        self._worker.close()
        self._closed(self)
        for context in self.contexts:
            context.usable = False
        self.contexts.clear()

    def _note(self, context: RemoteContext, state: ContextState) -> None:
        context.note(state)
        if not state.usable:
            self.contexts.discard(context)

    async def _run(self, data: bytes, context: RemoteContext, deadline: float) -> Frame:
        self.running = context
        try:
            return await self._ask(data, context.made, deadline, inf)
        finally:
            self.running = None

    async def _ask(self, data: bytes, made: MadeBy | None, deadline: float, most: float) -> Frame:
        """Send a task and wait for its answer; kill the worker after the deadline, or ``most`` seconds of its processor time."""
        watch = KillWatch(self, deadline, most)
        try:
            if data:
                self._worker.send(data)
            return await self._next(made)
        finally:
            watch.cancel()

    async def _next(self, made: MadeBy | None) -> Frame:
        """The next answer. Raises KilledError, WorkerEndedError and BrokenWorkerError."""
        try:
            while self._beside(found := await self._worker.receive(), made):
                pass
        except WorkerEndedError:
            if self._killed:
                raise KilledError(for_memory=self._for_memory) from None
            raise
        self._lines = 0
        return found

    def _beside(self, found: Frame, made: MadeBy | None) -> bool:
        """Whether a frame is no answer; then it is done with. Raises BrokenWorkerError."""
        kind, body = found
        if kind == LINE:
            self._take_line(unpack_line(body))
        elif kind == LATE:
            pass  # nobody waits for the call any more
        elif kind == RAN:
            self._news.ran(unpack_ran(body))
        elif made is not None and kind == FETCH:
            self._send_source(body, made)
        elif made is not None and kind == REQUIRED:
            made.required(body)
        else:
            return False
        return True

    def _take_line(self, line: WorkerLine) -> None:
        self._lines += 1
        if self._lines > LINES_MAX:
            raise BrokenWorkerError("it logs without end")
        if self._held is None:
            self._news.line(line)
        else:
            self._held.append(line)

    def hold_lines(self) -> None:
        """Keep back what is logged until `release_lines`: what comes of the call may be thrown away."""
        self._held = []

    def drop_lines(self) -> None:
        """Forget what was held back: the call does not count."""
        self._held = None

    def release_lines(self) -> None:
        """Log what was held back, and all from now on."""
        held, self._held = self._held, None
        for line in held or ():
            self._news.line(line)

    def _send_source(self, name: bytes, made: MadeBy) -> None:
        """Send what the worker has asked for. Raises BrokenWorkerError for one that asks and does not read."""
        if not self._worker.reads:
            raise BrokenWorkerError("it asks for sources and does not read them")
        source = made.source(name)
        self._worker.send(frame(NO_SOURCE) if source is None else frame(SOURCE, source))

    def seconds(self) -> float:
        """Processor time that it has taken."""
        return self._worker.seconds()


def _verdict(found: Frame, good: int) -> WorkerVerdict | None:
    """The verdict on a module that is bad, None for an answer of kind ``good``. Raises BrokenWorkerError."""
    if found.kind == BAD:
        return unpack_bad(found.body)
    _expect(found.kind, good)
    return None


def _expect(kind: int, wanted: int) -> None:
    """Raises BrokenWorkerError for an answer of another kind."""
    if kind != wanted:
        raise BrokenWorkerError(f"an answer of kind {kind} in place of {wanted}")
