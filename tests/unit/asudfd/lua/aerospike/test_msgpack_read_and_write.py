"""The codec in Lua against the one in Python: what goes in comes out, byte for byte where only one form is right."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from asinfo.wire import msgpack, particle
from tests.each import for_each

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
INTEGERS = st.integers(-(1 << 63), (1 << 63) - 1)
SCALARS = (
    st.none()
    | st.booleans()
    | INTEGERS
    | st.floats(allow_nan=False)
    | TEXTS
    | st.binary(max_size=300)
    | TEXTS.map(msgpack.GeoJSON)
)
KEYS = INTEGERS | TEXTS | st.binary(max_size=40)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(KEYS, inner, max_size=20),
    max_leaves=40,
)
EXAMPLES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def echo(applier: Any) -> Callable[..., Any]:
    context = applier.load(
        "function arg(rec, a) return a end\n"
        "function touch(rec) rec.v = rec.v aerospike:update(rec) return rec.v end\n"
        "function text(rec, a) return tostring(a) end"
    )
    return lambda function, arguments, bins=None: applier.apply(context, function, arguments, bins)


def exact(value: Any) -> Any:
    if isinstance(value, list):
        return [exact(each) for each in value]
    if isinstance(value, dict):
        return {(type(key).__name__, key): exact(each) for key, each in value.items()}
    if isinstance(value, float):
        return "float", value, math.copysign(1, value)
    return type(value).__name__, value


@EXAMPLES
@given(VALUES)
def test_an_argument_comes_back(echo: Any, value: Any) -> None:
    assert exact(echo("arg", [value]).value) == exact(value)


@EXAMPLES
@given(VALUES.filter(lambda value: value is not None))
def test_a_bin_comes_back(echo: Any, value: Any) -> None:
    called = echo("touch", [], {"v": value, "z": 1})
    assert exact(called.bins) == exact({"v": value, "z": 1})
    assert exact(called.value) == exact(value)


@EXAMPLES
@given(st.lists(SCALARS, max_size=40))
def test_a_list_has_one_form(echo: Any, value: list[Any]) -> None:
    assert echo("arg", [value]).raw.value == msgpack.pack(value)


NEARLY_SMALL = st.sampled_from(
    [-33, -32, -1, 0, 127, 128, 1.0, -0.0, None, True, "5", "", "x" * 29, "x" * 31, "x" * 32]
)


@EXAMPLES
@given(
    st.lists(st.integers(-32, 127), max_size=450),
    st.lists(NEARLY_SMALL | TEXTS, max_size=40),
    st.lists(st.integers(0, 127), max_size=450),
)
def test_lists_of_what_is_taken_in_one_step(
    echo: Any, first: list[Any], among: list[Any], last: list[Any]
) -> None:
    for value in (first + among + last, among + last, last):
        assert echo("arg", [value]).raw.value == msgpack.pack(value)
        assert exact(echo("touch", [], {"v": value, "z": 1}).bins) == exact({"v": value, "z": 1})


EDGES = [0, 32, 128, 129, 1 << 8, 1 << 15, 1 << 16, 1 << 31, 1 << 32, 1 << 63]
OF_FEW_SIZES = st.sampled_from(
    [
        *(number for edge in EDGES for number in (edge - 1, -edge) if number < 1 << 63),
        *(edge for edge in EDGES[:-1]),
        1.5,
        1000.0,
        "5",
        None,
        True,
    ]
)


@EXAMPLES
@given(
    st.lists(OF_FEW_SIZES, max_size=12),
    st.lists(st.tuples(OF_FEW_SIZES, st.integers(1, 9)), max_size=4),
)
def test_numbers_of_the_same_size_are_taken_in_one_step(
    echo: Any, mixed: list[Any], runs: list[tuple[Any, int]]
) -> None:
    for value in (mixed, [number for number, times in runs for _ in range(times)]):
        assert echo("arg", [value]).raw.value == msgpack.pack(value)
        assert exact(echo("touch", [], {"v": value, "z": 1}).bins) == exact({"v": value, "z": 1})


CHANGED = """
local changes = {
    append = function(l, _, value) list.append(l, value) end,
    prepend = function(l, _, value) list.prepend(l, value) end,
    insert = list.insert,
    remove = function(l, at) list.remove(l, at) end,
    set = function(l, at, value) l[at] = value end,
    concat = function(l, _, _, more) list.concat(l, more) end,
    trim = function(l, at) list.trim(l, at) end,
}
function change(rec, steps, more)
    rec.known = rec.v
    rec.cloned = list.clone(rec.v) -- of a clone it is not known what its elements are
    for step in list.iterator(steps) do
        for _, name in ipairs{ "known", "cloned" } do
            changes[step[1]](rec[name], step[2], step[3], more)
        end
    end
    aerospike:update(rec)
    return list{ rec.known, rec.cloned }
