"""Filter expressions: each kind of expression on one record, and what they do to each kind of request."""

from __future__ import annotations

import math
from math import cos, sin, tau
from typing import Any

import pytest

from asinfo.wire import expression as x
from asinfo.wire import message, msgpack, request
from asinfo.wire.msgpack import GeoJSON, MarkedMap, Raw
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from asudfd.aerospike.message.filter import arithmetic
from asudfd.aerospike.message.filter.compiled import Filter
from asudfd.aerospike.message.filter.regex.budget import RegexBudget
from tests.each import for_each_row
from tests.fakes.world import World

KEY = Key("test", "demo", "k")
ANGLES = [tau * number / 5000 for number in [*range(5000), 0]]
CORNERS = ",".join(f"[{1 + cos(angle):.6f},{2 + sin(angle):.6f}]" for angle in ANGLES)
CIRCLE = GeoJSON(f'{{"type":"Polygon","coordinates":[[{CORNERS}]]}}')
BINS: dict[str, Any] = {
    "i": 5,
    "f": 2.5,
    "s": "Hello",
    "b": True,
    "y": b"xy",
    "l": [1, 2, 3],
    "m": {"a": 1},
    "o": MarkedMap({"a": 1}),
    "n": -7,
    "g": GeoJSON('{"type":"Point","coordinates":[1,2]}'),
    "r": GeoJSON('{"type":"AeroCircle","coordinates":[[1,2.1],20000]}'),
    "large": GeoJSON('{"type":"Polygon","a":[' + "[]," * 5000 + "1]}"),
    "line": GeoJSON('{"type":"Polygon"}'),
}
UNKNOWN = "unknown"


def i(name: str = "i") -> list[Any]:
    return [x.BIN, x.INTEGER, Raw(name.encode())]


def f(name: str = "f") -> list[Any]:
    return [x.BIN, x.FLOAT, Raw(name.encode())]


def s(name: str = "s") -> list[Any]:
    return [x.BIN, x.STRING, Raw(name.encode())]


LIST = [x.BIN, x.LIST, Raw(b"l")]
MAP = [x.BIN, x.MAP, Raw(b"m")]
HLL = [x.BIN, x.HLL, Raw(b"h")]
GEO, REGION = [x.BIN, x.GEOJSON, Raw(b"g")], [x.BIN, x.GEOJSON, Raw(b"r")]
NEAR = GeoJSON('{"type":"AeroCircle","coordinates":[[1,2.1],10000]}')
NOPE = [x.EQ, i("nope"), 1]


@pytest.fixture
def stored(world: World) -> World:
    world.ask(request.put(KEY, BINS, Policy(send_key=True)))
    world.ask(
        request.operate(
            KEY, [message.op(message.OP_HLL_MODIFY, 4, b"h", msgpack.pack([0, 8]))], reads=False, writes=True
        )
    )
    return world


def passes(world: World, expression: Any) -> bool:
    record = world.record(KEY.digest)
    return Filter(msgpack.pack(expression), RegexBudget()).passes(world.namespace, KEY.digest, record)


