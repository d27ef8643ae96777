"""Paths: all elements that steps lead to, shown, changed and removed; in operations and in expressions."""

from __future__ import annotations

from typing import Any

import pytest

from asinfo.wire import expression as x
from asinfo.wire import message, msgpack, request
from asinfo.wire.message import op
from asinfo.wire.msgpack import MarkedList, MarkedMap, Raw
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from asudfd.aerospike.message.filter.paths import (
    CHANGE,
    KEYS,
    KEYS_AND_VALUES,
    KEYS_IN,
    NO_FAIL,
    TREE,
    VALUES,
)
from tests.fakes.world import World

KEY = Key("test", "demo", "k")
PLACE = [(0, b"test"), (1, b"demo"), (4, KEY.digest)]
ALL, AND = x.ALL_CHILDREN, x.AND_FILTER
MAP_KEY, LIST_INDEX, LIST_VALUE = 0x22, 0x10, 0x13
REMOVE = [x.REMOVAL]
NUMBER = [x.ELEMENT, x.INTEGER, 1]
PLUS_1 = [x.ADD, NUMBER, 1]
BIN = [x.BIN, x.MAP, Raw(b"m")]
SHOP = {"a": [5, 1, 3], "b": {"x": 1, "y": "text"}, "c": 7, "d": [None, 0, ""]}


@pytest.fixture
def stored(world: World) -> World:
    world.ask(request.put(KEY, {"m": SHOP, "n": 2, "o": MarkedList([1, 2, 3]), "s": "text"}))
    return world


def ask(world: World, command: list[Any], name: bytes = b"m", code: int = 3) -> Any:
    return world.ask(
        message.request(
            1,
            message.INFO2_WRITE if code == 4 else 0,
            fields=PLACE,
            ops=[op(code, 4, name, msgpack.pack(command))],
        )
    )


def shown(world: World, steps: list[Any], flags: int, name: bytes = b"m") -> Any:
    answer = ask(world, [254, steps, flags], name)
    return msgpack.unpack(answer.ops[0][3]) if not answer.result else answer.result


def changed(world: World, steps: list[Any], change: Any, flags: int = CHANGE, name: bytes = b"m") -> Any:
    answer = ask(world, [254, steps, flags, change], name, 4)
    return world.ask(request.get(KEY)).bins[name.decode()] if not answer.result else answer.result


@pytest.mark.parametrize(
    ("steps", "flags", "expected"),
    [
        ([ALL, True], TREE, SHOP),
        ([ALL, True], KEYS, ["a", "b", "c", "d"]),
        ([ALL, True, ALL, True], VALUES, [5, 1, 3, 1, "text", None, 0, ""]),  # 7 is no list or map
        ([ALL, True, ALL, True], TREE, {"a": [5, 1, 3], "b": {"x": 1, "y": "text"}, "d": [None, 0, ""]}),
        ([ALL, True, ALL, True], KEYS, Result.BIN_TYPE),
        ([ALL, True, ALL, [x.GT, NUMBER, 2]], NO_FAIL | TREE, {"a": [5, 3], "b": {}, "d": []}),
        ([ALL, True, ALL, [x.GT, NUMBER, 2]], TREE, Result.SERVER_ERROR),
        ([MAP_KEY, "a", ALL, [x.GT, NUMBER, [x.BIN, x.INTEGER, Raw(b"n")]]], VALUES, [5, 3]),
        ([MAP_KEY, "a", ALL, [x.EQ, [x.ELEMENT, x.INTEGER, 2], 1]], VALUES, [1]),
        ([MAP_KEY, "a", LIST_INDEX, -1], VALUES, [3]),
        ([MAP_KEY, "a", LIST_INDEX, 9], VALUES, []),
        ([ALL, [x.EQ, [x.ELEMENT, x.STRING, 0], "b"], KEYS_IN, ["y", "none"]], KEYS_AND_VALUES, ["y", "text"]),
        ([MAP_KEY, "a", KEYS_IN, ["y"]], VALUES, []),
        ([ALL, [x.UNKNOWN]], TREE, Result.SERVER_ERROR),
        ([ALL, [x.UNKNOWN]], NO_FAIL | TREE, {}),
        ([MAP_KEY, "d", ALL, [x.EQ, [x.ELEMENT, x.NIL, 1], None]], NO_FAIL | VALUES, [None]),
        ([MAP_KEY, "d", ALL, [x.NE, [x.ELEMENT, x.NIL, 1], None]], NO_FAIL | VALUES, []),
        ([KEYS_IN, ["a", "c"], AND, [x.GT, NUMBER, 3]], NO_FAIL | TREE, {"c": 7}),
        ([KEYS_IN, ["a", "c"], AND, [x.EQ, [x.ELEMENT, x.STRING, 0], "a"], ALL, [x.GT, NUMBER, 2]], VALUES, [5, 3]),
        ([MAP_KEY, "a", LIST_INDEX, 0, AND, [x.GT, NUMBER, 2]], VALUES, [5]),
        ([MAP_KEY, "a", LIST_INDEX, 1, AND, [x.GT, NUMBER, 2]], VALUES, []),
        ([MAP_KEY, "a", AND, [x.UNKNOWN], ALL, True], VALUES, Result.SERVER_ERROR),
    ],
    ids=str,
)  # fmt: skip
def test_elements_are_shown(stored: World, steps: list[Any], flags: int, expected: Any) -> None:
    assert shown(stored, steps, flags) == expected
    if not isinstance(expected, int):
        kind = x.LIST if flags & ~NO_FAIL else x.MAP
        constant = [x.QUOTE, expected] if kind == x.LIST else expected
        call = [x.CALL, kind, 0, [254, steps, flags], BIN]
        answer = stored.ask(
            message.request(1, 0, fields=PLACE, ops=[op(7, 4, b"r", msgpack.pack([call, 0]))])
        )
        assert msgpack.unpack(answer.ops[0][3]) == (constant[1] if kind == x.LIST else constant)


