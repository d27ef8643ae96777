"""Modules that are called in this process: `call`, and `OfflineModule` for a module whose globals are nobody else's."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from asinfo.wire import msgpack, particle
from asudfd.lua.aerospike.crossing import CROSSING
from asudfd.lua.aerospike.record_view import record_call
from asudfd.lua.aerospike.udf_result import NOTHING, WRITE
from asudfd.lua.context import ContextSettings, LuaContext
from asudfd.lua.line_watch import LineWatch
from asudfd.offline.error import NOT_FOUND, TEXTS, CallError, call_error, not_found
from asudfd.offline.record import UdfRecord, view_of, written
from asudfd.offline.source import source_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from asudfd.lua.aerospike.record_view import RecordView
    from asudfd.lua.aerospike.udf_result import UdfResult
    from asudfd.lua.context import LuaLog

SECONDS = 1.0
"""The time limit of a call and of a module's body, in seconds of the processor; that of a node is one second by the clock."""

MEMORY = 96 << 20
"""Bytes that a context may take; a node has the same default."""

MODULES_MAX = 64
"""Modules that `call` keeps ready: more than a test suite has, some 400 KB each."""

_LEVELS = (50, 30, 20, 10, 5)
"""Levels of Python's logging for those of Lua, of which 0 is critical, 1 a warning and 4 a detail."""


new_watch: Callable[[], LineWatch] = LineWatch
"""What watches the lines of a module for which nobody says; the coverage of tests notes which have run."""


class CallResult(NamedTuple):
    """What a function returned, and the record as it has left it: None where there is none."""

    result: Any
    record: UdfRecord | None


def log_to_python(level: int, place: str, text: str, context: str) -> None:
    """Hand a line that a module logs to Python's logging, as the logger `asudfd.udf`."""
    import logging  # only for modules that log

    logging.getLogger(f"asudfd.{context}").log(_LEVELS[level], "%s %s", place, text)


class OfflineModule:
    """A Lua module in this process. Calls share its globals, as those of one context of a node do.

    ``source`` is the path of a file, or the text of a module: a str is a path where it ends in `.lua` and is one line.
    Files are read again when they have changed, and the globals begin anew then. A file may `require` those beside it; texts
    of others are given in ``modules``, by their names. ``seconds`` is what a call may take of the processor. ``log`` gets what
    modules log: by default Python's logging does. ``watch`` sees which lines run. One thread at a time may call it.

    Raises Error where there is no such file.
    """

    def __init__(
        self,
        source: str | bytes | os.PathLike[str],
        *,
        modules: Mapping[str, str | bytes] | None = None,
        seconds: float = SECONDS,
        log: LuaLog = log_to_python,
        watch: LineWatch | None = None,
    ) -> None:
        self.source = source_of(source, modules)
        self.seconds = seconds
        self.watch = watch or new_watch()
        self._settings = ContextSettings(
            self.source.user_path,
            MEMORY,
            False,
            lambda name: self.source.text(name.decode()),
            log,
            CROSSING,
            self.watch.attach,
            self.watch.marks,
            guarded=False,
        )
        self._context: LuaContext | None = None

    def call(
        self,
        function: str,
        record: Mapping[str, Any] | None = None,
        *arguments: Any,
        key: str | int | bytes | None = None,
        set_name: str = "",
    ) -> CallResult:
        """Call ``function`` on ``record``: a dict of bins, a UdfRecord, or None (or no bins) for one that does not exist.

        ``key`` is the user's key, as if it was sent with the call. Raises CallError for what the function does, and WireError
        for a value that no bin or argument can be.
        """
        __tracebackhide__ = True  # pytest shows the test
        view = view_of(record, key, set_name)
        packed = msgpack.pack(list(arguments))
        context = self.ready()
        self.watch.start()
        name = function.encode("utf-8", "surrogateescape")
        result: UdfResult = context.invoke(
            record_call(self.source.name, name, packed, view), time.thread_time() + self.seconds
        )
        self.watch.settle()
        if result.code:
            raise self._error(result, function)
        return CallResult(_value(result), _after(view, result, record))

    def ready(self) -> LuaContext:
        """The context, made anew where there is none yet, it is spent, or a file has changed. Raises CallError, FileError."""
        context = self._context
        if context is None or not context.usable or self.source.has_changed():
            self.close()
            context = self._context = self._loaded()
        return context

    def close(self) -> None:
        """Forget the globals; the next call begins with fresh ones."""
        if self._context is not None:
            self._context.close()
            self._context = None

    def _loaded(self) -> LuaContext:
        name = self.source.name
        text = self.source.text(name)
        if text is None:
            raise CallError(f"{self.source.path(name)}: no such file")
        place = self.source.user_path + b"/%s.lua" % name.encode()
        chunk = self._settings.compiled(text, b"@" + place)
        if chunk.code is None:
            raise call_error(chunk.message.decode("utf-8", "backslashreplace"), self.source)
        context = LuaContext(self._settings, set())
        context.keep_time(time.thread_time)  # what others do on the machine is no work of the call's
        ran = context.run(name.encode(), chunk.code, place, time.thread_time() + self.seconds)
        if ran.failed or not context.usable:
            text = ran.value if isinstance(ran.value, bytes) else b"the module's body failed"
            raise call_error(text.decode("utf-8", "backslashreplace"), self.source)
        return context

    def _error(self, result: UdfResult, function: str) -> CallError:
        text = TEXTS.get(result.code) or result.value.decode("utf-8", "backslashreplace")
        frames = self.watch.failure()
        if text == NOT_FOUND and not frames:  # else a function has raised an error with this text
            return not_found(function, self.source)
        return call_error(text, self.source, result.code, frames)


def _value(result: UdfResult) -> Any:
    return particle.unpack(result.particle, result.value) if result.particle else None


def _after(view: RecordView, result: UdfResult, record: Mapping[str, Any] | None) -> UdfRecord | None:
    if result.action == WRITE:
        return written(view, result, record)
    if result.action == NOTHING and record is not None:
        return record if isinstance(record, UdfRecord) else UdfRecord(record)
    return None


_ready: OrderedDict[object, OfflineModule] = OrderedDict()
_one_at_a_time = threading.Lock()


def call(
    source: str | bytes | os.PathLike[str],
    function: str,
    record: Mapping[str, Any] | None = None,
    *arguments: Any,
    key: str | int | bytes | None = None,
    set_name: str = "",
) -> CallResult:
    """Call a function of a module on a record, without a node: what it returned, and the record after it.

    The module is loaded at its first call and stays, with its globals; see `OfflineModule` for what ``source`` may be, and for
    a module of one's own. Raises CallError, WireError, and Error where there is no such file.
    """
    __tracebackhide__ = True  # pytest shows the test
    with _one_at_a_time:
        module = _ready.get(source)
        if module is None:
            module = _ready[source] = OfflineModule(source)
            if len(_ready) > MODULES_MAX:
                _ready.popitem(last=False)[1].close()
        return module.call(function, record, *arguments, key=key, set_name=set_name)