@for_each_row(
    "expression",
    [
        [x.EQ, i(), 5], [x.NE, i(), 4], [x.GT, i(), 4], [x.GE, i(), 5], [x.LT, i(), 6], [x.LE, i(), 5],
        [x.EQ, f(), 2.5], [x.EQ, s(), "Hello"], [x.GT, s(), "Hallo"], [x.BIN, x.BOOL, Raw(b"b")],
        [x.EQ, [x.BIN, x.BLOB, Raw(b"y")], b"xy"],
        [x.EQ, LIST, [x.QUOTE, [1, 2, 3]]], [x.LT, LIST, [x.QUOTE, [1, 2, 4]]],
        [x.EQ, [x.BIN, x.MAP, Raw(b"o")], MarkedMap({"a": 1})],
        [x.AND, True, True, True], [x.OR, False, True], [x.OR, NOPE, True], [x.NOT, [x.AND, NOPE, False]],
        [x.EXCLUSIVE, False, True, False], [x.NOT, [x.EXCLUSIVE, True, True]],
        [x.REGEX, 2, Raw(b"^HEL*o$"), s()], [x.NOT, [x.REGEX, 0, Raw(b"^HEL"), s()]],
        [x.EQ, [x.BIN_TYPE, Raw(b"i")], 1], [x.EQ, [x.BIN_TYPE, Raw(b"nope")], 0],
        [x.EQ, [x.SET_NAME], "demo"], [x.KEY_EXISTS], [x.EQ, [x.KEY, x.STRING], "k"], [x.NOT, [x.IS_TOMBSTONE]],
        [x.EQ, [x.TTL], -1], [x.EQ, [x.VOID_TIME], -1], [x.LT, [x.SINCE_UPDATE], 60_000],
        [x.GT, [x.LAST_UPDATE], 1_700_000_000_000_000_000], [x.GT, [x.RECORD_SIZE], 50],
        [x.EQ, [x.MEMORY_SIZE], [x.RECORD_SIZE]], [x.EQ, [x.DEVICE_SIZE], 0],
        [x.EQ, [x.DIGEST_MOD, 10], int.from_bytes(KEY.digest[16:], "little") % 10],
        [x.EQ, [x.ADD, i(), 1, 2], 8], [x.EQ, [x.SUB, i(), 1], 4], [x.EQ, [x.SUB, i()], -5], [x.EQ, [x.MUL, i(), 3], 15],
        [x.EQ, [x.DIV, i("n"), 2], -3], [x.EQ, [x.MOD, i("n"), 4], -3], [x.EQ, [x.ABS, i("n")], 7],
        [x.EQ, [x.ADD, f(), 0.5], 3.0], [x.EQ, [x.POW, f(), 2.0], 6.25], [x.EQ, [x.LOG, 8.0, 2.0], 3.0],
        [x.EQ, [x.FLOOR, f()], 2.0], [x.EQ, [x.CEIL, f()], 3.0], [x.EQ, [x.TO_INT, f()], 2], [x.EQ, [x.TO_FLOAT, i()], 5.0],
        [x.EQ, [x.MIN, i(), 3, 9], 3], [x.EQ, [x.MAX, i(), 3, 9], 9],
        [x.EQ, [x.INT_AND, i(), 4], 4], [x.EQ, [x.INT_OR, i(), 2], 7], [x.EQ, [x.INT_XOR, i(), 1], 4],
        [x.EQ, [x.INT_NOT, i()], -6], [x.EQ, [x.INT_LSHIFT, i(), 1], 10], [x.EQ, [x.INT_COUNT, i()], 2],
        [x.EQ, [x.INT_RSHIFT, -1, 63], 1], [x.EQ, [x.INT_ARSHIFT, -8, 1], -4],
        [x.EQ, [x.INT_LSCAN, i(), True], 61], [x.EQ, [x.INT_RSCAN, i(), True], 63],
        [x.COND, [x.EQ, i(), 1], False, [x.EQ, i(), 5], True, False],
        [x.LET, Raw(b"v"), i(), Raw(b"w"), [x.ADD, [x.VAR, Raw(b"v")], 1], [x.EQ, [x.VAR, Raw(b"w")], 6]],
        [x.EQ, [x.CALL, x.INTEGER, 0, [16], LIST], 3], [x.EQ, [x.CALL, x.INTEGER, 0, [96], MAP], 1],
        [x.EQ, [x.CALL, x.INTEGER, 0, [19, 7, -1], LIST], 3], [x.EQ, [x.CALL, x.INTEGER, 0, [97, 7, "a"], MAP], 1],
        [x.EQ, [x.CALL, x.LIST, 0, [24, 7, 1], LIST], [x.QUOTE, [2, 3]]],
        [x.EQ, [x.CALL, x.INTEGER, 0, [22, 5, [x.SUB, i(), 2]], LIST], 1],
        [x.EQ, [x.CALL, x.INTEGER, 0, [97, 7, [x.COND, [x.EQ, i(), 5], "a", "b"]], MAP], 1],
        [x.EQ, [x.CALL, x.LIST, 64, [1, i()], LIST], [x.QUOTE, [1, 2, 3, 5]]],
        [x.EQ, [x.CALL, x.LIST, 64, [2, [x.CALL, x.LIST, 64, [1, f()], LIST]], LIST], [x.QUOTE, [1, 2, 3, 1, 2, 3, 2.5]]],
        [x.EQ, [x.CALL, x.INTEGER, 0, [16], [x.CALL, x.LIST, 64, [11], LIST]], 0],
        [x.EQ, [x.CALL, x.STRING, 0, [97, 7, "b"], [x.CALL, x.MAP, 64, [67, "b", s()], MAP]], "Hello"],
        [x.EQ, [x.CALL, x.INTEGER, 0, [255, [16, 1], [16]], [x.QUOTE, [[], [1, 2]]]], 2],
        [x.EQ, [x.CALL, x.LIST, 0, [97, 7, "a"], [x.CALL, x.MAP, 64, [255, [34, "a"], [1, i()]], {"a": [7]}]], [x.QUOTE, [7, 5]]],
        [x.EQ, [x.CALL, x.LIST, 0, [24, 0x10007, 1, 1], LIST], [x.QUOTE, [1, 3]]],
        [x.EQ, [x.CALL, x.BLOB, 1, [50, 8, 8], [x.BIN, x.BLOB, Raw(b"y")]], b"y"],
        [x.EQ, [x.CALL, x.BLOB, 65, [7, 0, [x.ADD, i(), 3], 0], [x.BIN, x.BLOB, Raw(b"y")]], b"\x87y"],
        [x.EQ, [x.CALL, x.INTEGER, 2, [50], HLL], 0],
        [x.EQ, [x.CALL, x.INTEGER, 2, [52, HLL], [x.CALL, x.HLL, 66, [1, LIST], HLL]], 3],
        [x.EQ, [x.CALL, x.INTEGER, 2, [50], [x.CALL, x.HLL, 66, [0, 4], None]], 0],
        [x.EQ, [x.CALL, x.INTEGER, 2, [50], [x.CALL, x.HLL, 66, [1, LIST, 8], None]], 3],
        [x.EQ, [x.CALL, x.INTEGER, 2, [50], Raw(b"\x12\0\4\0" + bytes(20))], 0],
        [x.EQ, [x.CALL, x.INTEGER, 2, [50], [x.CALL, x.HLL, 66, [1, LIST], HLL]], 3],
        [x.EQ, [x.MAP_KEYS, MAP], [x.QUOTE, ["a"]]], [x.EQ, [x.MAP_VALUES, MAP], [x.QUOTE, [1]]],
        [x.EQ, None, None], [x.GE, None, None],
        [x.EQ, [x.CALL, x.NIL, 0, [97, 7, "a"], {"a": None}], None], [x.EQ, [x.CALL, x.NIL, 0, [19, 7, 0], [x.QUOTE, [None]]], None],
        [x.GEO, GEO, REGION], [x.GEO, REGION, GEO], [x.NOT, [x.GEO, GEO, NEAR]], [x.NOT, [x.GEO, GEO, GEO]],
        [x.GEO, GeoJSON('{"type":"Point","coordinates":[1,2.2]}'), REGION], [x.GEO, GEO, CIRCLE],
    ]
)  # fmt: skip
def test_true(stored: World, expression: Any) -> None:
    assert passes(stored, expression)