@pytest.mark.parametrize(
    ("steps", "change", "flags", "expected"),
    [
        ([MAP_KEY, "a", ALL, True], PLUS_1, CHANGE, {**SHOP, "a": [6, 2, 4]}),
        ([MAP_KEY, "a", ALL, [x.LT, NUMBER, 4]], REMOVE, CHANGE, {**SHOP, "a": [5]}),
        ([ALL, True, ALL, True], PLUS_1, CHANGE, Result.SERVER_ERROR),
        ([ALL, True, ALL, True], PLUS_1, CHANGE | NO_FAIL, {"a": [6, 2, 4], "b": {"x": 2, "y": "text"}, "c": 7, "d": [None, 1, ""]}),
        ([MAP_KEY, "d", ALL, [x.EQ, [x.ELEMENT, x.NIL, 1], None]], REMOVE, CHANGE, Result.SERVER_ERROR),
        ([MAP_KEY, "d", ALL, [x.EQ, [x.ELEMENT, x.NIL, 1], None]], REMOVE, CHANGE | NO_FAIL, {**SHOP, "d": [0, ""]}),
        ([KEYS_IN, ["a", "c"], AND, [x.GT, NUMBER, 3]], PLUS_1, CHANGE | NO_FAIL, {**SHOP, "c": 8}),
        ([MAP_KEY, "none", ALL, True], PLUS_1, CHANGE, SHOP),
        ([KEYS_IN, ["c", "a"]], None, CHANGE, {**SHOP, "a": None, "c": None}),
        ([ALL, True], [x.QUOTE, [msgpack.WILDCARD]], CHANGE, Result.PARAMETER),
    ],
    ids=str,
)  # fmt: skip
def test_elements_are_changed(
    stored: World, steps: list[Any], change: Any, flags: int, expected: Any
) -> None:
    """In an expression, too: there the record stays as it is."""
    if not isinstance(expected, int):
        call = [x.CALL, x.MAP, 64, [254, steps, flags, change], BIN]
        copy = op(8, 4, b"r", msgpack.pack([call, 0]))
        answer = stored.ask(message.request(0, message.INFO2_WRITE, fields=PLACE, ops=[copy]))
        assert answer.result == Result.OK
        bins = stored.ask(request.get(KEY)).bins
        assert (bins["r"], bins["m"]) == (expected, SHOP)
    assert changed(stored, steps, change, flags) == expected


def test_an_ordered_list_stays_in_order(stored: World) -> None:
    assert changed(stored, [ALL, [x.EQ, NUMBER, 1]], 9, name=b"o") == [2, 3, 9]
    ordered = MarkedList([[1], [2]])
    stored.ask(request.put(KEY, {"o": ordered}))
    assert changed(stored, [LIST_INDEX, 0, ALL, True], 7, name=b"o") == [[2], [7]]
    kept: Any = stored.ask(request.get(KEY)).bins["o"]
    assert kept.flags == ordered.flags


