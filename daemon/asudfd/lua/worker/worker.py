"""A worker: a confined process that checks modules, one after the other, each in a Lua state of its own.

It reads frames from one pipe and writes to another. The zygote loads everything once (`load`) and forks; after `confine`
nothing can be loaded any more.
"""

from __future__ import annotations

import os
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from asudfd.lua.context import ContextSettings, LuaContext
from asudfd.lua.errors import ModuleError
from asudfd.lua.module_check import check_body, compiled
from asudfd.lua.state import COMPILE_MEMORY
from asudfd.lua.worker import confinement
from asudfd.lua.worker.frames import (
    BAD,
    CHECK,
    COMPILED,
    FETCH,
    GOOD,
    HEADER,
    LINE,
    REQUIRED,
    SOURCE,
    ModuleCheck,
    frame,
    pack_bad,
    pack_line,
)

if TYPE_CHECKING:
    from asudfd.lua.crossing import Crossing

NICENESS = 4
"""As the threads of `asudfd.lua.host` have it."""

READ_MAX = 65536

SPARE_MEMORY = 128 << 20
"""Bytes for Python beside Lua: a module of the largest size is here three times while it is compiled."""

_WARM_UP = ModuleCheck(
    b"warm.lua", b"local f = function() return 1 end return f()", b"", 64 << 20, 1000, False
)


class _EndError(Exception):
    """The node has closed the pipe."""


class _Pipes:
    """Frames in from one descriptor and out to another."""

    __slots__ = ("_buffer", "_reading", "_writing")

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing
        self._buffer = b""

    def receive(self) -> tuple[int, bytes]:
        """Kind and body of the next frame. Raises _EndError."""
        size, kind = HEADER.unpack(self._take(HEADER.size))
        return kind, self._take(size)

    def _take(self, size: int) -> bytes:
        parts, have = [self._buffer], len(self._buffer)
        while have < size:
            part = os.read(self._reading, READ_MAX)
            if not part:
                raise _EndError
            parts.append(part)
            have += len(part)
        whole = b"".join(parts)
        self._buffer = whole[size:]
        return whole[:size]

    def send(self, kind: int, body: bytes = b"") -> None:
        """Write a frame; the node reads all the time."""
        data = frame(kind, body)
        while data:
            data = data[os.write(self._writing, data) :]


class _Silent(_Pipes):
    """No pipes, for the first check, which loads what a check needs."""

    def __init__(self) -> None:
        super().__init__(-1, -1)

    def send(self, kind: int, body: bytes = b"") -> None:
        pass


class _Required(set[bytes]):
    """Tells the node each name that a module requires."""

    def __init__(self, pipes: _Pipes) -> None:
        super().__init__()
        self._pipes = pipes

    def add(self, name: bytes) -> None:
        if name not in self:
            self._pipes.send(REQUIRED, name[:1024])
            super().add(name)


def load(crossing: str) -> Crossing[Any]:
    """Load Lua, and the crossing that the module ``crossing`` has as CROSSING, so that forks have all that a check needs."""
    found: Crossing[Any] = import_module(crossing).CROSSING
    _read_time_zone()
    _check(_Silent(), _WARM_UP, found)
    return found


def _read_time_zone() -> None:
    """Read the time zone, for good: without TZ the C library looks at its file for each `os.date`, and a worker has no files."""
    os.environ.setdefault("TZ", ":/etc/localtime")
    time.tzset()


def live(reading: int, writing: int, zygote: int, crossing: Crossing[Any]) -> None:
    """Check modules until the node closes the pipe."""
    confinement.end_with_parent(zygote)
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    pipes = _Pipes(reading, writing)
    confined = False
    while True:
        try:
            kind, body = pipes.receive()
        except _EndError:
            return
        assert kind == CHECK
        module = ModuleCheck.unpack(body)
        if not confined:
            confined = True
            lacking = confinement.confine(COMPILE_MEMORY + module.memory + SPARE_MEMORY)
            if lacking:
                pipes.send(LINE, pack_line(1, "", f"workers are not confined by {', '.join(lacking)}"))
        try:
            _check(pipes, module, crossing)
        except ModuleError as error:
            pipes.send(BAD, pack_bad(error.file, error.line, error.message))
        else:
            pipes.send(GOOD)


def _check(pipes: _Pipes, module: ModuleCheck, crossing: Crossing[Any]) -> None:
    """Raises ModuleError."""
    code = compiled(module.name, module.content, crossing)
    pipes.send(COMPILED)
    settings = ContextSettings(
        module.user_path,
        module.memory,
        module.unsafe,
        lambda name: _fetch(pipes, name),
        lambda level, place, text, _: pipes.send(LINE, pack_line(level, place, text)),
        crossing,
    )
    context = LuaContext(settings, _Required(pipes))
    context.keep_time(time.thread_time)
    try:
        check_body(context, module.name, code, module.body_max_ms)
    finally:
        context.close()


def _fetch(pipes: _Pipes, name: bytes) -> bytes | None:
    """The source of another module, from the node."""
    pipes.send(FETCH, name[:1024])
    kind, body = pipes.receive()
    return body if kind == SOURCE else None