@pytest.mark.parametrize(
    "expression",
    [
        NOPE, [x.NOT, NOPE], [x.NE, i("nope"), 1], [x.EQ, i("s"), 1], [x.AND, True, NOPE], [x.OR, False, NOPE],
        [x.EXCLUSIVE, True, NOPE], [x.UNKNOWN], [x.EQ, [x.DIV, i(), 0], 0], [x.EQ, [x.MOD, i(), 0], 0],
        [x.COND, NOPE, True, True], [x.EQ, [x.KEY, x.INTEGER], 1], [x.EQ, [x.CALL, x.INTEGER, 0, [19, 7, 9], LIST], 1],
        [x.EQ, [x.CALL, x.STRING, 0, [97, 7, "a"], MAP], "1"], [x.EQ, [x.CALL, x.NIL, 0, [97, 7, "a"], MAP], None], [x.EQ, [x.CALL, x.INTEGER, 0, [16], [x.BIN, 4, Raw(b"z")]], 0],
        [x.GEO, GEO, [x.BIN, x.GEOJSON, Raw(b"nope")]], [x.GEO, GEO, [x.BIN, x.GEOJSON, Raw(b"line")]],
        [x.GEO, GEO, [x.BIN, x.GEOJSON, Raw(b"large")]],
        [x.LET, Raw(b"v"), i("nope"), [x.EQ, [x.VAR, Raw(b"v")], 1]],
    ],
    ids=str,
)  # fmt: skip
def test_unknown_is_filtered_out(stored: World, expression: Any) -> None:
    assert not passes(stored, expression)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ([x.EQ, i(), "5"], Result.PARAMETER),
        (i(), Result.PARAMETER),
        (5, Result.PARAMETER),
        ([x.ADD, i(), 1.5], Result.PARAMETER),
        ([x.EQ, [x.ADD, i(), f()], 1], Result.PARAMETER),
        ([x.NOT, i()], Result.PARAMETER),
        ([x.AND, True], Result.PARAMETER),
        ([x.COND, True, 1, "x"], Result.PARAMETER),
        ([x.COND, True, True], Result.PARAMETER),
        ([x.VAR, Raw(b"v")], Result.PARAMETER),
        ([x.LET, Raw(b"1v"), 1, True], Result.PARAMETER),
        ([x.REGEX, 0, Raw(b"["), s()], Result.PARAMETER),
        ([x.REGEX, 0, Raw(b"x"), i()], Result.PARAMETER),
        ([x.EQ, [x.DIGEST_MOD, 0], 0], Result.PARAMETER),
        ([x.BIN, x.BOOL, Raw(b"n" * 16)], Result.PARAMETER),
        ([222, 1], Result.PARAMETER),
        ([x.GEO, GEO, s()], Result.PARAMETER),
        ([x.GEO, GEO, GeoJSON("{}")], Result.PARAMETER),
        ([x.GEO, GEO, GeoJSON("{" + "[" * 5000)], Result.PARAMETER),
        ([x.GEO, GEO, GeoJSON('{"type":"Polygon","a":[' + "[]," * 5000 + "1]}")], Result.PARAMETER),
        ([x.EQ, [x.CALL, x.INTEGER, 2, [50], i()], 1], Result.PARAMETER),
        ([x.EQ, [x.CALL, x.INTEGER, 0, [1, 4], LIST], 1], Result.PARAMETER),
        ([x.EQ, [x.CALL, x.INTEGER, 64, [16], LIST], 1], Result.PARAMETER),
        ([x.EQ, [x.CALL, x.INTEGER, 0, [16], i()], 1], Result.PARAMETER),
        ([x.EQ, [x.CALL, x.INTEGER, 0, [1, 4, 5, 6], LIST], 1], Result.PARAMETER),
        ([x.EQ, [x.CALL, x.INTEGER, 0, [19, 7, [x.BIN]], LIST], 1], Result.PARAMETER),
        ([x.EQ, [x.CALL, x.INTEGER, 0, [], LIST], 1], Result.PARAMETER),
        ([x.EQ, [x.CALL, x.INTEGER, 3, [16], LIST], 1], Result.PARAMETER),
        ([x.EQ, [x.CALL, 77, 0, [16], LIST], 1], Result.PARAMETER),
        ([x.EQ, [x.MAP_KEYS, LIST], [x.QUOTE, []]], Result.PARAMETER),
        ([x.REGEX, 1, Raw(b"(a*)\\1"), s()], Result.UNSUPPORTED_FEATURE),
        ([x.REGEX, 1, Raw(b"((a{1,200}){1,200})"), s()], Result.UNSUPPORTED_FEATURE),
    ],
    ids=str,
)
def test_refusals(stored: World, expression: Any, code: int) -> None:
    answer = stored.ask(request.get(KEY, policy=Policy(filter=msgpack.pack(expression))))
    assert (answer.result, answer.ops) == (code, [])


