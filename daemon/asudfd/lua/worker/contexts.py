"""What a worker does: checks modules, makes contexts, and runs functions in them. All in the worker's process."""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING, Any

from asudfd.lua.context import ContextSettings, LuaContext
from asudfd.lua.crossing import WrongResultError
from asudfd.lua.errors import NULL_MESSAGE
from asudfd.lua.module_check import check_body, compiled
from asudfd.lua.worker.frames import (
    COMPILED,
    FETCH,
    LATE,
    LINE,
    MADE,
    NOT_MADE,
    PACKED_MAX,
    POURED,
    RAN,
    READY,
    REQUIRED,
    SOURCE,
    ContextState,
    LinesRan,
    PouredBatch,
    WorkerLine,
    frame,
    pack_line,
    pack_made,
    pack_poured,
    pack_ran,
    result_frame,
)
from asudfd.lua.worker.shared_page import BEGUN, BEGUN_AT, MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed import WriteableBuffer

    from asudfd.lua.crossing import Crossing
    from asudfd.lua.line_coverage import LineCoverage
    from asudfd.lua.worker.frames import ContextCall, ContextMake, ContextPour, ModuleCheck, WorkerSettings
    from asudfd.lua.worker.pipes import Pipes

NAME_MAX = 1024
"""Bytes of a name that the node is told: longer ones are no module's."""

GROWN_MAX = 16 << 20
"""Bytes that a context may have grown by since its module's body ran, and still be kept: a sixth of `context-memory` as it
is by default."""

TOO_LARGE = b"result too large"

_monotonic, _thread_time = time.monotonic, time.thread_time
_pack_begun = BEGUN.pack_into
_new = tuple.__new__  # builds a named tuple without a call of Python code


class _Required(set[bytes]):
    """Tells the node each name that a module requires."""

    def __init__(self, pipes: Pipes) -> None:
        super().__init__()
        self._pipes = pipes

    def add(self, name: bytes) -> None:
        if name not in self:
            self._pipes.hold(REQUIRED, name[:NAME_MAX])
            super().add(name)


