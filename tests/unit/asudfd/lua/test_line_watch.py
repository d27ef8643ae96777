"""What a watched state tells of lines and errors."""

from typing import Any

import pytest

from asudfd.lua.line_watch import LineWatch
from asudfd.offline import CallError, OfflineModule, reduce_values

SOURCE = """
local function inner(l)
  local t = {x = 1, y = {2}}
  return l.x + t.x
end

function fail(rec, n)
  local l = list{1, "a"}
  for i = 1, n do
    n = n + i
  end
  local sum = inner(l)
  return sum
end

function in_a_thread(rec)
  local resume = coroutine.wrap(function(x)
    coroutine.yield(x)
    error("in the thread")
  end)
  resume(1)
  local got = resume()
  return got
end

function caught(rec)
  local ok = pcall(inner, list{})
  return ok
end

function log(rec, n)
  info("%d", n)
end

function own_text(rec)
  local t = setmetatable({a = 1}, {__tostring = function() while true do end end})
  error("why")
end

function deep(rec, n)
  local m = deep(rec, n + 1)
  return m
end

function forever(rec)
  while true do
    rec.a = nil
  end
end
"""


def failed(function: str, *arguments: Any, watch: LineWatch | None = None, seconds: float = 5) -> CallError:
    with pytest.raises(CallError) as caught:
        OfflineModule(SOURCE, watch=watch, seconds=seconds).call(function, None, *arguments)
    return caught.value


def test_lines_in_the_order_in_which_they_ran() -> None:
    lines: list[int] = []
    failed("fail", 2, watch=LineWatch(lambda _, line: lines.append(line)))
    assert lines == [8, 9, 10, 9, 10, 9, 12, 3, 4]


def test_a_profile_counts_lines_of_calls_and_none_of_the_body() -> None:
    watch = LineWatch(profile=True)
    module = OfflineModule(SOURCE, watch=watch)
    for _ in range(3):
        module.call("caught")
    assert [(line.line, line.calls) for line in watch.lines()] == [(3, 3), (4, 3), (27, 3), (28, 3)]
    assert all(line.microseconds >= 0 and line.chunk == "./module.lua" for line in watch.lines())


@pytest.mark.parametrize("watch", [None, LineWatch(profile=True)], ids=["errors alone", "lines"])
def test_locals_where_an_error_was_raised(watch: LineWatch | None) -> None:
    inner, outer = failed("fail", 1, watch=watch).frames
    assert (inner.line, inner.variables) == (4, {"l": '[1, "a"]', "t": inner.variables["t"]})
    assert inner.variables["t"] in {"{x = 1, y = {[1] = 2}}", "{y = {[1] = 2}, x = 1}"}
    assert (outer.line, outer.function) == (12, "")
    assert outer.variables["n"] == "2"


def test_an_error_in_a_thread_has_its_frames_and_those_that_resumed_it() -> None:
    error = failed("in_a_thread")
    assert [frame.line for frame in error.frames] == [19, 22]
    assert error.frames[0].variables == {"x": "1"}


def test_an_error_of_a_library_function_names_the_line_of_the_module() -> None:
    error = failed("log", "x")
    assert (error.line, error.source) == (32, 'info("%d", n)')
    assert error.message.startswith('[string "aerospike.lua"]:8: bad argument')


def test_no_code_of_a_module_runs_to_show_a_value() -> None:
    assert failed("own_text").frames[0].variables["t"] == "{a = 1}"


@pytest.mark.parametrize(
    ("body", "record", "bins"),
    [
        ("", {"a": 1, "l": [2]}, {"a = 1", "l = [2]"}),
        ("rec.a = 'x' rec.b = 2", {"a": 1}, {'a = "x"', "b = 2"}),
        ("rec.b = map{x = 1} aerospike:update(rec) rec.a = nil", {"a": 1, "c": 3}, {'b = {"x":1}', "c = 3"}),
        ("aerospike:remove(rec) rec.c = 1", {"a": 1}, {"c = 1"}),
        ("rec.a = 1 aerospike:create(rec)", None, {"a = 1"}),
        ("", None, {""}),
    ],
)
def test_a_record_is_shown_with_the_bins_that_it_has_by_then(
    body: str, record: dict[str, Any] | None, bins: set[str]
) -> None:
    with pytest.raises(CallError) as caught:
        OfflineModule(f"function f(rec) {body} error('no') end").call("f", record)
    shown = caught.value.frames[0].variables["rec"]
    assert shown.startswith("Record {")
    assert set(shown.removeprefix("Record {").removesuffix("}").split(", ")) == bins


def test_what_runs_away_ends() -> None:
    watch = LineWatch(profile=True)
    assert "Timeout" in str(failed("forever", watch=watch, seconds=0.05))
    assert failed("deep", 1, seconds=30).frames[0].line == 41


def test_who_writes_lines_and_fails_is_left_out() -> None:
    def fail(chunk: str, line: int) -> None:
        raise OSError

    assert OfflineModule(SOURCE, watch=LineWatch(fail)).call("caught").result is False


def test_a_failure_belongs_to_its_call() -> None:
    module = OfflineModule(SOURCE)
    with pytest.raises(CallError):
        module.call("fail", None, 1)
    with pytest.raises(CallError) as caught:
        module.call("no_such_function")
    assert caught.value.frames == ()


SPENT = """
function caught() while true do pcall(function() while true do end end) end end
function full() local t = {} for i = 1, 1e9 do t[i] = string.rep("x", 100000) .. i end end
function threads() while true do local f = coroutine.wrap(function() while true do end end) pcall(f) end end
function handler() return xpcall(function() while true do end end, function() while true do end end) end
function close() local x <close> = setmetatable({}, {__close = function() while true do end end}) error("a") end
function fine() return 1 end
function stream(s) return s : reduce(function() while true do pcall(function() while true do end end) end end) end
"""


@pytest.mark.parametrize("watch", [None, LineWatch(profile=True)], ids=["errors alone", "lines"])
@pytest.mark.parametrize("function", ["caught", "full", "threads", "handler", "close"])
def test_a_state_that_is_spent_tells_what_it_can_and_the_next_call_works(
    function: str, watch: LineWatch | None
) -> None:
    module = OfflineModule(SPENT, seconds=30 if function == "full" else 0.05, watch=watch)
    with pytest.raises(CallError, match="not enough memory" if function == "full" else "Timeout"):
        module.call(function)
    assert module.watch.lines() == [] or watch is not None
    assert module.call("fine").result == 1


def test_a_reduction_that_is_spent() -> None:
    with pytest.raises(CallError, match="Timeout"):
        reduce_values(SPENT, "stream", [], [1, 2], seconds=0.05)
