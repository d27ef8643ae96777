"""A Lua state in its sandbox, with a module.

The sandbox is written in Lua (`sandbox.lua` and the chunks it loads); Python gives it five functions (the time, the text
of modules, the log) that never raise and that modules never see. One crossing in, one crossing out: scalars and byte
strings only, because a table that leaves Lua would be wrapped outside any protected call.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from asudfd.lua.aerospike.result_check import fault_in, fault_of
from asudfd.lua.state import LuaError, compile_cached, new_state, sandbox_chunks

Scalar = None | bool | int | float | bytes
"""What an argument or a result of a function may be."""

TIMEOUT = b"UDF Execution Timeout"
OUT_OF_MEMORY = b"not enough memory"
TEXT_MAX = 2048
"""Bytes of an error's text that leave Lua; `sandbox.lua` cuts at the same size."""

REQUIRED_MAX = 1000
"""Names that one version of a module is known to have asked for; one that asks for more depends on every module."""

TRIAL_MEMORY = 2 << 20
"""Bytes in use above which a context is not tried on the event loop: one instruction may take long on long strings."""

_HEADROOM = 1 << 20
"""Bytes kept free before a call: lupa pushes arguments outside any protected call, where Lua would abort the process."""


class CallResult(NamedTuple):
    """How a body or a call ended: ``failed`` with a message (None when the error was no text), or with a value."""

    failed: bool
    value: Scalar


RecordView = tuple[bool, int, int, int, bytes, bytes, bytes, bytes, bool]
"""The record that a function is applied to, as it crosses into Lua: nine values, nothing converted.

    exists        False: the rest but the set name, the key and the digest is 0 or empty
    generation    1 to 65535
    ttl           seconds left, 0 when it never expires
    last update   milliseconds since 2010-01-01 UTC
    set name      empty: no set
    key           particle type byte and value: the stored key, else the one sent with the call, else empty
    digest        20 bytes
    bins          as `asudfd.record.record.Record` keeps them
    in memory     is the namespace's storage engine `memory`?
"""

UdfResult = tuple[int, int, bytes, int, bytes, int | None, bool, int]
"""What comes out of `Context.apply`:

    result code   0 the function's result follows, 100 its error text (a string) follows; any other code is the whole
                  answer: 2 no record was left to write, 4 bad ttl, 12 a value no bin can hold, 21 too many bins
    particle      type of the result, 0 (null) to 23; 3 for an error text; 0 with other codes
    value         bytes of that particle: an op named SUCCESS (code 0) or FAILURE (code 100) holds both
    action        NOTHING, WRITE or DELETE: what the call does to the record, as one write; NOTHING unless the code is 0
    bins          WRITE: all bins of the record afterwards, in the stored form; else empty
    ttl           None: `record.set_ttl` was not called, the policy's counts; else as on the wire: 0 the namespace's
                  default, 0xFFFFFFFF never, 0xFFFFFFFE unchanged, else seconds, at most ten years
    drop key      WRITE: the stored key goes (and one that was sent is not stored)
    state         for the host: REUSE the context, LATE the deadline passed during the call, BROKEN
"""

REUSE, LATE, BROKEN = range(3)
"""States of a context after a call."""

NOTHING, WRITE, DELETE = range(3)
"""Actions of `UdfResult`."""


UDF = 100
"""Result code of a call that failed in its module. Source: the wire specification, section 3.7."""

_STRING = 3


def failure(text: bytes, *, late: bool = False) -> UdfResult:
    """What a call that could not run comes to."""
    return UDF, _STRING, text, NOTHING, b"", None, False, LATE if late else BROKEN


class StreamResult(NamedTuple):
    """What a batch of a stream's records came to.

    ``messages`` are whole, one for every value that goes to the client. ``more`` tells that there is more to do with
    the batch. ``failure`` is the error text with which the aggregation ends, or empty.
    """

    messages: bytes
    more: bool
    failure: bytes


LuaLog = Callable[[int, str, str, str], None]
"""Takes a level (0 critical to 4 detail), the place in the module, a text, and the log's context: one of these."""

UDF_CONTEXT, STREAM_CONTEXT = "udf", "aggr"
"""Contexts of the lines that functions on records and on streams log. Source: the UDF specification, section 3."""