FALSE, TRUE = (Policy(filter=msgpack.pack([x.EQ, i(), number])) for number in (6, 5))


@pytest.mark.parametrize(
    ("make", "counter"),
    [
        (lambda policy: request.get(KEY, policy=policy), "client_read"),
        (lambda policy: request.exists(KEY, policy), "client_read"),
        (lambda policy: request.put(KEY, {"x": 1}, policy), "client_write"),
        (lambda policy: request.touch(KEY, policy), "client_write"),
        (lambda policy: request.remove(KEY, policy), "client_delete"),
        (lambda policy: request.apply(KEY, "mod", "fun", [], policy), "client_udf"),
    ],
)
def test_requests_on_one_record(stored: World, make: Any, counter: str) -> None:
    before = stored.record(KEY.digest)
    assert stored.ask(make(FALSE)).result == Result.FILTERED_OUT
    assert stored.record(KEY.digest) == before
    assert (stored.count(f"{counter}_filtered_out"), stored.host.calls) == (1, [])
    assert stored.ask(make(TRUE)).result == 0


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *((2, True), (i("i"), False), (2.0, False), ("a", True), ("b", False), (b"a", True), (True, True)),
        *(([x.QUOTE, [1, "x"]], True), ([x.QUOTE, [1]], False), ({"k": 1}, True), (s("nope"), False)),
    ],
)
def test_a_value_in_a_list(stored: World, value: Any, found: bool) -> None:
    items = [1, 2, "a", b"a", True, [1, "x"], {"k": 1}]
    stored.ask(request.put(KEY, {"items": items}))
    in_bin = [x.IN_LIST, value, [x.BIN, x.LIST, Raw(b"items")]]
    assert passes(stored, in_bin) == found
    assert passes(stored, [x.IN_LIST, value, [x.QUOTE, items]]) == found
    assert not passes(stored, [x.IN_LIST, value, [x.BIN, x.LIST, Raw(b"m")]])


