"""A module in a context of its own, called without a host."""

import time
from collections.abc import Callable, Iterator

import pytest

from asudfd.lua.aerospike.crossing import CROSSING
from asudfd.lua.call import BodyResult, Scalar
from asudfd.lua.context import ContextSettings, LuaContext
from asudfd.lua.state import compile_text
from tests.fakes.lua_call import Returned, call_in

MEMORY = 96 << 20


class Sandbox:
    """Makes contexts, calls functions in them, and keeps what they logged."""

    def __init__(self) -> None:
        self.modules: dict[bytes, bytes] = {}
        self.lines: list[tuple[int, str, str]] = []
        self.required: set[bytes] = set()
        self.contexts: list[LuaContext] = []

    def load(
        self, source: bytes, *, memory: int = MEMORY, unsafe: bool = False, seconds: float = 60
    ) -> LuaContext:
        settings = ContextSettings(
            b"/udf",
            memory,
            unsafe,
            self.modules.get,
            lambda *line: self.lines.append(line[:3]),
            CROSSING,
            guarded=False,
        )
        context = LuaContext(settings, self.required)
        self.contexts.append(context)
        outcome = run(context, source, seconds)
        assert not outcome.failed, outcome
        return context


def run(context: LuaContext, source: bytes, seconds: float = 60) -> BodyResult:
    chunk = compile_text(source, b"@/udf/m.lua", CROSSING.no_tail_calls)
    assert chunk.code is not None, chunk
    return context.run(b"m", chunk.code, b"/udf/m.lua", time.monotonic() + seconds)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    for context in made.contexts:
        context.close()


@pytest.fixture
def call(sandbox: Sandbox) -> Callable[..., Scalar]:
    """The result of a function body, or the text of its error; it has so many seconds of the processor."""

    def result(body: str, *arguments: Scalar, unsafe: bool = False, seconds: float = 5) -> Scalar:
        context = sandbox.load(b"function f(_, ...)\n" + body.encode() + b"\nend", unsafe=unsafe)
        context.keep_time(time.process_time)  # what others do on the machine is no work of the call's
        return call_in(context, time.process_time() + seconds, *arguments).value

    return result


@pytest.fixture
def timed(sandbox: Sandbox) -> Callable[..., tuple[Returned, float]]:
    """How a function body ends that has 0.05 seconds of the processor, and after how many of them."""

    def measure(body: str, before: str = "") -> tuple[Returned, float]:
        context = sandbox.load(before.encode() + b"\nfunction f() " + body.encode() + b"\nend")
        context.keep_time(time.process_time)
        start = time.process_time()
        outcome = call_in(context, start + 0.05)
        return outcome, time.process_time() - start

    return measure
