"""A context: a Lua state in its sandbox, with one module in it.

The sandbox is written in Lua (`sandbox.lua` and the chunks it loads). Python gives it five functions, which never raise
and which modules never see: two clocks, two for the source of required modules, and one for log lines. Scalars and byte strings
only cross, in either direction: a table that leaves Lua would be wrapped outside any protected call.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from asudfd.lua.call import LATE, OUT_OF_MEMORY, BodyResult, LuaCall, Scalar, StreamResult
from asudfd.lua.crossing import Crossing, WrongResultError
from asudfd.lua.sandbox import sandbox_chunks
from asudfd.lua.state import CompiledChunk, compile_cached, lua_error, new_state

if TYPE_CHECKING:
    from asudfd.lua.line_marks import LineMarks

TEXT_MAX = 2048
"""Bytes of an error's text that leave Lua; `sandbox.lua` cuts at the same size."""

REQUIRED_MAX = 1000
"""Names that one version of a module is known to have required; one that requires more depends on every module."""

TRIAL_MEMORY = 2 << 20
"""Bytes in use above which a context is not tried on the event loop, and a trial ends at the next hook: one instruction may take
long on long strings. A small module has some 400 KiB.
"""

GUARDED_MEMORY = 8 << 20
"""Bytes that a guarded context may take at most: a trial that lacks memory is given up. Mostly a hook ends it at TRIAL_MEMORY."""

_HEADROOM = 1 << 20
"""Bytes kept free before a call: lupa pushes arguments outside any protected call, where Lua would abort the process."""

_OK, _, _ENDED = range(3)
"""How a body ends, as `calls.lua` says it; after the last the state is not used again."""

LuaLog = Callable[[int, str, str, str], None]
"""Takes a level (0 critical to 4 detail), the place in the module, a text, and the log's context."""


class ContextSettings(NamedTuple):
    """Settings that all contexts of a host share; ``memory`` in bytes. ``prelude`` gets a state before anything is loaded.

    ``marks`` are put into modules, where it is to be known which lines run. ``guarded`` contexts are for trials on the event loop:
    library functions that may take long, or fail, give a trial up. In others modules have Lua's own functions, and whoever
    calls them bounds what hooks do not.
    """

    user_path: bytes
    memory: int
    unsafe: bool
    source: Callable[[bytes], bytes | None]
    log: LuaLog
    crossing: Crossing[Any]
    prelude: Callable[[Any], None] | None = None
    marks: "LineMarks | None" = None
    guarded: bool = False

    def compiled(self, text: bytes, name: bytes) -> CompiledChunk:
        """A module as contexts run it; ``name`` is its chunk name."""
        chunk = compile_cached(text, name, self.crossing.no_tail_calls, self.crossing.lua_version)
        if chunk.code is None or self.marks is None:
            return chunk
        return CompiledChunk(self.marks.put(chunk.code, text, name), b"")


class _Clock:
    """The time for the sandbox: the monotonic clock, or in a trial the seconds since the sandbox first asked.

    Those are seconds of the thread's processor time: a thread that had to wait for the processor has not held it.
    """

    __slots__ = ("monotonic", "tried")

    def __init__(self) -> None:
        self.monotonic: Callable[[], float] = time.monotonic
        self.tried: float | None = None  # 0: a trial that has not asked yet; None: no trial

    def now(self) -> float:
        if self.tried is None:
            return self.monotonic()
        used = time.thread_time()
        if not self.tried:
            self.tried = used
        return used - self.tried