def test_flags_of_maps_stay(stored: World) -> None:
    stored.ask(request.put(KEY, {"m": MarkedMap({"a": 1, "b": 2})}))
    found = shown(stored, [ALL, [x.GT, NUMBER, 1]], TREE)
    assert (found, found.flags) == ({"b": 2}, MarkedMap().flags)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ([254, [ALL, True], 0], 4), ([254, [ALL, True], 4, 7], 3), ([254, [ALL, True], 5, 7], 4), ([254, [ALL, True], 4], 3),
        ([254, [ALL, True], 64], 3), ([254, [ALL, False], 0], 3), ([254, [ALL, [x.ADD, 1, 2]], 0], 3), ([254, [ALL], 0], 3),
        ([254, [], 0], 3), ([254, 7, 0], 3), ([254], 3), ([254, [ALL, True]], 3), ([254, [ALL, True]], 4), ([254, [ALL, True], "0"], 3), ([254, [5, 1], 0], 3),
        ([254, [KEYS_IN, 1], 0], 3), ([254, [ALL, True], 4, [x.ADD, 1, REMOVE]], 4), ([254, ["a", 1], 0], 3),
        ([254, [ALL, [x.ELEMENT, 77, 1]], 0], 3), ([254, [ALL, [x.EQ, [x.ELEMENT, 2, 3], 1]], 0], 3),
        ([254, [AND, [x.GT, NUMBER, 3]], 0], 3), ([254, [ALL, True, AND, [x.GT, NUMBER, 3]], 0], 3), ([254, [MAP_KEY, "a", AND, True], 0], 3),
        ([254, [MAP_KEY, "a", AND, [x.ADD, 1, 2]], 0], 3), ([254, [MAP_KEY, "a", *[AND, [x.GT, NUMBER, 3]] * 2], 0], 3),
        ([254, [ALL, True] * 128, 0], 3), ([254, [ALL, True], 4, 7, 8], 4),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_path(stored: World, command: list[Any], code: int) -> None:
    assert ask(stored, command, code=code).result == Result.PARAMETER
    call = [x.CALL, x.MAP, 64 * (code == 4), command, BIN]
    policy = Policy(filter=msgpack.pack([x.EQ, call, call]))
    assert stored.ask(request.get(KEY, policy=policy)).result == Result.PARAMETER


def test_other_bins(stored: World) -> None:
    assert shown(stored, [ALL, True], VALUES, b"s") == Result.BIN_TYPE
    assert ask(stored, [254, [ALL, True], VALUES], b"none").ops == []
    assert changed(stored, [ALL, True], 7, name=b"s") == Result.BIN_TYPE
    assert changed(stored, [ALL, True], 7, name=b"none") == Result.BIN_TYPE
    assert stored.ask(request.get(KEY)).bins["s"] == "text"


def test_an_expression_that_removes_is_none_elsewhere(stored: World) -> None:
    for expression in (REMOVE, [x.COND, True, REMOVE, 1], [x.EQ, REMOVE, REMOVE]):
        value = msgpack.pack([expression, 0])
        answer = stored.ask(message.request(1, 0, fields=PLACE, ops=[op(7, 4, b"r", value)]))
        assert answer.result == Result.PARAMETER


def test_old_clients(stored: World) -> None:
    command = b"\0\xfe" + msgpack.pack([[MAP_KEY, "a", ALL, True], VALUES])
    answer = stored.ask(message.request(1, 0, fields=PLACE, ops=[op(3, 4, b"m", command)]))
    assert msgpack.unpack(answer.ops[0][3]) == [5, 1, 3]


def test_what_takes_long_is_done_beside_the_event_loop(stored: World) -> None:
    stored.ask(request.put(KEY, {"m": {"a": list(range(20_000))}}))
    found = shown(stored, [ALL, True, ALL, [x.LT, NUMBER, 3]], VALUES)
    assert found == [0, 1, 2]


def filtered(world: World, steps: list[Any], flags: int, *change: Any, size: int) -> int:
    """The result of a read of which the filter asks whether so many elements are shown."""
    found = [x.CALL, x.LIST, 64 * len(change), [254, steps, flags, *change], [x.BIN, x.LIST, Raw(b"l")]]
    policy = Policy(filter=msgpack.pack([x.EQ, [x.CALL, x.INTEGER, 0, [16], found], size]))
    result: int = world.ask(request.get(KEY, policy=policy)).result
    return result


MANY = list(range(2000))
SUM = [x.ADD, *[NUMBER] * 400]


@pytest.mark.parametrize(
    ("element", "steps", "change"),
    [
        ({}, [ALL, True, KEYS_IN, MANY], []),
        ([1], [ALL, True, LIST_VALUE, MANY], []),
        (1, [ALL, [x.LT, SUM, 0]], []),
        (1, [ALL, True], [[x.QUOTE, MANY]]),
    ],
)
def test_what_a_path_takes_for_each_element_is_paid_for(
    stored: World, element: Any, steps: list[Any], change: list[Any]
) -> None:
    flags = CHANGE if change else VALUES
    for elements, expected in ((10, Result.OK), (1000, Result.UNSUPPORTED_FEATURE)):
        stored.ask(request.put(KEY, {"l": [element] * elements}))
        assert filtered(stored, steps, flags, *change, size=elements * len(change)) == expected


def test_elements_become_no_more_than_a_record_may_have(stored: World) -> None:
    stored.ask(request.put(KEY, {"l": list(range(200))}))
    assert filtered(stored, [ALL, True], CHANGE, bytes(10_000), size=200) == Result.OK
    assert filtered(stored, [ALL, True], CHANGE, bytes(60_000), size=200) == Result.FILTERED_OUT


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_an_element_becomes_no_deeper_than_a_bin_may_be(stored: World) -> None:
    stored.ask(request.put(KEY, {"m": nested(100)}))
    steps = [ALL, True] * 100
    assert changed(stored, steps, [x.QUOTE, nested(29)]) == Result.PARAMETER
    assert changed(stored, steps, [x.QUOTE, nested(28)]) == nested(128)