class ContextSettings(NamedTuple):
    """What every context of a host has in common; ``memory`` in bytes."""

    user_path: bytes
    memory: int
    unsafe: bool
    source: Callable[[bytes], bytes | None]
    log: LuaLog


class _Clock:
    """What the sandbox takes for the time: the monotonic clock, or in a trial the seconds since it first asked.

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
    """A Lua state with one module in it.

    ``required`` receives every name that the state asks for, found or not. ``usable`` turns False for good when a
    call ran out of time or memory. ``fresh_memory`` is the memory in use after the module's body. One thread at a time may use a context; Python's lock is free while Lua runs.
    """

    __slots__ = (
        "_apply",
        "_call",
        "_clock",
        "_collect",
        "_function",
        "_head",
        "_lines",
        "_memory",
        "_open_stream",
        "_pour",
        "_run",
        "_runtime",
        "_sethook",
        "_used",
        "_wipe",
        "fresh_memory",
        "usable",
    )

    def __init__(self, settings: ContextSettings, required: set[bytes]) -> None:
        (sandbox, *parts), api = sandbox_chunks()
        self._memory = settings.memory
        self._runtime = new_state(settings.memory)
        self.usable = True
        self.fresh_memory = 0
        self._function = self._head = b""  # of the stream
        self._clock = _Clock()
        self._lines = _Lines(settings.log)
        fetch, take = _module_texts(settings, required)
        verbs = self._runtime.execute(
            sandbox,
            *parts,
            settings.user_path,
            settings.memory,
            settings.unsafe,
            self._clock.now,
            _milliseconds,
            fetch,
            take,
            self._lines.write,
            *api,
            mode="b",
        )
        self._run, self._call, self._apply, self._open_stream, self._pour, *rest = verbs
        self._wipe, self._sethook, self._collect = rest
        self._used = self._runtime.get_memory_used

    def run(self, name: bytes, code: bytes, place: bytes | None, deadline: float) -> CallResult:
        """Run the body of module ``name``, bytecode ``code``, until ``deadline`` on the clock of `keep_time`.

        The body is given its name and ``place``; nothing if that is None.
        """
        return self._guarded(self._run, len(code) * 4, name, code, place, deadline)

    def call(self, function: bytes, deadline: float, arguments: tuple[Scalar, ...]) -> CallResult:
        """Call the global ``function`` until ``deadline`` (on the monotonic clock)."""
        size = sum(len(value) + 64 if type(value) is bytes else 64 for value in arguments)
        return self._guarded(self._call, size + len(function), function, deadline, *arguments)

    def apply(
        self, function: bytes, deadline: float, arguments: bytes, subject: RecordView, *, trial: bool
    ) -> UdfResult:
        """Apply the global ``function`` to a record until ``deadline`` (on the monotonic clock).

        A ``trial`` may take ``deadline`` seconds of the processor after its first look at the clock, which is within
        a millisecond; the context is not heavy. ``arguments`` is the msgpack list as it came. Log lines of a ``trial``
        are written when it ends in time, and dropped otherwise; those of another call are written at once.
        """
        if trial:
            self._clock.tried = 0.0
        else:
            self._clock.tried = None
            if not self._has_room(len(arguments) + len(subject[7]) + len(function)):
                self.usable = False
                return failure(OUT_OF_MEMORY)
        try:
            applied: UdfResult = self._apply(function, deadline, trial, arguments, *subject)
        except LuaError as error:  # as below
            self.usable = False
            return failure(OUT_OF_MEMORY if isinstance(error, MemoryError) else TIMEOUT, late=True)
        if applied[7]:
            self.usable = False
        fault = fault_of(applied, subject[7])
        return failure(self._refuse(fault, function)) if fault else applied

    def open_stream(self, function: bytes, arguments: bytes, head: bytes, *, in_memory: bool) -> None:
        """Prepare an aggregation by the global ``function``; ``head`` begins the message of each value.

        ``in_memory``: is the namespace's storage engine `memory`?
        """
        self._function, self._head = function, head
        if self._has_room(len(arguments)):
            self._open_stream(function, arguments, head, in_memory)
        else:
            self.usable = False

    def pour(self, batch: bytes, deadline: float) -> StreamResult:
        """Let records pass through the operations of an aggregation until ``deadline`` (on the monotonic clock).

        A ``batch`` is records as `asudfd.lua.aerospike.aggregation` packs them, and END behind those of a partition; empty to go on
        with the last one. A call ends when all is done, or after some 20 ms, or when there is enough to send.
        """
        if not self.usable or not self._has_room(2 * len(batch)):
            self.usable = False
            return StreamResult(b"", more=False, failure=OUT_OF_MEMORY)
        self._clock.tried = None
        self._lines.context = STREAM_CONTEXT
        try:
            messages, more, failed, state = self._pour(deadline, batch)
        except LuaError as error:  # as in `apply`
            self.usable = False
            return StreamResult(
                b"", more=False, failure=OUT_OF_MEMORY if isinstance(error, MemoryError) else TIMEOUT
            )
        finally:
            self._lines.context = UDF_CONTEXT
        if state:
            self.usable = False
        if state == LATE and not failed:
            failed = TIMEOUT
        fault = fault_in(messages, self._head)
        if fault:
            return StreamResult(b"", more=False, failure=self._refuse(fault, self._function))
        return StreamResult(messages, more=more, failure=failed or b"")

    def _refuse(self, fault: str, function: bytes) -> bytes:
        """The error of a call that handed back what no call may; its context is not used again."""
        self.usable = False
        text = f"the call handed back what cannot be stored or sent: {fault}".encode()
        self._lines.write(0, function, text)
        return text

    def keep_time(self, monotonic: Callable[[], float]) -> None:
        """Ask ``monotonic`` for the time from now on, once a millisecond outside trials.

        It may wait, and answer infinity: then the call ends at once, for want of memory.
        """
        self._clock.monotonic = monotonic

    @property
    def memory(self) -> int:
        """Bytes in use, garbage included; any thread may ask."""
        return int(self._used())

    def is_full(self) -> bool:
        """Whether so much memory is in use that calls may take long for want of it; as in `limit.lua`."""
        return bool(self._used() > self._memory // 16 * 13)

    def collect(self) -> None:
        """Free what is garbage."""
        with suppress(LuaError):  # no memory for it
            self._collect()

    def is_heavy(self) -> bool:
        """Whether it holds so much that it belongs in a worker thread."""
        return bool(self._used() > TRIAL_MEMORY)

    def _guarded(
        self, verb: Callable[..., tuple[int, Scalar, bool]], size: int, *arguments: Scalar
    ) -> CallResult:
        self._clock.tried = None
        if not self._has_room(size):
            self.usable = False
            return CallResult(failed=True, value=OUT_OF_MEMORY)
        try:
            code, value, late = verb(*arguments)
        except LuaError as error:
            # raised outside the sandbox's own protected call: after the deadline, or without memory
            self.usable = False
            text = OUT_OF_MEMORY if isinstance(error, MemoryError) else str(error).encode()[:TEXT_MAX]
            return CallResult(failed=True, value=text)
        self.usable = code != 2 and not late
        return CallResult(failed=code != 0, value=value)

    def _has_room(self, size: int) -> bool:
        room = self._memory - _HEADROOM - size
        if self._used() > room:
            self._collect()
        return bool(self._used() <= room)

    def close(self) -> None:
        """Free what modules made while Python's lock is free; closing the state itself would hold it."""
        self.usable = False
        self._clock.monotonic = time.monotonic  # the call's clock knows the call, and that this context
        try:
            self._sethook()  # a C function: no instruction runs that the hook of a timed-out state would refuse
            self._wipe()
        except LuaError:
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
            chunk = compile_cached(text, b"@" + settings.user_path + b"/" + name + b".lua")
        except Exception:  # noqa: BLE001 - the edge to Lua: an exception that crossed it would be a Python object there
            return None
        waiting[0] = chunk.code or b""
        return (False, chunk.message) if chunk.code is None else len(chunk.code)

    return fetch, lambda: waiting[0]


class _Lines:
    """What modules log."""

    __slots__ = ("_log", "context")

    def __init__(self, log: LuaLog) -> None:
        self._log = log
        self.context = UDF_CONTEXT

    def write(self, level: int, position: bytes, text: bytes) -> None:
        with suppress(Exception):  # the edge to Lua, as above; a log that fails must not fail the call
            line = position.decode("utf-8", "backslashreplace"), text.decode("utf-8", "backslashreplace")
            self._log(level, *line, self.context)
