"""The part of a Lua host that runs in threads: checks modules, makes contexts, and runs functions in them."""

from __future__ import annotations

import os
import time
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from asudfd.lua.call import StreamResult
from asudfd.lua.context import ContextSettings, LuaContext
from asudfd.lua.errors import NULL_MESSAGE
from asudfd.lua.module_check import check_body, compiled
from asudfd.lua.pool import RequiredNames
from asudfd.lua.previous_sources import PreviousSources
from asudfd.lua.profile_guard import HOLD_MAX
from asudfd.lua.scheduler import Scheduler, SchedulerSlot
from asudfd.lua.state import knows_bytecode

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.config.schema.lua import ModLua
    from asudfd.lua.budget import MemoryBudget
    from asudfd.lua.call import LuaCall
    from asudfd.lua.context import LuaLog
    from asudfd.lua.crossing import Crossing
    from asudfd.lua.line_coverage import LineCoverage
    from asudfd.lua.pool import ContextLease
    from asudfd.lua.stream import StreamCall

LINES_LOST = (
    "the bytecode of this build of Lua has an unknown format and stays as it is: "
    "an error in a library function that was called by `return f()` names no line"
)
"""Logged once; every limit on calls holds without the rewriting too."""

GROWN_MAX = 16 << 20
"""Bytes that a context may have grown by since its module's body ran, and still be kept: a sixth of `context-memory` as it
is by default."""


class NotReady(NamedTuple):
    """Why a call has no context: the ``text`` of its error, and a ``detail`` for the log."""

    text: bytes
    detail: bytes = b""


class TimedResult(NamedTuple):
    """A call that ran: its result, the processor's seconds that it took without the making of its context, and its memory."""

    result: Any
    seconds: float
    memory: int = 0


