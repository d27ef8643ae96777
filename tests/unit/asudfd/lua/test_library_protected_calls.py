"""Library code that catches errors does not take the deadline's for one of its own."""

import re
from collections.abc import Callable
from importlib.resources import files

import pytest

from asudfd.lua.call import Scalar
from tests.fakes.lua_call import Returned

Timed = Callable[[str], tuple[Returned, float]]

ENDLESS_CLOSE = (
    "local x <close> = setmetatable({}, {__close = function() while true do end end}) coroutine.yield()"
)


@pytest.mark.parametrize(
    "body",
    [
        "for i = 1, 9 do coroutine.close(coroutine.create(function() end)) end while true do end",
        f"local t = coroutine.wrap(function() {ENDLESS_CLOSE} end) t() t = nil while true do end",
        f"local t = coroutine.create(function() {ENDLESS_CLOSE} end) coroutine.resume(t) coroutine.close(t) while true do end",
        "package.preload.x = function() while true do end end while true do pcall(require, 'x') end",
        "while true do apply_record(function() while true do end end) end",
        "while true do pcall(apply_record, function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "while true do pcall(setmetatable, {}, {__gc = 1, __metatable = 2}) end",
    ],
)
def test_a_catch_in_the_library_does_not_outlive_the_deadline(timed: Timed, body: str) -> None:
    outcome, seconds = timed(body)
    assert outcome.failed
    assert outcome.value == b"UDF Execution Timeout"
    assert seconds < 5


def test_a_reader_of_text_does_not_catch_the_deadline(call: Callable[..., Scalar]) -> None:
    body = "load(function() while true do end end) return 1"
    assert call(body, unsafe=True, seconds=0.05) == b"UDF Execution Timeout"


CATCHES = re.compile(r"(?<![\w.])(?:raw_)?x?pcall\(")
COMMENT = re.compile(r"--.*")


def test_only_one_chunk_calls_the_original_pcall() -> None:
    """The others have the one of that chunk, which raises the deadline's error again.

    What watches a state looks at the stack in a protected call: at some frames, in the handler of an error that goes on.
    """
    chunks = [*files("asudfd.lua").iterdir(), *(files("asudfd.lua") / "aerospike").iterdir()]
    catching = set()
    for chunk in (each for each in chunks if each.name.endswith(".lua")):
        text = COMMENT.sub("", chunk.read_text())
        if CATCHES.search(text) and "needs.pcall" not in text:
            catching.add(chunk.name)
    assert catching == {"limit.lua", "line_watch.lua"}


def test_the_originals_are_gone_once_their_chunks_are_loaded(sandbox) -> None:  # type: ignore[no-untyped-def]  # the fixture's class is not importable
    context = sandbox.load(b"")
    assert context._runtime.execute(b"return pcall, xpcall, coroutine") == (None, None, None)