end
"""
STEPS = st.tuples(
    st.sampled_from(["append", "prepend", "insert", "remove", "set", "concat", "trim"]),
    st.integers(1, 20),
    st.integers(0, 127) | NEARLY_SMALL,
).map(list)


@pytest.fixture
def changed(applier: Any) -> Callable[..., Any]:
    context = applier.load(CHANGED)
    return lambda value, steps, more: applier.apply(context, "change", [steps, more], {"v": value})


@EXAMPLES
@given(
    st.lists(st.integers(0, 127), max_size=18) | st.lists(st.integers(0, 127), min_size=195, max_size=205),
    st.lists(STEPS, max_size=6),
    st.lists(st.integers(0, 127) | NEARLY_SMALL, max_size=3),
)
@example([1], [["set", 5, 3]], [])
@example([1], [["insert", 5, 3]], [])
@example([1], [["append", 1, 1.0]], [])
@example([1], [["concat", 1, 1]], [1.0])
def test_a_list_known_to_be_small_is_written_as_another(
    changed: Any, value: list[int], steps: list[list[Any]], more: list[Any]
) -> None:
    called = changed(value, steps, more)
    assert called.code == 0, called
    known, cloned = (particle.pack(each) for each in called.value)
    assert known == cloned
    assert exact(called.bins["known"]) == exact(called.bins["cloned"]) == exact(called.value[0])


@for_each([127, True, False, None, -30, -16])
def test_what_is_behind_a_list_is_none_of_its_elements(last: Any, echo: Any) -> None:
    """The byte of an empty map goes on a character of UTF-8 that the last element might begin."""
    for count in (2, 199):
        value = [[*[1] * count, last], {}, {}, {}]
        assert echo("arg", [value]).raw.value == msgpack.pack(value)


@pytest.mark.parametrize(
    "inner", [b"\x01", b"\xa2\x03a", b"\xc0", b"\x90"], ids=["integer", "string", "nil", "list"]
)
def test_what_is_nested_too_deeply_is_not_read(echo: Any, inner: bytes) -> None:
    shown = [
        echo("touch", [], {"v": (20, b"\x91" * depth + inner), "z": 1}).value for depth in (127, 128, 129)
    ]
    assert [value is not None for value in shown] == [True, True, False]


def test_a_string_in_a_list_ends_at_its_zero(echo: Any) -> None:
    for tail in (b"", b"\xd9\xff\x04" + bytes(254), b"\xda\x20\x00\x04" + bytes(8191)):
        count = 3 + bool(tail)
        data = bytes([0x90 + count]) + b"\xa4\x03a\0b\xa2\x03c\xa2\x03\0" + tail
        assert echo("touch", [], {"v": (20, data), "z": 1}).value[:3] == ["a", "c", ""]


@EXAMPLES
@given(st.binary(max_size=60), st.sampled_from([19, 20, 23, 1, 2, 3, 4, 17]))
def test_any_bytes_in_a_bin(echo: Any, data: bytes, kind: int) -> None:
    called = echo("text", [], {"v": (kind, data)})
    assert called.code == 0
    called = echo("touch", [], {"v": (kind, data), "z": 1})
    assert called.code in {0, 100}


SIZES = [0, 1, 15, 16, 30, 31, 32, 254, 255, 256, 65534, 65535, 65536, 70000]


@pytest.mark.parametrize("size", SIZES)
def test_sizes(echo: Any, size: int) -> None:
    for value in ("x" * size, b"y" * size, [1] * size, dict.fromkeys(range(size), 0)):
        answer = echo("arg", [value])
        assert answer.value == value
        assert answer.raw.value == particle.pack(value)[1]


@pytest.mark.parametrize(
    "edge",
    [edge + step for edge in (0, 32, 128, 256, 1 << 15, 1 << 16, 1 << 31, 1 << 32) for step in (-1, 0, 1)],
)
def test_integers(echo: Any, edge: int) -> None:
    assert echo("arg", [[edge, -edge]]).raw.value == msgpack.pack([edge, -edge])


def test_flags(echo: Any) -> None:
    """An ordered list is sorted when it is stored; a map that Lua made has no flags."""
    ordered = msgpack.MarkedList([3, "b", None, 2.5, [2], 1, True, b"x", {1: 1}, [1, 5]], msgpack.ORDERED)
    called = echo("touch", [], {"v": ordered})
    blob = called.raw.bins
    assert blob[9:].startswith(b"\x9b\xc7\x00\x01")
    assert called.bins["v"] == [None, True, 1, 3, "b", [1, 5], [2], {1: 1}, b"x", 2.5]


def test_a_result_shows_no_flags_of_lists(apply: Any) -> None:
    ordered = msgpack.MarkedList([1, 2], msgpack.ORDERED)
    plain = {"return rec.v": b"\x92\x01\x02", "return list{rec.v}": b"\x91\x92\x01\x02"}
    plain["return map{a = rec.v}"] = b"\x81\xa2\x03a\x92\x01\x02"
    for body, raw in plain.items():
        assert apply(body, bins={"v": ordered}).raw.value == raw
    stored = apply("rec.c = list{rec.v} aerospike:update(rec)", bins={"v": ordered}).raw.bins
    assert stored.endswith(b"\x91\x93\xc7\x00\x01\x01\x02")


def test_marks_of_maps(apply: Any) -> None:
    called = apply("local m = map{b = 1, a = map{}} rec.m = m aerospike:update(rec) return m", bins={"a": 1})
    assert called.raw.value == b"\x82\xa2\x03a\x80\xa2\x03b\x01"
    assert called.raw.bins.endswith(b"\x82\xa2\x03a\x80\xa2\x03b\x01")
    unordered = apply("rec.m = rec.m aerospike:update(rec)", bins={"m": {"b": 1, "a": 2}})
    assert unordered.raw.bins.endswith(b"\x82\xa2\x03a\x02\xa2\x03b\x01")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x93\xca\x3f\xc0\x00\x00\xc4\x02\x03a\xda\x00\x02\x03b", '[1.5, "a", "b"]'),
        (b"\x92\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xd0\x01", "[-1, 1]"),
        (b"\x91\xa3raw", '["raw"]'),
        (b"\x91\xa0", '[""]'),
        (b"\x91\xa4\x03a\x00b", '["a"]'),
        (b"\x91\xa3\x07ab", "[61 62]"),
    ],
)
def test_other_forms(applier: Any, data: bytes, told: str) -> None:
    context = applier.load("function f(rec) return tostring(rec.v) end")
    assert applier.apply(context, "f", [], {"v": (20, data)}).value == told
