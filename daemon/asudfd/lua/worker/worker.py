"""A worker: a confined process that checks modules and runs their functions, one thing after the other.

It reads frames from one pipe and writes to another. The zygote loads everything once (`load`) and forks; after `confine`
nothing can be loaded any more.
"""

from __future__ import annotations

import copy
import marshal
import mmap
import os
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from asudfd.lua.errors import ModuleError
from asudfd.lua.state import COMPILE_MEMORY
from asudfd.lua.worker import confinement
from asudfd.lua.worker.contexts import ContextSet
from asudfd.lua.worker.frames import (
    BAD,
    CALL,
    CHECK,
    DROP,
    GOOD,
    HEADER,
    LINE,
    MAKE,
    OPEN,
    POUR,
    SETTINGS,
    ContextCall,
    ContextMake,
    ContextPour,
    ModuleCheck,
    WorkerLine,
    WorkerSettings,
    frame,
    pack_bad,
    pack_line,
)
from asudfd.lua.worker.worker_end import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.lua.crossing import Crossing
    from asudfd.lua.worker.zygote import WorkerEnds

READ_SIZE = 65536

HELD_MAX = 16384
"""Bytes of log lines that wait for the next frame, or for a millisecond to pass."""

_WARM_UP = ModuleCheck(b"warm.lua", b"local f = function() return 1 end return f()", 1000)


class _EndError(Exception):
    """The node has closed the pipe."""


class Pipes:
    """Frames in from one descriptor and out to another."""

    __slots__ = ("_buffer", "_held", "_reading", "_writing")

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing
        self._buffer = b""
        self._held = b""

    def receive(self) -> tuple[int, bytes]:
        """Kind and body of the next frame. Raises _EndError."""
        size, kind = HEADER.unpack(self._take(HEADER.size))
        return kind, self._take(size)

    def _take(self, size: int) -> bytes:
        whole = self._buffer
        if len(whole) < size:
            whole = self._filled(size)
        self._buffer = whole[size:]
        return whole[:size]

    def _filled(self, size: int) -> bytes:
        parts, have = [self._buffer], len(self._buffer)
        while have < size:
            part = os.read(self._reading, READ_SIZE)
            if not part:
                raise _EndError
            parts.append(part)
            have += len(part)
        return b"".join(parts)

    def send(self, kind: int, body: bytes = b"") -> None:
        """Write a frame, behind what is held; the node reads all the time."""
        self._write(self._held + frame(kind, body) if self._held else frame(kind, body))

    def hold(self, kind: int, body: bytes) -> None:
        """Write a frame with the next one, or by `flush`."""
        self._held += frame(kind, body)
        if len(self._held) > HELD_MAX:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._held:
            self._write(self._held)

    def _write(self, data: bytes) -> None:
        self._held = b""
        while data:
            data = data[os.write(self._writing, data) :]


class _Silent(Pipes):
    """No pipes, for what loads all that a worker needs."""

    def __init__(self) -> None:
        super().__init__(-1, -1)

    def send(self, kind: int, body: bytes = b"") -> None:
        pass

    def flush(self) -> None:
        self._held = b""


def load(crossing: str) -> Crossing[Any]:
    """Load Lua, and the crossing that the module ``crossing`` has as CROSSING, so that forks have all that they need."""
    found: Crossing[Any] = copy.copy(import_module(crossing).CROSSING)
    # what comes out of Lua is for the node to check: here it only crosses
    found.result = lambda raw, _view: raw  # type: ignore[method-assign,assignment] # of this copy
    found.check_messages = lambda _messages, _view: None  # type: ignore[method-assign,assignment] # as above
    _read_time_zone()
    settings = WorkerSettings(b"", 64 << 20, unsafe=False, address_space=0, niceness=0)
    contexts = ContextSet(_Silent(), settings, found, bytearray(PAGE_SIZE))
    contexts.check(_WARM_UP)
    now = time.monotonic()
    contexts.make(ContextMake(1, b"warm", b"function f() return 1 end", 1.0, now + 1))
    contexts.call(ContextCall(1, b"f", b"\x90", found.no_view, 0, now + 1))
    return found


def _read_time_zone() -> None:
    """Read the time zone, for good: without TZ the C library looks at its file for each `os.date`, and a worker has no files."""
    os.environ.setdefault("TZ", ":/etc/localtime")
    time.tzset()


def live(ends: WorkerEnds, zygote: int, crossing: Crossing[Any]) -> None:
    """Do what the node asks for until it closes the pipe."""
    confinement.end_with_parent(zygote)
    page = mmap.mmap(ends.page, PAGE_SIZE)
    os.close(ends.page)
    pipes = Pipes(ends.reading, ends.writing)
    try:
        _serve(pipes, _settings(pipes), crossing, page)
    except (_EndError, BrokenPipeError):
        return


def _settings(pipes: Pipes) -> WorkerSettings:
    kind, body = pipes.receive()
    assert kind == SETTINGS
    return WorkerSettings(*_fields(body))


def _fields(body: bytes) -> tuple[Any, ...]:
    fields: tuple[Any, ...] = marshal.loads(body)  # noqa: S302 - from the node
    return fields


def _serve(pipes: Pipes, settings: WorkerSettings, crossing: Crossing[Any], page: mmap.mmap) -> None:
    os.setpriority(os.PRIO_PROCESS, 0, settings.niceness)
    contexts = ContextSet(pipes, settings, crossing, page)
    lacking = confinement.confine(COMPILE_MEMORY + settings.address_space)
    if lacking:
        line = WorkerLine(1, "", f"workers are not confined by {', '.join(lacking)}")
        pipes.hold(LINE, pack_line(line))
    answers: dict[int, Callable[..., None]] = {
        CHECK: lambda *fields: _check(pipes, contexts, ModuleCheck(*fields)),
        MAKE: lambda *fields: contexts.make(ContextMake(*fields)),
        CALL: lambda *fields: contexts.call(ContextCall(*fields)),
        OPEN: lambda *fields: contexts.open(ContextCall(*fields)),
        POUR: lambda *fields: contexts.pour(ContextPour(*fields)),
        DROP: lambda *numbers: contexts.drop(numbers),
    }
    while True:
        kind, body = pipes.receive()
        answers[kind](*_fields(body))


def _check(pipes: Pipes, contexts: ContextSet, module: ModuleCheck) -> None:
    try:
        contexts.check(module)
    except ModuleError as error:
        pipes.send(BAD, pack_bad(error.file, error.line, error.message))
    else:
        pipes.send(GOOD)