class LuaContext:
    """A Lua state with one module in it. One thread at a time may use it; Python's lock is free while Lua runs.

    ``required`` receives every name that the state requires, found or not. ``usable`` turns False for good when a
    call ran out of time or memory, and ``late`` True where it was time, or a trial was given up. ``memory()`` is how many bytes are in use, garbage
    included; any thread may ask. ``fresh_memory`` is what it was after the module's body.
    """

    __slots__ = (
        "_clock",
        "_collect",
        "_crossing",
        "_error",
        "_invoke",
        "_lines",
        "_memory_max",
        "_open_stream",
        "_pour",
        "_result",
        "_run",
        "_runtime",
        "_sethook",
        "_stream",
        "_wipe",
        "fresh_memory",
        "late",
        "memory",
        "usable",
    )

    def __init__(self, settings: ContextSettings, required: set[bytes]) -> None:
        crossing = self._crossing = settings.crossing
        chunks = sandbox_chunks(crossing)
        memory = min(settings.memory, GUARDED_MEMORY) if settings.guarded else settings.memory
        self._memory_max = memory
        self._result = crossing.result
        self._error = lua_error(crossing.lua_version)
        self._runtime = new_state(memory, crossing.lua_version)
        if settings.prelude is not None:
            settings.prelude(self._runtime)
        self.usable = True
        self.late = False
        self.fresh_memory = 0
        self._stream: LuaCall | None = None
        self._clock = _Clock()
        self._lines = _LuaLines(settings.log, crossing.log_context)
        fetch, take = _module_texts(settings, required)
        verbs = self._runtime.execute(
            chunks.first,
            settings.user_path,
            memory,
            settings.unsafe,
            settings.guarded and TRIAL_MEMORY,
            crossing.timeout,
            self._clock.now,
            _milliseconds,
            fetch,
            take,
            self._lines.write,
            *chunks.others,
            mode="b",
        )
        self._run, self._invoke, self._open_stream, self._pour, *rest = verbs
        self._wipe, self._sethook, self._collect = rest
        self.memory: Callable[[], int] = self._runtime.get_memory_used

    def run(
        self, name: bytes, code: bytes, place: bytes | None, deadline: float, *, trial: bool = False
    ) -> BodyResult:
        """Run the body of module ``name``, bytecode ``code``, until ``deadline`` on the clock of `keep_time`.

        The body is given its name and ``place``; nothing if that is None. A ``trial`` has ``deadline`` seconds as in `try_out`; one
        that is given up leaves the context `late`.
        """
        self._clock.tried = 0.0 if trial else None
        if not self._has_room(len(code) * 4):
            self.usable = False
            self.late = trial
            return BodyResult(failed=True, value=OUT_OF_MEMORY)
        try:
            status, value, late = self._run(name, code, place, deadline, trial)
        except self._error as error:
            # raised outside the sandbox's own protected call: after the deadline, or without memory
            self.usable = False
            self.late = True
            text = OUT_OF_MEMORY if isinstance(error, MemoryError) else str(error).encode()[:TEXT_MAX]
            return BodyResult(failed=True, value=text)
        self.usable = status != _ENDED and not late
        self.late = late or (trial and not self.usable)
        return BodyResult(failed=status != _OK, value=value)

    def invoke(self, call: LuaCall, deadline: float) -> Any:
        """Do a call until ``deadline`` (on the monotonic clock); answers what the crossing makes of its result."""
        self._clock.tried = None
        if not self._has_room(call.size + len(call.function)):
            self.usable = False
            return self._crossing.failed(OUT_OF_MEMORY)
        return self._invoked(call.function, deadline, False, call.arguments, call.view)

    def try_out(self, function: bytes, seconds: float, arguments: bytes, view: tuple[Scalar, ...]) -> Any:
        """Do a call as a trial, in ``seconds`` of the processor after its first look at the clock, within a millisecond.

        The context has no more than TRIAL_MEMORY. Log lines of a trial are written when it ends in time, and dropped otherwise; those of
        another call are written at once.
        """
        self._clock.tried = 0.0
        return self._invoked(function, seconds, True, arguments, view)

    def _invoked(
        self, function: bytes, deadline: float, trial: bool, arguments: bytes, view: tuple[Scalar, ...]
    ) -> Any:
        try:
            raw = self._invoke(function, deadline, trial, arguments, *view)
        except self._error as error:  # as in `run`
            self.usable = False
            self.late = True
            return self._crossing.failed(self._text_of(error), late=True)
        state = raw[-1]
        if state:
            self.usable = False
            self.late = trial or state == LATE
        try:
            return self._result(raw, view)
        except WrongResultError as error:
            return self._crossing.failed(self._refuse(error, function))

    def open_stream(self, call: LuaCall) -> None:
        """Prepare a stream, for `pour`."""
        self._stream = call
        if self._has_room(len(call.arguments)):
            self._open_stream(call.function, call.arguments, *call.view)
        else:
            self.usable = False

    def pour(self, batch: bytes, deadline: float) -> StreamResult:
        """Let a batch pass through the stream until ``deadline`` (on the monotonic clock).

        An empty ``batch`` goes on with the last one. A call ends when all is done, or after some 20 ms, or when there is
        enough to send.
        """
        assert self._stream is not None
        if not self.usable or not self._has_room(2 * len(batch)):
            self.usable = False
            return StreamResult(b"", more=False, failure=OUT_OF_MEMORY)
        self._clock.tried = None
        self._lines.context = self._crossing.stream_log_context
        try:
            messages, more, failed, detail, state = self._pour(deadline, batch)
        except self._error as error:  # as in `run`
            self.usable = False
            return StreamResult(b"", more=False, failure=self._text_of(error))
        finally:
            self._lines.context = self._crossing.log_context
        if state:
            self.usable = False
        if state == LATE and not failed:
            failed = self._crossing.timeout
        try:
            self._crossing.check_messages(messages, self._stream.view)
        except WrongResultError as error:
            return StreamResult(b"", more=False, failure=self._refuse(error, self._stream.function))
        return StreamResult(messages, more=more, failure=failed or b"", detail=detail or b"")

    def _text_of(self, error: Exception) -> bytes:
        return OUT_OF_MEMORY if isinstance(error, MemoryError) else self._crossing.timeout

    def _refuse(self, error: WrongResultError, function: bytes) -> bytes:
        """The error of a call that handed back what no call may; its context is not used again."""
        self.usable = self.late = False  # not late: this error is the answer, and the call is not done anew
        text = f"the call handed back what cannot be stored or sent: {error}".encode()
        self._lines.write(0, function, text)
        return text

    def keep_time(self, monotonic: Callable[[], float]) -> None:
        """Ask ``monotonic`` for the time from now on, once a millisecond outside trials.

        It may wait, and answer infinity: then the call ends at once, for want of memory.
        """
        self._clock.monotonic = monotonic

    def collect(self) -> None:
        """Free what is garbage."""
        with suppress(self._error):  # no memory for it
            self._collect()

    def _has_room(self, size: int) -> bool:
        room = self._memory_max - _HEADROOM - size
        if self.memory() > room:
            self._collect()
        return self.memory() <= room

    def close(self) -> None:
        """Free what modules made while Python's lock is free; closing the state itself would hold it."""
        self.usable = False
        self._clock.monotonic = time.monotonic  # the call's clock knows the call, and that this context
        try:
            self._sethook()  # a C function: no instruction runs that the hook of a timed-out state would refuse
            self._wipe()
        except self._error:
            return  # no memory even to clean up: the state goes with the last reference to it


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


