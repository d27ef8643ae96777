"""A worker: a confined process that checks modules and runs their functions, one thing after the other.

It reads frames from one pipe and writes to another. The zygote loads everything once (`load`) and forks; after `confine`
nothing can be loaded any more.
"""

from __future__ import annotations

import copy
import gc
import marshal
import mmap
import os
import time
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from asudfd.lua.call import LuaCall
from asudfd.lua.errors import ModuleError
from asudfd.lua.niceness import make_nicer
from asudfd.lua.state import COMPILE_MEMORY
from asudfd.lua.worker import confinement
from asudfd.lua.worker.contexts import ContextSet
from asudfd.lua.worker.frames import (
    BAD,
    CALL,
    CHECK,
    COMPILED,
    DROP,
    GOOD,
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
    pack_bad,
    pack_line,
)
from asudfd.lua.worker.pipes import EndError, Pipes
from asudfd.lua.worker.shared_page import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.lua.crossing import Crossing
    from asudfd.lua.worker.descriptors import WorkerEnds

_WARM_UP = ModuleCheck(b"warm.lua", b"local f = function() return 1 end return f()", 1000)


class _Silent(Pipes):
    """No pipes, for what loads all that a worker needs."""

    def __init__(self) -> None:
        super().__init__(-1, -1)

    def _write(self, _data: bytes) -> None:
        self._held = b""


def load(crossing: str) -> Crossing[Any]:
    """Load Lua, and the crossing that the module ``crossing`` has as CROSSING, so that forks have all that they need."""
    found: Crossing[Any] = copy.copy(import_module(crossing).CROSSING)
    # what comes out of Lua is for the node to check: here it only crosses
    found.result = lambda raw, _view: raw  # type: ignore[method-assign,assignment] # of this copy
    found.check_messages = lambda _messages, _view: None  # type: ignore[method-assign,assignment] # as above
    _read_time_zone()
    confinement.prepare()
    settings = WorkerSettings(b"", 64 << 20, unsafe=False, address_space=0, niceness=0)
    contexts = ContextSet(_Silent(), settings, found, bytearray(PAGE_SIZE))
    contexts.check(_WARM_UP)
    now = time.monotonic()
    contexts.make(ContextMake(1, b"warm", b"function f() return 1 end", 1.0, now + 1))
    contexts.call(ContextCall(1, LuaCall("", b"f", b"\x90", found.no_view, 0), now + 1))
    gc.collect()
    gc.freeze()  # a collection in a worker would write to each object, and so copy what all have in common
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
    except (EndError, BrokenPipeError):
        return


def _settings(pipes: Pipes) -> WorkerSettings:
    kind, body = pipes.receive()
    assert kind == SETTINGS
    return WorkerSettings(*_fields(body))


_new = tuple.__new__  # builds a named tuple without a call of Python code


def _fields(body: bytes) -> tuple[Any, ...]:
    fields: tuple[Any, ...] = marshal.loads(body)  # noqa: S302 - from the node
    return fields


def _serve(pipes: Pipes, settings: WorkerSettings, crossing: Crossing[Any], page: mmap.mmap) -> None:
    make_nicer(0, settings.niceness)
    contexts = ContextSet(pipes, settings, crossing, page)
    check = contexts.check
    if settings.checks:
        check = import_module(settings.checks).check_of(partial(pipes.send, COMPILED))
    lacking = confinement.confine(COMPILE_MEMORY + settings.address_space)
    if lacking:
        line = WorkerLine(1, "", f"workers are not confined by {', '.join(lacking)}")
        pipes.hold(LINE, pack_line(line))
    answers: dict[int, Callable[..., None]] = {
        CHECK: lambda *fields: _check(pipes, check, ModuleCheck(*fields)),
        MAKE: lambda *fields: contexts.make(ContextMake(*fields)),
        OPEN: lambda *fields: contexts.open(_call(fields)),
        POUR: lambda *fields: contexts.pour(ContextPour(*fields)),
        DROP: lambda *numbers: contexts.drop(numbers),
    }
    contexts.rest()
    while True:
        kind, body = pipes.receive()
        if kind == CALL:
            contexts.call(_call(_fields(body)))
        else:
            answers[kind](*_fields(body))
            contexts.rest()


def _call(fields: tuple[Any, ...]) -> ContextCall:
    number, call, deadline, patience = fields
    return _new(ContextCall, (number, _new(LuaCall, call), deadline, patience))


def _check(pipes: Pipes, check: Callable[[ModuleCheck], None], module: ModuleCheck) -> None:
    try:
        check(module)
    except ModuleError as error:
        pipes.send(BAD, pack_bad(error.file, error.line, error.message))
    else:
        pipes.send(GOOD)
