"""Paths: all elements that steps lead to, shown, changed and removed; in operations and in expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from asinfo.wire import expression as x
from asinfo.wire import message, msgpack, request
from asinfo.wire.message import op
from asinfo.wire.msgpack import GeoJSON, MarkedList, MarkedMap, Raw
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

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = Key("test", "demo", "k")
PLACE = [(0, b"test"), (1, b"demo"), (4, KEY.digest)]
ALL, AND = x.ALL_CHILDREN, x.AND_CHILDREN
MAP_KEY, LIST_INDEX, LIST_VALUE = 0x22, 0x10, 0x13
REMOVE = [x.REMOVAL]
NUMBER = [x.ELEMENT, x.INTEGER, 1]
PLUS_1 = [x.ADD, NUMBER, 1]
BIN = [x.BIN, x.MAP, Raw(b"m")]
SHOP = {"a": [5, 1, 3], "b": {"x": 1, "y": "text"}, "c": 7}


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
        ([ALL, True], KEYS, ["a", "b", "c"]),
        ([ALL, True, ALL, True], VALUES, Result.BIN_TYPE),  # 7 is no list or map
        ([ALL, True, ALL, True], TREE, Result.BIN_TYPE),
        ([ALL, True, ALL, True], VALUES | NO_FAIL, [5, 1, 3, 1, "text"]),
        ([ALL, True, ALL, True], TREE | NO_FAIL, {"a": [5, 1, 3], "b": {"x": 1, "y": "text"}}),
        ([MAP_KEY, "c", LIST_INDEX, 0], VALUES, Result.BIN_TYPE),
        ([ALL, True, ALL, True], KEYS, Result.BIN_TYPE),
        ([ALL, True, ALL, [x.GT, NUMBER, 2]], TREE | NO_FAIL, {"a": [5, 3], "b": {}}),
        ([ALL, True, ALL, [x.GT, NUMBER, 2]], TREE, Result.PARAMETER),  # unknown for "text"
        ([MAP_KEY, "a", ALL, [x.GT, NUMBER, [x.BIN, x.INTEGER, Raw(b"n")]]], VALUES, [5, 3]),
        ([MAP_KEY, "a", ALL, [x.EQ, [x.ELEMENT, x.INTEGER, 2], 1]], VALUES, [1]),
        ([MAP_KEY, "a", LIST_INDEX, -1], VALUES, [3]),
        ([MAP_KEY, "a", LIST_INDEX, 9], VALUES, []),
        ([ALL, [x.EQ, [x.ELEMENT, x.STRING, 0], "b"], KEYS_IN, ["y", "none"]], KEYS_AND_VALUES, ["y", "text"]),
        ([MAP_KEY, "a", KEYS_IN, ["y"]], VALUES, []),
        ([ALL, [x.UNKNOWN]], TREE | NO_FAIL, {}),
        ([ALL, False], TREE, {}),
        ([KEYS_IN, ["a", "c"], AND, True, ALL, True], VALUES, Result.BIN_TYPE),
        ([KEYS_IN, ["a", "c"], AND, True, ALL, True], VALUES | NO_FAIL, [5, 1, 3]),
        ([ALL, [x.UNKNOWN]], TREE, Result.PARAMETER),
        ([MAP_KEY, "b", KEYS_IN, ["x", "none"], AND, [x.GT, NUMBER, 0]], VALUES, [1]),
        ([KEYS_IN, ["a", "c"], AND, [x.EQ, NUMBER, 7]], TREE | NO_FAIL, {"c": 7}),
        ([KEYS_IN, ["a", "c"], AND, [x.EQ, NUMBER, 7]], TREE, Result.PARAMETER),
        ([MAP_KEY, "a", AND, [x.EQ, [x.ELEMENT, x.STRING, 0], "a"], ALL, True], VALUES, [5, 1, 3]),
        ([MAP_KEY, "a", AND, [x.EQ, [x.ELEMENT, x.STRING, 0], "b"], ALL, True], VALUES, []),
        ([MAP_KEY, "none", AND, [x.UNKNOWN]], VALUES, []),
    ],
    ids=str,
)  # fmt: skip
def test_elements_are_shown(stored: World, steps: list[Any], flags: int, expected: Any) -> None:
    assert shown(stored, steps, flags) == expected
    if not isinstance(expected, int):
        kind = x.MAP if isinstance(expected, dict) else x.LIST
        call = [x.CALL, kind, 0, [254, steps, flags], BIN]
        answer = stored.ask(
            message.request(1, 0, fields=PLACE, ops=[op(7, 4, b"r", msgpack.pack([call, 0]))])
        )
        assert msgpack.unpack(answer.ops[0][3]) == expected


@pytest.mark.parametrize(
    ("steps", "change", "flags", "expected"),
    [
        ([MAP_KEY, "a", ALL, True], PLUS_1, CHANGE, {**SHOP, "a": [6, 2, 4]}),
        ([MAP_KEY, "a", ALL, [x.LT, NUMBER, 4]], REMOVE, CHANGE, {**SHOP, "a": [5]}),
        ([ALL, True, ALL, True], 7, CHANGE, Result.BIN_TYPE),
        ([KEYS_IN, ["a", "b"], ALL, True], PLUS_1, CHANGE, Result.SERVER_ERROR),
        ([ALL, True, ALL, True], PLUS_1, CHANGE | NO_FAIL, {"a": [6, 2, 4], "b": {"x": 2, "y": "text"}, "c": 7}),
        ([MAP_KEY, "none", ALL, True], PLUS_1, CHANGE, SHOP),
        ([ALL, True, ALL, [x.GT, NUMBER, 2]], PLUS_1, CHANGE, Result.PARAMETER),
        ([ALL, True, ALL, [x.GT, NUMBER, 2]], PLUS_1, CHANGE | NO_FAIL, {**SHOP, "a": [6, 1, 4]}),
        ([KEYS_IN, ["a", "c"], AND, [x.EQ, NUMBER, 7]], REMOVE, CHANGE | NO_FAIL, {"a": SHOP["a"], "b": SHOP["b"]}),
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
        ([254, [ALL, True], 64], 3), ([254, [ALL, [x.ADD, 1, 2]], 0], 3), ([254, [ALL], 0], 3),
        ([254, [], 0], 3), ([254, 7, 0], 3), ([254], 3), ([254, [ALL, True]], 3), ([254, [ALL, True]], 4), ([254, [ALL, True], "0"], 3), ([254, [5, 1], 0], 3),
        ([254, [KEYS_IN, 1], 0], 3), ([254, [ALL, True], 4, [x.ADD, 1, REMOVE]], 4), ([254, ["a", 1], 0], 3),
        ([254, [ALL, [x.ELEMENT, 77, 1]], 0], 3), ([254, [ALL, [x.EQ, [x.ELEMENT, 2, 3], 1]], 0], 3),
        ([254, [ALL, True] * 128, 0], 3), ([254, [ALL, True], 4, 7, 8], 4),
        ([255, [MAP_KEY, "a"], [254, [ALL, True], 0]], 3), ([255, [MAP_KEY, "b"], [254, [ALL, True], 4, 7]], 4),
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


def test_a_path_with_a_longer_code_than_clients_write_is_not_offered(stored: World) -> None:
    command = b"\x93\xcd\0\xfe" + msgpack.pack([ALL, True]) + msgpack.pack(VALUES)
    answer = stored.ask(message.request(1, 0, fields=PLACE, ops=[op(3, 4, b"m", command)]))
    assert answer.result == Result.UNSUPPORTED_FEATURE


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


MANY = list(range(300))
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
    stored: World, turns_only: Callable[[], None], element: Any, steps: list[Any], change: list[Any]
) -> None:
    flags = CHANGE if change else VALUES
    turns_only()
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


def test_values_of_all_types_are_asked_about(stored: World) -> None:
    sketch = Raw(bytes([18, 0, 4, 0, *bytes(8 + 12)]))
    values = [None, 1, 2.5, True, "text", b"bytes", [1], {"a": 1}, GeoJSON("{}"), sketch, Raw(b"\x09pickled")]
    stored.ask(request.put(KEY, {"m": values}))
    value = {kind: [x.ELEMENT, kind, 1] for kind in range(x.HLL + 1)}
    for test, expected in (
        ([x.EQ, value[x.NIL], None], None),
        ([x.EQ, value[x.BLOB], b"bytes"], b"bytes"),
        ([x.EQ, [x.CALL, x.INTEGER, 2, [50], value[x.HLL]], 0], sketch),
    ):
        assert shown(stored, [ALL, test], VALUES | NO_FAIL) == [expected]
    answer = ask(stored, [19, 7, 9])  # get by index
    assert answer.ops[0][1::2] == (18, sketch.data[1:])
    assert changed(stored, [LIST_INDEX, 9], value[x.HLL]) == values