def _module_texts(
    settings: ContextSettings, required: set[bytes]
) -> tuple[Callable[[bytes], object], Callable[[], bytes]]:
    """`fetch` gives the size of a module's bytecode (None: no such module; False and a message), `take` the bytecode.

    Two steps, so that the sandbox can see whether its memory suffices before the host hands the text over.
    """
    waiting = [b""]

    def fetch(name: bytes) -> object:
        try:
            if len(required) < REQUIRED_MAX:
                required.add(name)
            text = settings.source(name)
            if text is None:
                return None
            chunk = settings.compiled(text, b"@" + settings.user_path + b"/" + name + b".lua")
        except Exception:  # noqa: BLE001 - the edge to Lua: an exception that crossed it would be a Python object there
            return None
        waiting[0] = chunk.code or b""
        return (False, chunk.message) if chunk.code is None else len(chunk.code)

    return fetch, lambda: waiting[0]


class _LuaLines:
    """Log lines of modules, handed on as text."""

    __slots__ = ("_log", "context")

    def __init__(self, log: LuaLog, context: str) -> None:
        self._log = log
        self.context = context

    def write(self, level: int, position: bytes, text: bytes) -> None:
        with suppress(Exception):  # the edge to Lua, as above; a log that fails must not fail the call
            line = position.decode("utf-8", "backslashreplace"), text.decode("utf-8", "backslashreplace")
            self._log(level, *line, self.context)