class Runner:
    """Checks modules, makes contexts and runs calls, each in a slot of the scheduler. ``source`` and ``log`` are as in `asudfd.lua.host.LuaHost`.

    ``asked`` gets the names that modules ask for with `require`; see `asudfd.lua.pool.RequiredNames`.
    """

    __slots__ = (
        "_asked",
        "_budget",
        "_known",
        "_lines",
        "_log",
        "_settings",
        "_shared",
        "_source",
        "crossing",
        "previous",
        "scheduler",
    )

    def __init__(
        self,
        settings: ModLua,
        source: Callable[[str], bytes | None],
        log: LuaLog,
        crossing: Crossing[Any],
        *,
        budget: MemoryBudget,
        asked: set[bytes],
    ) -> None:
        self.crossing = crossing
        self._settings = settings
        self._asked = asked
        self._source = source
        self.previous = PreviousSources()
        self._log = log
        self._budget = budget
        self.scheduler = Scheduler(settings.udf_threads, budget)
        self._lines = _coverage(settings.coverage_directory)
        self._shared = ContextSettings(
            os.fsencode(settings.user_path),
            settings.context_memory,
            settings.allow_unsafe_lua,
            lambda name: self.text_of(name.decode()),
            log,
            crossing,
            marks=self._lines.marks if self._lines is not None else None,
        )
        self._known = False  # has it been looked at whether the format of bytecode is known?

    def text_of(self, module: str) -> bytes | None:
        """The text of a module that can be called: dots and slashes in a name would mean directories."""
        return None if "." in module or "/" in module else self._source(module)

    def validate(self, name: bytes, content: bytes) -> None:
        """Load a module and run its body in a context of its own. Raises ModuleError."""
        self._look_at_bytecode()
        code = compiled(name, content, self.crossing)
        with SchedulerSlot(self.scheduler, inf) as slot:
            context = self._context(slot, RequiredNames(self._asked), self._shared)
            try:
                check_body(context, name, code, self._settings.body_max_ms)
            finally:
                self.close(context)

    def run(self, slot: SchedulerSlot, call: LuaCall, lease: ContextLease) -> TimedResult:
        """Do a call in the context of a lease, which is made if there is none."""
        failed, timeout = self.crossing.failed, self.crossing.timeout
        with slot:
            if slot.is_late():  # it waited for its slice, or nobody waits for it any more
                return TimedResult(failed(timeout), HOLD_MAX)
            reason = self._ready(slot, call.module, lease)
            if reason:
                return TimedResult(failed(reason.text, detail=reason.detail), 0.0)
            if slot.is_late():
                return TimedResult(failed(timeout), HOLD_MAX)
            assert lease.context is not None
            started = time.thread_time()
            result = lease.context.invoke(call, slot.deadline)
            used = time.thread_time() - started
            memory = _look_at_size(lease.context)
            return TimedResult(failed(timeout) if slot.is_given_up() else result, used, memory)

    def pour(self, slot: SchedulerSlot, stream: StreamCall, batch: bytes) -> StreamResult:
        """Let ``batch`` pass through a stream."""
        with slot:
            lease = stream.lease
            reason = self._ready(slot, stream.call.module, lease)
            if reason:
                return self.failed_stream(reason.text, reason.detail)
            assert lease.context is not None
            if not stream.opened:
                lease.context.open_stream(stream.call)
                stream.opened = True
            result = lease.context.pour(batch, slot.deadline)
            if slot.is_given_up():
                return self.failed_stream(self.crossing.timeout)
            return (
                result._replace(failure=self.crossing.stream_failed(result.failure))
                if result.failure
                else result
            )

    def failed_stream(self, text: bytes, detail: bytes = b"") -> StreamResult:
        """What a batch came to that could not pass."""
        return StreamResult(b"", more=False, failure=self.crossing.stream_failed(text), detail=detail)

    def close(self, context: LuaContext) -> None:
        """Free what a context holds."""
        if self._lines is not None:
            self._lines.take(context)
        context.close()
        self._budget.remove(context)

    def _ready(self, slot: SchedulerSlot, module: str, lease: ContextLease) -> NotReady | None:
        """Give ``lease`` a context, if it has none; answers why it cannot have one, if it cannot."""
        if lease.context is None:
            reason = self._make(slot, module, lease)
            if reason:
                return reason
        assert lease.context is not None
        slot.context = lease.context
        lease.context.keep_time(slot.now)
        return None

    def prewarm(self, module: str, lease: ContextLease) -> None:
        """Give ``lease`` a context, if one can be made; it is for a call that is still to come."""
        with SchedulerSlot(self.scheduler, inf) as slot:
            self._make(slot, module, lease)

    def _make(self, slot: SchedulerSlot, module: str, lease: ContextLease) -> NotReady | None:
        text = self.text_of(module)
        if text is None:
            return self._not_made(b"module '%s' not found" % os.fsencode(module))
        name = module.encode("utf-8", "surrogateescape")
        place = b"%s/%s.lua" % (self._shared.user_path, name)
        self._look_at_bytecode()
        chunk = self._shared.compiled(text, b"@" + place)
        if chunk.code is None:
            return self._not_made(chunk.message)
        for settings in self._settings_of(module):
            context = self._context(slot, lease.version.required, settings)
            result = context.run(name, chunk.code, place, self._body_deadline())
            if not result.failed and context.usable:
                context.fresh_memory = context.memory()
                lease.context = context
                return None
            self.close(context)
            if slot.is_late():
                return NotReady(self.crossing.timeout)
        return self._not_made(result.value if isinstance(result.value, bytes) else NULL_MESSAGE)

    def _settings_of(self, module: str) -> list[ContextSettings]:
        """What a context of ``module`` is tried with: the other modules as they are, then those that changed as they were."""
        previous = self.previous.known_to(module)
        if not previous:
            return [self._shared]
        before = self._shared._replace(
            source=lambda name: previous.get(name.decode()) or self.text_of(name.decode())
        )
        return [self._shared, before]

    def _context(self, slot: SchedulerSlot, required: set[bytes], settings: ContextSettings) -> LuaContext:
        make = LuaContext if self._lines is None else self._lines.context
        context = slot.context = make(settings, required)
        self._budget.add(context)
        context.keep_time(slot.own_now)
        return context

    def write_lines(self) -> None:
        """Write which lines have run, where that is asked for; when all threads have ended."""
        if self._lines is None:
            return
        try:
            self._lines.write()
        except OSError as error:
            self._log(1, "", f"which lines have run cannot be written: {error}", self.crossing.log_context)

    def _look_at_bytecode(self) -> None:
        """Log once what is lost where the bytecode of this Lua has another format than the one that is rewritten."""
        if not self._known:
            self._known = True
            if not knows_bytecode():
                self._log(1, "", LINES_LOST, self.crossing.log_context)

    def _body_deadline(self) -> float:
        """When a body that begins now has had its time, on the clock of `SchedulerSlot.own_now`."""
        return time.thread_time() + self._settings.body_max_ms / 1000

    def _not_made(self, message: bytes) -> NotReady:
        return NotReady(self.crossing.no_module, b"lua create error: " + message)


def _coverage(directory: str) -> LineCoverage | None:
    """What notes which lines run, where there is a directory for them."""
    if not directory:
        return None
    from asudfd.lua.line_coverage import LineCoverage  # for the coverage of tests alone

    return LineCoverage(directory)


def _look_at_size(context: LuaContext) -> int:
    """Have a context dropped that has grown large: what one call left behind is not kept for the next. Its size."""
    memory = context.memory()
    if context.usable and memory > context.fresh_memory + GROWN_MAX:
        context.collect()
        context.usable = context.memory() <= context.fresh_memory + GROWN_MAX
    return memory
