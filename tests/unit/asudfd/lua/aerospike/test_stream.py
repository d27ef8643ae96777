"""What becomes of records that pass through the operations of a stream; the UDF specification, section 4."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from asinfo.wire import message, msgpack, particle
from asudfd.lua.aerospike.record_batch import END, pack
from asudfd.lua.aerospike.record_view import RecordView, StreamView, stream_call
from asudfd.lua.call import StreamResult
from asudfd.lua.context import LuaContext

HEAD = message.reply(0, count=1)
BEFORE = """
local function v(r) return r.v end
local function add(a, b) return a + b end
local function sum(a, r) return a + r.v end
local function none() return false end
"""


def record(**bins: int | str) -> bytes:
    blob = b"".join(message.op(1, *_particle(value, name)) for name, value in bins.items())
    return pack(RecordView(True, 3, 60, 12345, b"demo", b"\x03user", bytes(range(20)), blob, True))


def _particle(value: int | str, name: str) -> tuple[int, bytes, bytes]:
    kind, data = particle.pack(value)
    return kind, name.encode(), data


RECORDS = b"".join(record(v=number, g="ab"[number % 2]) for number in (1, 2, 3, 4, 5)) + END


def values(poured: StreamResult) -> list[Any]:
    assert not poured.failure, poured
    return _values(poured.messages)


def _values(messages: bytes) -> list[Any]:
    found = []
    for header in message.replies(messages):
        ((_, kind, name, data),) = message.read_ops(messages, header[11], header[10])[0]
        assert (header[4], header[2], name) == (0, 0, b"SUCCESS")
        found.append(particle.unpack(kind, data))
    return found


def opened(applier: Any, body: str, *arguments: Any) -> LuaContext:
    context: LuaContext = applier.load(f"{BEFORE} function f(s, ...) {body}\nend")
    context.open_stream(stream_call("m", b"f", msgpack.pack(list(arguments)), StreamView(HEAD, True)))
    return context


def pour(context: LuaContext, batch: bytes, seconds: float = 5) -> StreamResult:
    return context.pour(batch, time.process_time() + seconds)


Passed = Callable[..., StreamResult]


@pytest.fixture
def passed(applier: Any) -> Passed:
    """What five records of a partition come to in `function f(s, ...) BODY end`."""
    return lambda body, *arguments, batch=RECORDS: pour(opened(applier, body, *arguments), batch)


RESULTS: list[tuple[str, list[Any]]] = [
    ("return s : map(v)", [1, 2, 3, 4, 5]),
    ("return s : filter(function(r) return r.v > 2 end) : map(v)", [3, 4, 5]),
    ("return s : filter(none) : map(v)", []),
    ("return s : map(none)", [False] * 5),
    ("return s : map(v) : filter(function(n) return n % 2 == 0 end) : map(function(n) return n / 4 end)", [0.5, 1.0]),
    ("return s : map(function(r) if r.v < 3 then return r.v end end)", [1, 2]),
    ("return s : map(function(r) if r.v < 3 then return r.v end end) : reduce(add)", [3]),
    ("return s : map(function() end) : aggregate(7, add)", [7]),
    ("return s : aggregate(0, sum)", [15]),
    ("return s : filter(none) : aggregate(0, sum)", [0]),
    ("return s : aggregate(nil, function(a, r) return (a or 0) + r.v end)", [15]),
    ("return s : aggregate(0, function() end)", []),
    ("return s : aggregate(false, function(a, r) return a end)", [False]),
    ("return s : map(function(r) return r.v * 400 end) : aggregate(0, add)", [1200, 1200, 1600, 2000, 0]),
    ("return s : map(function(r) return r.v * 400.5 end) : aggregate(0, add)", [1201.5, 1201.5, 1602.0, 2002.5, 0]),
    ("return s : aggregate(0, sum) : map(function(n) return -n end)", [-15]),
    ("return s : aggregate(0, sum) : aggregate(1, add)", [16]),
    ("return s : map(v) : reduce(add)", [15]),
    ("return s : filter(none) : map(v) : reduce(add)", []),
    ("return s : map(v) : reduce(add) : map(function() error('the client does this') end)", [15]),
    ("return s : map(v) : reduce(function() end)", []),
    ("return s : map(v) : groupby(function(n) return n % 2 end)", [{0: [2, 4], 1: [1, 3, 5]}]),
    ("return s : groupby(function(r) return r.g end)", [{"a": [], "b": []}]),
    ("return s : map(v) : groupby(function() end)", [{}]),
    ("return s", [None] * 5),
    ("return s : map(function() return {} end)", [None] * 5),
    ("s : map(v) return s", [1, 2, 3, 4, 5]),
    ("function StreamOps.twice(s) return s : map(function(n) return 2 * n end) end return s : map(v) : twice()", [2, 4, 6, 8, 10]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), RESULTS)
def test_operations(passed: Passed, body: str, expected: list[Any]) -> None:
    found = values(passed(body))
    assert [(type(value), value) for value in found] == [(type(value), value) for value in expected]


READ_ONLY: list[tuple[str, Any]] = [
    ("r.v = 9 return r.v", 1),
    ("r.v = 9 return aerospike:update(r)", 1),
    ("return aerospike:create(r)", 1),
    ("return aerospike:remove(r) + r.v", 2),
    ("return aerospike:exists(r)", True),
    ("return aerospike:get_current_time()", 0),
    ("record.set_ttl(r, 5) return record.ttl(r)", 60),
    ("record.drop_key(r) return record.key(r)", "user"),
    ("return list{record.gen(r), record.setname(r), record.size(r), record.numbins(r)}", [3, "demo", 80, 2]),
    ("return list{record.memory_size(r), record.device_size(r), record.last_update_time(r)}", [80, 0, 12345]),
    ("return tostring(record.digest(r))", " ".join(f"{number:02X}" for number in range(20))),
]


@pytest.mark.parametrize(("body", "expected"), READ_ONLY)
def test_records_are_read_only(passed: Passed, body: str, expected: Any) -> None:
    assert values(passed(f"return s : map(function(r) {body} end)"))[0] == expected


def test_a_record_function_in_the_same_context_writes(applier: Any) -> None:
    context = applier.load(
        f"{BEFORE} function f(s) return s : map(v) end function g(r) r.v = 2 return aerospike:update(r) end"
    )
    context.open_stream(stream_call("m", b"f", b"\x90", StreamView(HEAD, True)))
    assert values(pour(context, RECORDS)) == [1, 2, 3, 4, 5]
    assert applier.apply(context, "g", [], {"v": 1}).bins == {"v": 2}


def test_partitions_begin_anew(passed: Passed) -> None:
    body = "calls = (calls or 0) + 1 return s : aggregate(calls * 100, sum)"
    assert values(passed(body, batch=RECORDS + END + RECORDS)) == [115, 215]


def test_an_initial_value_is_not_shared(passed: Passed) -> None:
    body = "init = init or %s return s : aggregate(init, function(a, r) a.n = a.n + 1 return a end) %s"
    assert values(passed(body % ("map{n = 0}", ""), batch=RECORDS * 2)) == [{"n": 5}] * 2
    assert values(passed(body % ("{n = 0}", ": map(function(a) return a.n end)"), batch=RECORDS * 2)) == [
        5,
        5,
    ]
    body = "return s : aggregate(list{1}, function(a, r) list.append(a, r.v) return a end)"
    assert values(passed(body, batch=RECORDS * 2)) == [[1, 1, 2, 3, 4, 5]] * 2


def test_a_partition_may_come_in_several_batches(applier: Any) -> None:
    context = opened(applier, "return s : aggregate(0, sum)")
    assert values(pour(context, record(v=1))) == []
    assert values(pour(context, record(v=2))) == []
    assert values(pour(context, END)) == [3]


def test_arguments(passed: Passed) -> None:
    found = passed("local k, l = ... return s : map(function(r) return r.v * k + l[1] end)", 10, [5])
    assert values(found)[:2] == [15, 25]


def test_what_has_enough_to_send_goes_on_later(applier: Any) -> None:
    context = opened(applier, "return s : map(function(r) return string.rep('x', 200000) .. r.v end)")
    poured = pour(context, RECORDS)
    found = []
    while poured.more:
        assert len(poured.messages) < 500_000
        found += values(poured)
        poured = pour(context, b"")
    found += values(poured)
    assert [value[-1] for value in found] == ["1", "2", "3", "4", "5"]


def test_what_takes_long_goes_on_later(applier: Any) -> None:
    context = opened(applier, "return s : map(function(r) for i = 1, 3000000 do end return r.v end)")
    found, pieces, poured = [], 1, pour(context, RECORDS)
    while poured.more:
        pieces += 1
        found += values(poured)
        poured = pour(context, b"")
    assert found + values(poured) == [1, 2, 3, 4, 5]
    assert pieces > 1


def test_values_before_an_error_are_sent(passed: Passed) -> None:
    found = passed("return s : map(function(r) if r.v == 3 then error('three') end return r.v end)")
    assert (_values(found.messages), found.more) == ([1, 2], False)
    assert found.failure == b"/udf/m.lua:6: three"


def at(line: int, message: str) -> bytes:
    """A message with a place among the operations, as the real server has it."""
    return f'[string "stream_ops.lua"]:{line}: {message}'.encode()


def given(message: str) -> bytes:
    """A message about what the function gave."""
    return f'[string "aerospike.lua"]:33: {message}'.encode()


NO_SELF = "attempt to index a %s value (local 'self')"
NO_TABLE = "bad argument #1 to 'insert' (table expected, got nil)"
NO_NUMBER = "bad argument #2 to 'index' (number expected, got string)"

ERRORS: list[tuple[str, bytes]] = [
    ("error('x', 0)", b"x"),
    ("error()", b"result value type unexpected"),
    ("return s : filter(nil)", at(36, "attempt to call a nil value (upvalue 'p')")),
    ("return s : filter()", at(36, "attempt to call a nil value (upvalue 'p')")),
    ("return s : map(v) : filter(5)", at(36, "attempt to call a number value (upvalue 'p')")),
    ("return s : map(nil)", at(50, "attempt to call a nil value (upvalue 'f')")),
    ("return s : map('x')", at(50, "attempt to call a string value (upvalue 'f')")),
    ("return s : map(list())", at(50, "attempt to call a List value (upvalue 'f')")),
    ("return s : map(v) : reduce()", at(63, "attempt to call a nil value (upvalue 'f')")),
    ("return s : aggregate(0)", at(76, "attempt to call a nil value (upvalue 'f')")),
    ("return s : aggregate(sum)", at(76, "attempt to call a nil value (upvalue 'f')")),
    ("return s : groupby(7)", at(159, "attempt to call a number value (upvalue 'f')")),
    ("return s : filter(function() error('x', 2) end)", at(36, "x")),
    ("return s.aggregate(v)", at(142, NO_SELF % "function")),
    ("return s.reduce()", at(146, NO_SELF % "nil")),
    ("return s.map(v)", at(150, NO_SELF % "function")),
    ("return s.filter(true, v)", at(154, NO_SELF % "boolean")),
    ("return s.groupby(v)", at(175, NO_SELF % "function")),
    ("return s.map({}, v)", at(150, NO_TABLE)),
    ("return s.map('x', v)", at(150, NO_TABLE)),
    ("return s.map(map(), v)", at(150, NO_TABLE)),
    ("return s.map(list(), v)", at(150, NO_NUMBER)),
    ("return s.groupby({})", at(175, "attempt to call a nil value (method 'aggregate')")),
    ("return s : nope()", b"/udf/m.lua:6: attempt to call a nil value (method 'nope')"),
    ("return s : map(function(r) return list{r} end)", b"a record cannot be an element of a list or map"),
    (
        "return s : map(function(r) local l = list() l[1] = l return l end)",
        b"lists and maps are nested too deeply",
    ),
    ("return nil", given("attempt to index a nil value (global 'result')")),
    ("return 5, s", given("attempt to index a number value (global 'result')")),
    ("return v", given("attempt to index a function value (global 'result')")),
    ("return list()", given(NO_NUMBER)),
    ("return bytes()", given(NO_NUMBER)),
    ("return {}", b"attempt to index a nil value"),
    ("return 'x'", b"attempt to index a nil value"),
    ("return map()", b"attempt to index a nil value"),
    (
        "local x = apply_stream() return x",
        b"/udf/m.lua:6: this function is the engine's: modules cannot call it",
    ),
]


@pytest.mark.parametrize(("body", "expected"), ERRORS)
def test_errors(passed: Passed, body: str, expected: bytes) -> None:
    found = passed(body)
    assert (found.messages, found.more) == (b"", False)
    assert found.failure == expected


def test_functions_that_are_never_called_may_be_missing(passed: Passed) -> None:
    one = record(v=7) + END
    for body in ("reduce()", "filter(none) : map()", "reduce(add) : map()"):
        assert not passed(f"return s : map(v) : {body}", batch=one).failure
    assert values(passed("return s : map(v) : groupby()")) == [{}]


HARMFUL = [
    "while true do end",
    "return s : map(function() while true do pcall(function() while true do end end) end end)",
    "return s : filter(function() return coroutine.wrap(function() while true do end end)() end)",
    "return s : reduce(function(a) return a end) : map(v), setmetatable(_G, {__index = function() while true do end end}), nope",
    "while true do s = s : map(v) end",
    "for i = 1, 1e6 do s = s : map(v) end return s",
    "return s : aggregate(list(), function(l, r) while true do list.append(l, 1) end end)",
    "return s : aggregate({}, function(t, r) while true do t[#t + 1] = r end end)",
    "return s : map(function(r) return string.rep('x', 1 << 28) end)",
    "local x = 'x' return s : map(function(r) while true do x = x .. x end end)",
]


@pytest.mark.parametrize("body", HARMFUL)
def test_harm_is_an_error_in_time(applier: Any, body: str) -> None:
    started = time.process_time()
    found = pour(opened(applier, body), RECORDS, 0.1)
    assert time.process_time() - started < 3
    assert found.failure
    assert not found.more


@pytest.mark.parametrize("change", ["next(s)", "pairs(s)(s)", "rawlen(s)"])
def test_a_stream_shows_nothing_of_its_operations(passed: Passed, change: str) -> None:
    found = passed(f"s = s : map(v) return s : map(function() return {change} or 0 end)")
    assert (found.failure, values(found)) == (b"", [0] * 5)


def test_a_finaliser_on_the_class_of_streams_does_not_run(applier: Any) -> None:
    body = "StreamOps_mt.__gc = function() ran = true end return s : map(function() collectgarbage() return ran and 1 or 0 end)"
    found = pour(opened(applier, body), RECORDS)
    assert (found.failure, set(values(found))) == (b"", {0})


def test_log_lines_of_one_aggregation_are_bounded(applier: Any) -> None:
    context = opened(applier, "return s : map(function(r) for i = 1, 300 do info('x') end return 1 end)")
    for _ in range(3):
        poured = pour(context, RECORDS)
        while poured.more:
            poured = pour(context, b"")
    assert len(applier.lines) == 1000
    assert applier.log_contexts == {"aggr"}
