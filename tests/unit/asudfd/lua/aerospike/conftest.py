"""A record function in a context of its own, applied to a record that the test makes."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from asinfo.errors import WireError
from asinfo.wire import msgpack, particle
from asinfo.wire.message import bins as each_bin
from asinfo.wire.message import op
from asudfd.lua.aerospike.crossing import CROSSING
from asudfd.lua.aerospike.record_view import RecordView, record_call
from asudfd.lua.aerospike.udf_result import DELETE, WRITE, UdfResult
from asudfd.lua.context import ContextSettings, LuaContext
from asudfd.lua.line_marks import LineMarks
from asudfd.lua.line_watch import LineWatch

MEMORY = 96 << 20
DIGEST = bytes(range(20))
ABSENT = object()


class Called(NamedTuple):
    """What a call came to: code, result or error text, the bins afterwards (None: no record), and all of it raw."""

    code: int
    value: Any
    bins: dict[str, Any] | None
    raw: UdfResult


def stored(bins: Mapping[str, Any]) -> bytes:
    return b"".join(op(1, kind, name.encode(), data) for name, (kind, data) in _particles(bins).items())


def _particles(bins: Mapping[str, Any]) -> dict[str, tuple[int, bytes]]:
    return {name: value if isinstance(value, tuple) else particle.pack(value) for name, value in bins.items()}


def shown(blob: bytes) -> dict[str, Any]:
    return {name.decode(): _value(kind, data) for kind, name, data in each_bin(blob)}


def _value(kind: int, data: bytes) -> Any:
    """The value of a particle, or the particle if it cannot be read."""
    try:
        return particle.unpack(kind, data)
    except WireError:
        return kind, data


class Applier:
    """Contexts and what they logged."""

    def __init__(self) -> None:
        self.modules: dict[bytes, bytes] = {}
        self.lines: list[tuple[int, str, str]] = []
        self.contexts: list[LuaContext] = []
        self.log_contexts: set[str] = set()
        self.marks: LineMarks | None = None
        self.guarded = False

    def log(self, level: int, position: str, text: str, context: str) -> None:
        self.lines.append((level, position, text))
        self.log_contexts.add(context)

    def load(
        self, source: str, *, unsafe: bool = False, name: bytes = b"m", memory: int = MEMORY
    ) -> LuaContext:
        settings = ContextSettings(b"/udf", memory, unsafe, self.modules.get, self.log, CROSSING)
        settings = settings._replace(guarded=self.guarded)
        if self.marks is not None:
            settings = settings._replace(prelude=LineWatch(marks=self.marks).attach, marks=self.marks)
        context = LuaContext(settings, set())
        self.contexts.append(context)
        place = b"/udf/%s.lua" % name
        chunk = settings.compiled(source.encode(), b"@" + place)
        assert chunk.code is not None, chunk
        outcome = context.run(name, chunk.code, place, time.monotonic() + 60)
        assert not outcome.failed, outcome
        context.keep_time(
            time.process_time
        )  # deadlines of calls: by their work, not by what else the machine does
        return context

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.contexts.clear()

    def apply(
        self,
        context: LuaContext,
        function: str,
        arguments: list[Any],
        bins: Mapping[str, Any] | None,
        *,
        ttl: int = 0,
        key: bytes = b"",
        trial: bool = False,
        seconds: float = 60,
    ) -> Called:
        exists = bins is not None
        blob = stored(bins or {})
        subject = RecordView(exists, int(exists), ttl, 12345 * exists, b"conf", key, DIGEST, blob, True)
        deadline = seconds if trial else time.process_time() + seconds
        call = record_call("m", function.encode(), msgpack.pack(arguments), subject)
        if trial:
            raw = context.try_out(call.function, deadline, call.arguments, call.view)
        else:
            raw = context.invoke(call, deadline)
        code, kind, data, action, after, *_ = raw
        value = particle.unpack(kind, data)
        if action == WRITE:
            return Called(code, value, shown(after), raw)
        return Called(code, value, shown(blob) if exists and action != DELETE else None, raw)


@pytest.fixture
def applier() -> Iterator[Applier]:
    made = Applier()
    yield made
    made.close()


@pytest.fixture
def apply(applier: Applier) -> Callable[..., Called]:
    """What `function f(rec, ...) BODY end` comes to, applied to a record of ``bins`` (none: an absent record)."""

    def result(
        body: str, *arguments: Any, bins: Mapping[str, Any] | None = None, before: str = "", **options: Any
    ) -> Called:
        context = applier.load(f"{before} function f(rec, ...) {body}\nend")
        return applier.apply(context, "f", list(arguments), bins, **options)

    return result