@pytest.mark.parametrize("no_list", [MAP, i(), "text"], ids=str)
def test_a_value_in_no_list(stored: World, no_list: Any) -> None:
    test_refusals(stored, [x.IN_LIST, 1, no_list], Result.PARAMETER)


def test_a_record_that_is_not_there_is_not_filtered(world: World) -> None:
    assert world.ask(request.get(KEY, policy=FALSE)).result == Result.NOT_FOUND
    assert world.ask(request.put(KEY, {"i": 1}, FALSE)).result == 0


def test_a_batch_has_a_filter_for_all_rows_and_rows_have_their_own(stored: World) -> None:
    rows = [(KEY, request.get_row(KEY)), (Key("test", "demo", 9), request.get_row(Key("test", "demo", 9)))]
    data = request.batch(rows)
    plain = request.replies(stored.bodies(data)[0])
    assert [each.result for each in plain[:-1]] == [0, Result.NOT_FOUND]
    fields = message.unpack(data)[9]
    filtered = message.request(message.INFO1_BATCH, fields=[*fields.items(), (43, FALSE.filter)])
    answers = request.replies(stored.bodies(filtered)[0])
    assert [each.result for each in answers] == [Result.FILTERED_OUT, Result.NOT_FOUND, 0]
    assert stored.count("batch_sub_read_filtered_out") == 1
    broken = message.request(message.INFO1_BATCH, fields=[*fields.items(), (43, b"\x90")])
    assert [each.result for each in request.replies(stored.bodies(broken)[0])] == [Result.PARAMETER]


def test_a_comparison_with_a_large_list(stored: World) -> None:
    stored.ask(request.put(KEY, {"l": [7] * 300_000}))
    for compare, result in ((x.EQ, Result.FILTERED_OUT), (x.GT, Result.OK)):
        policy = Policy(filter=msgpack.pack([compare, LIST, [x.QUOTE, [1]]]))
        assert stored.ask(request.get(KEY, policy=policy)).result == result