class ContextSet:
    """The contexts of a worker, by the numbers that the node gives them. What comes of each task goes to ``pipes``.

    ``page`` is shared with the node.
    """

    def __init__(
        self, pipes: Pipes, settings: WorkerSettings, crossing: Crossing[Any], page: WriteableBuffer
    ) -> None:
        self._pipes = pipes
        self._page = page
        self._crossing = crossing
        self._contexts: dict[int, LuaContext] = {}
        self._text = b""  # of the module
        self._begun = 0  # calls
        self._rested_at = 0.0  # on the clock of the processor
        self._late_at = inf  # when the node does not wait for the call any more
        self._coverage = _coverage(settings)
        self._settings = ContextSettings(
            settings.user_path,
            settings.memory,
            settings.unsafe,
            self._fetch,
            self._log,
            crossing,
            marks=self._coverage.marks if self._coverage is not None else None,
            guarded=False,
        )

    def check(self, module: ModuleCheck) -> None:
        """Check a module as `udf-put` does. Raises ModuleError."""
        code = compiled(module.name, module.content, self._crossing)
        self._pipes.send(COMPILED)
        # which lines of it run is not noted: the contexts of calls run it again
        context = LuaContext(self._settings._replace(marks=None), _Required(self._pipes))
        context.keep_time(time.thread_time)
        try:
            check_body(context, module.name, code, module.body_max_ms)
        finally:
            context.close()

    def make(self, asked: ContextMake) -> None:
        """Make a context: MADE, or NOT_MADE with Lua's message, or with nothing after the deadline."""
        if asked.text is not None:
            self._text = asked.text
        place = b"%s/%s.lua" % (self._settings.user_path, asked.name)
        chunk = self._settings.compiled(self._text, b"@" + place)
        if chunk.code is None:
            self._pipes.send(NOT_MADE, chunk.message)
            return
        context = self._new_context()
        deadline = asked.deadline
        context.keep_time(lambda: inf if time.monotonic() >= deadline else time.thread_time())
        result = context.run(asked.name, chunk.code, place, time.thread_time() + asked.body_seconds)
        self._tell_lines(context)
        if context.usable and not result.failed:
            context.fresh_memory = context.memory()
            self._keep(asked.number, context)
            self._pipes.send(MADE, pack_made(context.fresh_memory))
            return
        late = time.monotonic() >= deadline
        self._pipes.send(NOT_MADE, b"" if late else _text_of(result.value))
        self._close(context)

    def call(self, asked: ContextCall) -> None:
        """Call a function: RESULT."""
        number, call, deadline, patience = asked
        context = self._contexts.get(number)
        if context is None:  # a call of the same batch has spoilt it
            self._pipes.answer(frame(NOT_MADE))
            return
        self._begun += 1
        _pack_begun(self._page, BEGUN_AT, self._begun)
        self._late_at = _monotonic() + patience
        raw = context.invoke(call, deadline)
        state = self._state(context)
        packed = self._packed(raw)
        self._tell_lines(context)
        self._pipes.answer(result_frame(state, packed))
        self._drop_unusable(number, state)

    def _packed(self, raw: tuple[Any, ...]) -> bytes:
        """A result for the node; nothing where it cannot be one, which the node tells."""
        try:
            packed = self._crossing.pack(raw)
        except WrongResultError:
            return b""
        return packed if len(packed) <= PACKED_MAX else self._crossing.pack(self._crossing.failed(TOO_LARGE))

    def open(self, asked: ContextCall) -> None:
        """Begin a stream, for `pour`; nothing is answered."""
        self._contexts[asked.number].open_stream(asked.call)

    def pour(self, asked: ContextPour) -> None:
        """Let a batch pass through a stream: POURED."""
        context = self._contexts[asked.number]
        self._late_at = inf
        poured = context.pour(asked.batch, asked.deadline)
        state = self._state(context)
        self._tell_lines(context)
        self._pipes.send(POURED, pack_poured(state, PouredBatch(*poured)))
        self._drop_unusable(asked.number, state)

    def drop(self, numbers: Iterable[int]) -> None:
        """Close contexts: READY."""
        for number in numbers:
            self._close(self._contexts.pop(number))
        self._pipes.send(READY)

    def _drop_unusable(self, number: int, state: ContextState) -> None:
        if not state.usable:
            self.drop([number])
            self.rest()

    def rest(self) -> None:
        """Nothing is to be done: what the next call takes of the processor is counted from here, and reading it is a part of that."""
        self._rested_at = time.thread_time()

    def _state(self, context: LuaContext) -> ContextState:
        """How a context is after a call. One that has grown large is dropped: what one call left behind is not kept for the next."""
        memory = context.memory()
        seconds = 0.0
        if not self._pipes.has_more():  # a look at this clock is a system call
            seconds = _thread_time() - self._rested_at
            self._rested_at += seconds
        if context.usable and memory > context.fresh_memory + GROWN_MAX:
            context.collect()
            context.usable = context.memory() <= context.fresh_memory + GROWN_MAX
        return _new(ContextState, (seconds, memory, context.usable))

    def _keep(self, number: int, context: LuaContext) -> None:
        """Have a new context ready for calls; each millisecond of one, the node sees a sign of life."""
        memory, pipes, page = context.memory, self._pipes, self._page

        def now() -> float:
            pipes.flush()
            MEMORY.pack_into(page, 0, memory())
            time_ = _monotonic()
            if time_ >= self._late_at:
                self._late_at = inf
                pipes.send(LATE)
            return time_

        context.keep_time(now)
        self._contexts[number] = context

    def _new_context(self) -> LuaContext:
        required = _Required(self._pipes)
        make = LuaContext if self._coverage is None else self._coverage.context
        return make(self._settings, required)

    def _close(self, context: LuaContext) -> None:
        if self._coverage is not None:
            self._coverage.forget(context)
        context.close()

    def _tell_lines(self, context: LuaContext) -> None:
        """Tell which lines have run for the first time, where that is asked for."""
        if self._coverage is not None:
            ran = LinesRan(self._coverage.news(context), self._coverage.marks.followed)
            self._pipes.hold(RAN, pack_ran(ran))

    def _fetch(self, name: bytes) -> bytes | None:
        """The source of another module, from the node."""
        self._pipes.send(FETCH, name[:NAME_MAX])
        kind, body = self._pipes.receive()
        return body if kind == SOURCE else None

    def _log(self, level: int, place: str, text: str, context: str) -> None:
        of_stream = context == self._crossing.stream_log_context
        self._pipes.hold(LINE, pack_line(WorkerLine(level, place, text, of_stream)))


def _text_of(value: object) -> bytes:
    return value if isinstance(value, bytes) else NULL_MESSAGE


def _coverage(settings: WorkerSettings) -> LineCoverage | None:
    """What notes which lines run, where that is asked for; loaded before files are out of reach."""
    if not settings.coverage:
        return None
    from asudfd.lua.line_coverage import LineCoverage

    return LineCoverage()
