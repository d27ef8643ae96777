"""What a Lua host does in its threads: checks modules, makes contexts, and runs functions in them, each in its slot."""

from __future__ import annotations

import os
import time
from math import inf
from typing import TYPE_CHECKING

from asudfd.lua.context import (
    OUT_OF_MEMORY,
    TIMEOUT,
    UDF_CONTEXT,
    CallResult,
    ContextSettings,
    LuaContext,
    LuaLog,
    RecordView,
    Scalar,
    StreamResult,
    UdfResult,
    failure,
)
from asudfd.lua.errors import NO_MODULE, NULL_MESSAGE, STREAM_FAILED, ModuleError, compile_error
from asudfd.lua.pool import RequiredNames
from asudfd.lua.previous_sources import PreviousSources
from asudfd.lua.profile_guard import HOLD_MAX
from asudfd.lua.scheduler import Scheduler, Slot
from asudfd.lua.state import compile_cached, compile_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.config.schema.lua import ModLua
    from asudfd.lua.aerospike.aggregation import Aggregation
    from asudfd.lua.budget import MemoryBudget
    from asudfd.lua.pool import ContextLease

COMPILE_SECONDS = 1.0
"""Processor seconds that a module may take to compile; a megabyte of ordinary code takes a tenth.

The compiler cannot be interrupted, and some 170 nested functions with 190 locals each keep it busy for five seconds. A
module that took longer than this is refused, so it is compiled this once, and never by a call.
"""

GROWN_MAX = 16 << 20
"""Bytes that a context may have grown by since its module's body ran, and still be kept."""