def test_the_patterns_of_a_filter_share_a_budget(stored: World) -> None:
    words = [[x.REGEX, 0, Raw(b"word number %02d" % number), s()] for number in range(60)]
    policy = Policy(filter=msgpack.pack([x.OR, *words[:30]]))
    assert stored.ask(request.get(KEY, policy=policy)).result == Result.FILTERED_OUT
    policy = Policy(filter=msgpack.pack([x.OR, *words]))
    assert stored.ask(request.get(KEY, policy=policy)).result == Result.UNSUPPORTED_FEATURE


@pytest.mark.parametrize("pattern", [b"^((a*)*)*+{6}", b"|^((a*)*)*+{1,3}{2}"])
def test_what_the_c_library_takes_for_ever_to_compile_is_a_pattern_like_others(
    stored: World, pattern: bytes
) -> None:
    policy = Policy(filter=msgpack.pack([x.REGEX, 1, Raw(pattern), s()]))
    assert stored.ask(request.get(KEY, policy=policy)).result == Result.OK


def test_what_is_refused_is_compiled_once(stored: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    decode = x.decode

    def counted(data: bytes) -> x.Node:
        read.append(data)
        return decode(data)

    monkeypatch.setattr(x, "decode", counted)
    policy = Policy(filter=msgpack.pack([x.REGEX, 1, Raw(b"(a{1,201}){1,201}"), s()]))
    counts = []
    for _ in range(3):
        assert stored.ask(request.get(KEY, policy=policy)).result == Result.UNSUPPORTED_FEATURE
        counts.append(len(read))
    assert counts == [counts[0]] * 3


@for_each_row(
    ("found", "expected"),
    [
        (arithmetic.add((1 << 63) - 1, 1), -(1 << 63)),
        (arithmetic.multiply(1 << 62, 4), 0),
        (arithmetic.subtract(-(1 << 63)), -(1 << 63)),
        (arithmetic.divide(-(1 << 63), -1), -(1 << 63)),
        (arithmetic.divide(-7, 2), -3),
        (arithmetic.divide(2), 0),
        (arithmetic.divide(2.0), 0.5),
        (arithmetic.divide(1.0, 0.0), math.inf),
        (arithmetic.divide(-1.0, 0.0), -math.inf),
        (arithmetic.power(10.0, 400.0), math.inf),
        (arithmetic.power(-10.0, 401.0), -math.inf),
        (arithmetic.logarithm(0.0, 2.0), -math.inf),
        (arithmetic.to_integer(math.nan), -(1 << 63)),
        (arithmetic.to_integer(-2.9), -2),
        (arithmetic.shift_left(1, 63), -(1 << 63)),
        (arithmetic.left_scan(0, True), -1),
        (arithmetic.right_scan(-1, False), -1),
        (arithmetic.left_scan(-1, True), 0),
    ],
)
def test_arithmetic_is_that_of_64_bits(found: float, expected: float) -> None:
    assert found == expected


@pytest.mark.parametrize(
    "found", [arithmetic.divide(0.0, 0.0), arithmetic.logarithm(-1.0, 2.0), arithmetic.power(-1.0, 0.5)]
)
def test_arithmetic_without_a_number(found: float) -> None:
    assert math.isnan(found)
    assert arithmetic.floor(math.inf) == math.inf


def test_a_filter_may_be_large_and_has_limits(world: World) -> None:
    key = Key("test", "demo", "k")
    world.ask(request.put(key, {"n": 1}))

    def result(*constants: object) -> int:
        tests = [[x.IN_LIST, [x.BIN, x.INTEGER, Raw(b"n")], [x.QUOTE, [*constants]]], True]
        return world.ask(request.get(key, policy=Policy(filter=msgpack.pack([x.AND, *tests])))).result

    assert result(*range(2, 50_000), 1) == Result.OK
    assert result(*range(2, 50_000)) == Result.FILTERED_OUT
    assert result(*range(2, 70_000), 1) == Result.UNSUPPORTED_FEATURE
    assert result(bytes(900_000), 1) == Result.OK
    assert result(bytes(1 << 20), 1) == Result.PARAMETER
