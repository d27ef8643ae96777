"""The Lua host of a node: checks modules at `udf-put`, and calls their functions in cached contexts.

    validate    load and run a module's body in a context of its own
    call        run a function of a module in one of the module's contexts
    forget      a module changed or went: drop its contexts, and those of modules that required it
    clear       drop every context

Lua runs in worker threads; only the event loop touches the pools. A call that is under way when its context is dropped
finishes on it.
"""

import asyncio
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from asinfo.errors import Error
from daemon.config.schema.lua import ModLua
from daemon.lua.pool import HOLD_MAX, ContextStatistics, Lease, Pool
from daemon.lua.runtime import (
    LATE,
    OUT_OF_MEMORY,
    REQUIRED_MAX,
    TEXT_MAX,
    TIMEOUT,
    Applied,
    Context,
    Outcome,
    Poured,
    Settings,
    Subject,
    Value,
    compile_cached,
    compile_text,
    failure,
)
from daemon.lua.stream import Stream

THREADS_MAX = 128
"""Worker threads of a host, made as calls overlap; further calls wait for one."""

NICENESS = 10
"""How much less urgent a worker thread is than the event loop, in steps of nice(2).

With two modules that loop, the event loop is late by 0.2 ms in 99 of 100 turns; without, by 3 ms (two processors).
"""

TRIAL_SECONDS = 0.0005
"""Processor time that a call on the event loop may take after its first look at the clock: HOLD_MAX, or a little more."""

LONG_SECONDS = 0.002
"""A call on the event loop that takes so long on the wall makes its function a suspect."""

NO_MODULE = b"UDF: Execution Error 1"
"""The module is unknown, or its body failed. Source: the UDF specification, section 5."""

STREAM_FAILED = b"UDF: Execution Error 2 : "
"""Begins the error text of an aggregation. Source: the UDF specification, section 4."""

MESSAGE_SIZE_MAX = 1023
"""Bytes of a compile error's message. Source: the info protocol specification, section 3."""

FIRST_LINE_SIZE_MAX = 256
"""Bytes of a message that names no place."""

NULL_MESSAGE = b"(Null error message returned by lua)"

_Answer = TypeVar("_Answer")
_monotonic, _thread_time = time.monotonic, time.thread_time

VALIDATIONS_MAX = 4
"""Threads that check modules: their own, so that neither calls nor `udf-put` wait for the others' threads."""

GRACE_SECONDS = 0.05
"""How long after its deadline a call in a thread may end and still count: Lua looks at the clock now and then only."""

COMPILE_SECONDS = 1.0
"""Processor seconds that a module may take to compile; a megabyte of ordinary code takes a tenth.

The compiler cannot be interrupted, and some 170 nested functions with 190 locals each keep it busy for five seconds. A
module that took longer than this is refused, so it is compiled this once, and never by a call.
"""

INLINE_BYTES_MAX = 65536
"""Arguments and bins of a call that is tried on the event loop."""

_PLACED = re.compile(rb'\[string "([^"]*)".*?\]:(\d{1,9}): (.*)', re.DOTALL)
_NOT_IN_A_NAME = re.compile(rb"[\x00-\x1f\x7f;]")


class CompileError(Error):
    """A module does not compile, or its body fails: chunk name, line (0: unknown) and Lua's message."""

    def __init__(self, file: bytes, line: int, message: bytes) -> None:
        super().__init__(f"{file!r}:{line}: {message!r}")
        self.file = file
        self.line = line
        self.message = message


class CallError(Error):
    """A call failed; ``text`` is what the client reads."""

    def __init__(self, text: bytes) -> None:
        super().__init__(text.decode("utf-8", "backslashreplace"))
        self.text = text


def _compile_error(message: bytes | None) -> CompileError:
    """Lua's message, taken apart as the real server does: file, line and text, or a first line without a place."""
    text = NULL_MESSAGE if message is None else message[:TEXT_MAX]
    placed = _PLACED.match(text)
    if placed:
        # the module may have written the name: a reply stays one line of three fields
        file = _NOT_IN_A_NAME.sub(b"?", placed[1])
        return CompileError(file, int(placed[2]), placed[3][:MESSAGE_SIZE_MAX])
    return CompileError(b"", 0, text.partition(b"\n")[0][:FIRST_LINE_SIZE_MAX])