class Runner:
    """The part of a host that runs in threads. ``source`` and ``log`` are as in `asudfd.lua.host.LuaHost`.

    ``asked`` gets the names that modules ask for with `require`; see `asudfd.lua.pool.Required`.
    """

    __slots__ = ("_asked", "_budget", "_log", "_settings", "_shared", "_source", "previous", "scheduler")

    def __init__(
        self,
        settings: ModLua,
        source: Callable[[str], bytes | None],
        log: LuaLog,
        budget: MemoryBudget,
        asked: set[bytes],
    ) -> None:
        self._settings = settings
        self._asked = asked
        self._source = source
        self.previous = PreviousSources()
        self._log = log
        self._budget = budget
        self.scheduler = Scheduler(settings.udf_threads, budget)
        self._shared = ContextSettings(
            os.fsencode(settings.user_path),
            settings.context_memory,
            settings.allow_unsafe_lua,
            lambda name: self.text_of(name.decode()),
            log,
        )

    def text_of(self, module: str) -> bytes | None:
        """The text of a module that can be called: dots and slashes in a name would mean directories."""
        return None if "." in module or "/" in module else self._source(module)

    def validate(self, name: bytes, content: bytes) -> None:
        """Load a module and run its body in a context of its own. Raises CompileError."""
        began = time.thread_time()
        chunk = compile_text(content, name)
        if chunk.code is None:
            raise compile_error(chunk.message)
        if time.thread_time() - began > COMPILE_SECONDS:
            raise ModuleError(name, 0, b"module takes more than %g s to compile" % COMPILE_SECONDS)
        with Slot(self.scheduler, inf) as slot:
            context = self._context(slot, RequiredNames(self._asked), self._shared)
            outcome = context.run(name, chunk.code, None, self._body_deadline())
            usable = context.usable
            self.close(context)
        if not usable and outcome.value != OUT_OF_MEMORY:
            raise ModuleError(name, 0, b"module body did not end within %d ms" % self._settings.body_max_ms)
        if outcome.failed:
            raise compile_error(outcome.value if isinstance(outcome.value, bytes) else None)

    def call(
        self, slot: Slot, module: str, function: str, values: tuple[Scalar, ...], lease: ContextLease
    ) -> CallResult:
        """Call ``function`` in the context of a lease, which is made if there is none."""
        with slot:
            reason = self._ready(slot, module, lease)
            if reason:
                return CallResult(failed=True, value=reason)
            assert lease.context is not None
            outcome = lease.context.call(function.encode("utf-8", "surrogateescape"), slot.deadline, values)
            _look_at_size(lease.context)
            return CallResult(failed=True, value=TIMEOUT) if slot.is_given_up() else outcome

    def apply(
        self, slot: Slot, module: str, call: tuple[bytes, bytes, RecordView], lease: ContextLease
    ) -> tuple[UdfResult, float]:
        """What the call comes to, and the processor's seconds that it took without the making of its context."""
        with slot:
            if slot.is_late():  # it waited for its slot, or nobody waits for it any more
                return failure(TIMEOUT), HOLD_MAX
            reason = self._ready(slot, module, lease)
            if reason:
                return failure(reason), 0.0
            if slot.is_late():
                return failure(TIMEOUT), HOLD_MAX
            assert lease.context is not None
            function, arguments, subject = call
            started = time.thread_time()
            applied = lease.context.apply(function, slot.deadline, arguments, subject, trial=False)
            used = time.thread_time() - started
            _look_at_size(lease.context)
            return (failure(TIMEOUT) if slot.is_given_up() else applied), used

    def pour(self, slot: Slot, stream: Aggregation, batch: bytes) -> StreamResult:
        """Let ``batch`` pass through the operations of an aggregation."""
        with slot:
            lease = stream.lease
            reason = self._ready(slot, stream.module, lease)
            if reason:
                text = reason if reason == NO_MODULE else STREAM_FAILED + reason
                return StreamResult(b"", more=False, failure=text)
            assert lease.context is not None
            if not stream.opened:
                lease.context.open_stream(
                    stream.function, stream.arguments, stream.head, in_memory=stream.in_memory
                )
                stream.opened = True
            poured = lease.context.pour(batch, slot.deadline)
            if slot.is_given_up():
                return StreamResult(b"", more=False, failure=STREAM_FAILED + TIMEOUT)
            return poured._replace(failure=STREAM_FAILED + poured.failure) if poured.failure else poured

    def close(self, context: LuaContext) -> None:
        """Free what a context holds."""
        context.close()
        self._budget.remove(context)

    def _ready(self, slot: Slot, module: str, lease: ContextLease) -> bytes:
        """Give ``lease`` a context, if it has none; answers why it cannot have one, or nothing."""
        if lease.context is None:
            reason = self._make(slot, module, lease)
            if reason:
                return reason
        assert lease.context is not None
        slot.context = lease.context
        lease.context.keep_time(slot.now)
        return b""

    def prewarm(self, module: str, lease: ContextLease) -> None:
        """Give ``lease`` a context, if one can be made; it is for a call that is still to come."""
        with Slot(self.scheduler, inf) as slot:
            self._make(slot, module, lease, quiet=True)

    def _make(self, slot: Slot, module: str, lease: ContextLease, *, quiet: bool = False) -> bytes:
        text = self.text_of(module)
        if text is None:
            return (
                NO_MODULE if quiet else self._not_made(module, b"module '%s' not found" % os.fsencode(module))
            )
        name = module.encode("utf-8", "surrogateescape")
        place = b"%s/%s.lua" % (self._shared.user_path, name)
        chunk = compile_cached(text, b"@" + place)
        if chunk.code is None:
            return NO_MODULE if quiet else self._not_made(module, chunk.message)
        for settings in self._settings_of(module):
            context = self._context(slot, lease.version.required, settings)
            outcome = context.run(name, chunk.code, place, self._body_deadline())
            if not outcome.failed and context.usable:
                context.fresh_memory = context.memory
                lease.context = context
                return b""
            self.close(context)
            if slot.is_late():
                return TIMEOUT
        if quiet:
            return NO_MODULE
        return self._not_made(module, outcome.value if isinstance(outcome.value, bytes) else NULL_MESSAGE)

    def _settings_of(self, module: str) -> list[ContextSettings]:
        """What a context of ``module`` is tried with: the other modules as they are, then those that changed as they were."""
        previous = self.previous.known_to(module)
        if not previous:
            return [self._shared]
        before = self._shared._replace(
            source=lambda name: previous.get(name.decode()) or self.text_of(name.decode())
        )
        return [self._shared, before]

    def _context(self, slot: Slot, required: set[bytes], settings: ContextSettings) -> LuaContext:
        context = slot.context = LuaContext(settings, required)
        self._budget.add(context)
        context.keep_time(slot.own_now)
        return context

    def _body_deadline(self) -> float:
        """When a body that begins now has had its time, on the clock of `Turn.own_now`."""
        return time.thread_time() + self._settings.body_max_ms / 1000

    def _not_made(self, module: str, message: bytes) -> bytes:
        self._log(1, module, f"lua create error: {message.decode('utf-8', 'backslashreplace')}", UDF_CONTEXT)
        return NO_MODULE


def _look_at_size(context: LuaContext) -> None:
    """Have a context dropped that has grown large: what one call left behind is not kept for the next."""
    if context.usable and context.memory > context.fresh_memory + GROWN_MAX:
        context.collect()
        context.usable = context.memory <= context.fresh_memory + GROWN_MAX