def _passable(value: Value) -> Value:
    """A value as it may cross into Lua; anything else would arrive there as a Python object.

    Raises TypeError, and OverflowError for an integer that does not fit in 64 bits.
    """
    if value is not None and type(value) not in {bool, int, float, bytes}:
        raise TypeError(f"{type(value).__name__} cannot be passed to Lua")
    if type(value) is int and not -(1 << 63) <= value < 1 << 63:
        raise OverflowError(f"{value} does not fit in 64 bits")
    return value


def _be_nice() -> None:
    """A module that loops must not take the processor from the event loop."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


class LuaHost:
    """Contexts of all modules of one node.

    ``source`` gives the text of a registered module by its name without `.lua`; it is asked from worker threads.
    ``log`` takes a level (0 critical to 4 detail), the place in the module and a text, also from worker threads.
    """

    def __init__(
        self,
        settings: ModLua,
        source: Callable[[str], bytes | None],
        log: Callable[[int, str, str], None],
    ) -> None:
        self._settings = settings
        self._source = source
        self._log = log
        self._pools: dict[str, Pool] = {}
        self._stopping = False
        self.streams = 0  # aggregations that have a context
        self._threads = ThreadPoolExecutor(THREADS_MAX, "lua", initializer=_be_nice)
        self._checkers = ThreadPoolExecutor(VALIDATIONS_MAX, "lua-put", initializer=_be_nice)
        self._shared = Settings(
            os.fsencode(settings.user_path),
            settings.context_memory,
            settings.allow_unsafe_lua,
            self._text,
            log,
        )

    async def validate(self, filename: str, content: bytes) -> None:
        """Load ``content`` and run it, as `udf-put` does; raises CompileError."""
        name = filename.encode("utf-8", "surrogateescape")
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._checkers, self._validate, name, content)

    async def call(
        self, module: str, function: str, arguments: Sequence[Value], deadline_seconds: float
    ) -> Value:
        """Call a global ``function`` of ``module``; it may take ``deadline_seconds`` from now.

        Raises CallError. The first result counts; one that is neither a scalar nor a string becomes None.
        """
        deadline = time.monotonic() + deadline_seconds
        values = tuple(_passable(value) for value in arguments)
        pool = self._pools.get(module) or self._new_pool(module)
        lease = pool.take()
        work = self._in_thread(lambda: self._call(module, function, values, deadline, lease))
        # the lease ends with the work, also when nobody waits for the answer any more
        work.add_done_callback(lambda _: self._end(pool, lease))
        outcome = await asyncio.shield(work)
        if outcome.failed:
            raise CallError(outcome.value if isinstance(outcome.value, bytes) else b"")
        return outcome.value

    def apply_inline(
        self, module: str, function: bytes, arguments: bytes, subject: Subject
    ) -> Applied | None:
        """Apply ``function`` to a record here and now, on the event loop, if that takes no longer than HOLD_MAX.

        Answers None when the call belongs in a worker thread: no context is ready, the function ran long before, or
        it turned out to now; then nothing has happened, and `apply` is to be asked, the record's digest locked.
        ``arguments`` is the msgpack list of the call, as it came. See `daemon.lua.runtime` for both tuples.
        """
        pool = self._pools.get(module)
        if pool is None or function in pool.version.slow:
            return None
        if len(arguments) + len(subject[7]) > INLINE_BYTES_MAX:
            return None
        context = pool.take_idle()
        if context is None:
            return None
        if context.is_heavy():
            pool.put_back(context)
            return None
        suspect = function in pool.version.suspects
        clock = _thread_time if suspect else _monotonic
        began = clock()
        applied = context.apply(function, TRIAL_SECONDS, arguments, subject, trial=True)
        seconds = clock() - began
        if suspect or seconds > LONG_SECONDS or applied[7] == LATE:
            # it may be slow in so few instructions that nothing stopped it
            pool.version.judge(function, HOLD_MAX * 2 if applied[7] == LATE else seconds)
        if not pool.give_idle(context):
            self._close([context])
            if applied[7] == LATE:
                return None
        return applied

    async def apply(
        self, module: str, function: bytes, arguments: bytes, subject: Subject, deadline_seconds: float
    ) -> Applied:
        """Apply ``function`` to a record in a worker thread; it may take ``deadline_seconds`` from now.

        Never raises for what a module does: errors, time-outs and missing modules are result code 100 with their text.
        The caller holds the record's lock meanwhile, and then does what the answer's action says. A call that ends
        too late, or still waits for a context or a thread then, is a time-out and changes nothing.
        """
        deadline = time.monotonic() + deadline_seconds
        pool = self._pools.get(module) or self._new_pool(module)
        try:
            async with asyncio.timeout(deadline_seconds):
                lease = await pool.wait()
        except TimeoutError:
            return failure(TIMEOUT)
        if self._stopping:
            self._end(pool, lease)
            return failure(TIMEOUT)
        work = self._in_thread(lambda: self._apply(module, deadline, lease, (function, arguments, subject)))
        work.add_done_callback(lambda _: self._end(pool, lease))
        await asyncio.wait((work,), timeout=deadline + GRACE_SECONDS - time.monotonic())
        if not work.done() or time.monotonic() > deadline + GRACE_SECONDS:
            return failure(TIMEOUT)
        applied, seconds = work.result()
        if seconds < HOLD_MAX / 2:
            lease.version.note_quick(function)
        return applied

    def open_stream(
        self, module: str, function: bytes, arguments: bytes, head: bytes, *, in_memory: bool
    ) -> Stream:
        """Begin an aggregation; `close_stream` must end it. See `daemon.lua.runtime.Context.open_stream`."""
        pool = self._pools.get(module) or self._new_pool(module)
        self.streams += 1
        return Stream(module, function, arguments, head, in_memory, pool, pool.take())

    async def pour(self, stream: Stream, batch: bytes, deadline_seconds: float) -> Poured:
        """Let a batch of records pass through the operations of an aggregation, in a worker thread.

        An empty ``batch`` goes on with the last one. Never raises for what a module does. After a failure, the stream
        takes nothing more.
        """
        if self._stopping:
            return Poured(b"", more=False, failure=STREAM_FAILED + TIMEOUT)
        deadline = time.monotonic() + deadline_seconds
        stream.work = self._in_thread(lambda: self._pour(stream, batch, deadline))
        return await asyncio.shield(stream.work)

    def close_stream(self, stream: Stream) -> None:
        """End an aggregation; what is under way ends by itself."""
        self.streams -= 1
        if stream.work is None:
            self._end(stream.pool, stream.lease)
        else:
            stream.work.add_done_callback(lambda _: self._end(stream.pool, stream.lease))

    def forget(self, module: str) -> None:
        """Drop the contexts of a module that has changed, and those of the modules that asked for it."""
        name = module.encode("utf-8", "surrogateescape")
        for pool in list(self._pools.values()):
            required = pool.version.required
            if pool.module == module or name in required or len(required) >= REQUIRED_MAX:
                self._renew(pool)

    def clear(self) -> None:
        """Drop every context; the next calls make new ones."""
        for pool in list(self._pools.values()):
            self._renew(pool)

    def trim(self) -> None:
        """Drop contexts beyond the kept count that no call has needed since the last time; for a ticker."""
        for pool in self._pools.values():
            self._close(pool.trim())

    def statistics(self) -> list[ContextStatistics]:
        """Figures of every module that was called."""
        return [pool.statistics() for pool in self._pools.values()]

    async def stop(self) -> None:
        """Wait for what is under way, which its deadline ends, and end the threads."""
        self.clear()
        self._stopping = True
        self._checkers.shutdown(wait=False)
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._checkers.shutdown)

    def _in_thread(self, work: Callable[[], _Answer]) -> asyncio.Future[_Answer]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _new_pool(self, module: str) -> Pool:
        settings = self._settings
        kept = (settings.context_count, settings.context_max) if settings.cache_enabled else (0, 0)
        pool = self._pools[module] = Pool(module, *kept)
        return pool

    def _end(self, pool: Pool, lease: Lease) -> None:
        context = pool.give(lease)
        if context is not None:
            self._close([context])
        self._leave_out(pool)

    def _renew(self, pool: Pool) -> None:
        self._close(pool.renew())
        self._leave_out(pool)

    def _leave_out(self, pool: Pool) -> None:
        """Names that clients make up must not gather."""
        if pool.is_empty() and self._pools.get(pool.module) is pool and self._text_of(pool.module) is None:
            del self._pools[pool.module]

    def _close(self, contexts: Iterable[Context]) -> None:
        for context in contexts:
            if not self._stopping:
                self._threads.submit(context.close)

    # What follows runs in worker threads.

    def _text_of(self, module: str) -> bytes | None:
        """The text of a module that can be called: dots and slashes in a name would mean directories."""
        return None if "." in module or "/" in module else self._source(module)

    def _text(self, name: bytes) -> bytes | None:
        return self._text_of(name.decode())

    def _validate(self, name: bytes, content: bytes) -> Outcome:
        began = time.thread_time()
        chunk = compile_text(content, name)
        if chunk.code is None:
            raise _compile_error(chunk.message)
        if time.thread_time() - began > COMPILE_SECONDS:
            raise CompileError(name, 0, b"module takes more than %g s to compile" % COMPILE_SECONDS)
        context = Context(self._shared, set())
        outcome = context.run(name, chunk.code, name, self._body_deadline())
        usable = context.usable
        context.close()
        if not usable and outcome.value != OUT_OF_MEMORY:
            raise CompileError(name, 0, b"module body did not end within %d ms" % self._settings.body_max_ms)
        if outcome.failed:
            raise _compile_error(outcome.value if isinstance(outcome.value, bytes) else None)
        return outcome

    def _body_deadline(self) -> float:
        return time.monotonic() + self._settings.body_max_ms / 1000

    def _call(
        self, module: str, function: str, values: tuple[Value, ...], deadline: float, lease: Lease
    ) -> Outcome:
        if lease.context is None:
            reason = self._make(module, deadline, lease)
            if reason:
                return Outcome(failed=True, value=reason)
        assert lease.context is not None
        return lease.context.call(function.encode("utf-8", "surrogateescape"), deadline, values)

    def _apply(
        self, module: str, deadline: float, lease: Lease, call: tuple[bytes, bytes, Subject]
    ) -> tuple[Applied, float]:
        """What the call comes to, and the processor's seconds that it took without the making of its context."""
        if time.monotonic() >= deadline:  # it waited for this thread
            return failure(TIMEOUT), HOLD_MAX
        if lease.context is None:
            reason = self._make(module, deadline, lease)
            if reason:
                return failure(reason), 0.0
            if time.monotonic() >= deadline:
                return failure(TIMEOUT), HOLD_MAX
        assert lease.context is not None
        function, arguments, subject = call
        started = time.thread_time()
        applied = lease.context.apply(function, deadline, arguments, subject, trial=False)
        return applied, time.thread_time() - started

    def _pour(self, stream: Stream, batch: bytes, deadline: float) -> Poured:
        lease = stream.lease
        if lease.context is None:
            reason = self._make(stream.module, deadline, lease)
            if reason:
                text = reason if reason == NO_MODULE else STREAM_FAILED + reason
                return Poured(b"", more=False, failure=text)
        assert lease.context is not None
        if not stream.opened:
            lease.context.open_stream(
                stream.function, stream.arguments, stream.head, in_memory=stream.in_memory
            )
            stream.opened = True
        poured = lease.context.pour(batch, deadline)
        return poured._replace(failure=STREAM_FAILED + poured.failure) if poured.failure else poured

    def _make(self, module: str, deadline: float, lease: Lease) -> bytes:
        """Make the context of a lease; answers why it could not be made, or nothing."""
        text = self._text_of(module)
        if text is None:
            return NO_MODULE
        name = module.encode("utf-8", "surrogateescape")
        place = b"%s/%s.lua" % (self._shared.user_path, name)
        chunk = compile_cached(text, b"@" + place)
        if chunk.code is None:
            return self._not_made(module, chunk.message)
        context = Context(self._shared, lease.version.required)
        outcome = context.run(name, chunk.code, place, min(deadline, self._body_deadline()))
        if not outcome.failed and context.usable:
            lease.context = context
            return b""
        context.close()
        if time.monotonic() >= deadline:
            return TIMEOUT
        return self._not_made(module, outcome.value if isinstance(outcome.value, bytes) else NULL_MESSAGE)

    def _not_made(self, module: str, message: bytes) -> bytes:
        self._log(1, module, f"lua create error: {message.decode('utf-8', 'backslashreplace')}")
        return NO_MODULE
