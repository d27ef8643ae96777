"""Wildcards and infinities in the lists and maps that filters compare: the specification of collections, section 5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from asinfo.wire import expression as x
from asinfo.wire import message, msgpack, request
from asinfo.wire.msgpack import INFINITY, WILDCARD, MarkedMap, Raw
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = Key("test", "demo", "k")
TESTS = {x.EQ: "=", x.NE: "!", x.GT: ">", x.GE: "]", x.LT: "<", x.LE: "["}


def put(world: World, **bins: Any) -> None:
    assert world.ask(request.put(KEY, bins)).result == 0


def code(world: World, expression: Any) -> int:
    """The result of a get with a filter."""
    return world.ask(request.get(KEY, policy=Policy(filter=msgpack.pack(expression)))).result


def bin_of(value: Any) -> list[Any]:
    return [x.BIN, x.LIST if isinstance(value, list) else x.MAP, Raw(b"c")]


def constant(value: Any) -> Any:
    return [x.QUOTE, value] if isinstance(value, list) else value


def in_order(value: Any) -> Any:
    """A map in the order of its keys: no other is compared."""
    return MarkedMap(value) if isinstance(value, dict) else value


def true_tests(world: World, left: Any, right: Any) -> str:
    """Signs of the tests that are true of two expressions."""
    results = {sign: code(world, [test, left, right]) for test, sign in TESTS.items()}
    assert set(results.values()) <= {Result.OK, Result.FILTERED_OUT}
    return "".join(sign for sign, result in results.items() if result == Result.OK)


EQUAL, LESS, GREATER = "=][", "!<[", "!>]"

COMPARED: list[tuple[Any, Any, str]] = [
    ([1, 2], [1, WILDCARD], EQUAL),
    ([1, 2, 3], [1, WILDCARD], EQUAL),
    ([1, [5]], [1, WILDCARD], EQUAL),
    ([1, None], [1, WILDCARD], EQUAL),
    ([1], [1, WILDCARD], LESS),
    ([0, 9], [1, WILDCARD], LESS),
    ([2], [1, WILDCARD], GREATER),
    (["1", 2], [1, WILDCARD], GREATER),
    ([], [WILDCARD], LESS),
    ([7], [WILDCARD], EQUAL),
    ([1, 2], [WILDCARD, 9], EQUAL),
    ([1, [2, 3], 4], [1, [2, WILDCARD], 9], EQUAL),
    ([1, [2], 4], [1, [2, WILDCARD]], LESS),
    ([1, [3, 0]], [1, [2, WILDCARD]], GREATER),
    ([1, {"a": 5}], [1, {"a": WILDCARD}], EQUAL),
    ([1, 2], [1, INFINITY], LESS),
    ([1, [9], 3], [1, INFINITY], LESS),
    ([1, 2.5], [1, INFINITY], LESS),
    ([1], [1, INFINITY], LESS),
    ([2], [1, INFINITY], GREATER),
    ([1, 2], [INFINITY], LESS),
    ([1, [2, "x"]], [1, [2, INFINITY]], LESS),
    ([1, 2], [1, INFINITY, WILDCARD], LESS),
    ({"a": 1}, {"a": WILDCARD}, EQUAL),
    ({"a": 1, "b": 2}, {"a": WILDCARD, "b": 7}, EQUAL),
    ({"a": 1, "b": 2}, {"a": 1, "b": WILDCARD}, EQUAL),
    ({"a": 1, "b": 2}, {"a": 2, "b": WILDCARD}, LESS),
    ({"a": 1, "b": 2}, {"a": WILDCARD}, GREATER),
    ({"a": 1}, {"b": WILDCARD}, LESS),
    ({"a": [1, 2]}, {"a": [1, WILDCARD]}, EQUAL),
    ({"a": 1}, {"a": INFINITY}, LESS),
    ({"b": 1}, {"a": INFINITY}, GREATER),
    ([b"\xd4\xff\0"], [b"\xd4\xff\0"], EQUAL),
    ([54527], [54528], LESS),
]
SWAPPED = {EQUAL: EQUAL, LESS: GREATER, GREATER: LESS}


@pytest.mark.parametrize(("stored", "wanted", "expected"), COMPARED, ids=str)
def test_comparisons(world: World, stored: Any, wanted: Any, expected: str) -> None:
    put(world, c=in_order(stored))
    bin_, value = bin_of(stored), constant(in_order(wanted))
    assert true_tests(world, bin_, value) == expected
    assert true_tests(world, value, bin_) == SWAPPED[expected]
    assert true_tests(world, constant(in_order(stored)), value) == expected


def test_maps_that_are_not_ordered_are_not_compared(world: World) -> None:
    plain, ordered = {"a": 1}, MarkedMap({"a": 1})
    put(world, c=plain, d=ordered)
    bins = [[x.BIN, x.MAP, Raw(name)] for name in (b"c", b"d")]
    assert true_tests(world, bins[1], ordered) == true_tests(world, bins[1], bins[1]) == EQUAL
    for left, right in (
        (bins[0], plain),
        (bins[0], ordered),
        (bins[1], plain),
        (plain, ordered),
        (bins[0], bins[1]),
    ):
        assert true_tests(world, left, right) == ""


def through_a_variable(value: Any) -> list[Any]:
    return [x.LET, Raw(b"v"), value, [x.VAR, Raw(b"v")]]


def through_a_condition(value: Any) -> list[Any]:
    return [x.COND, True, value, [x.QUOTE, []]]


@pytest.mark.parametrize("given", [through_a_variable, through_a_condition])
def test_a_constant_that_comes_by_another_way(world: World, given: Any) -> None:
    put(world, c=[1, 2])
    assert true_tests(world, bin_of([]), given([x.QUOTE, [1, WILDCARD]])) == EQUAL
    assert true_tests(world, bin_of([]), given([x.QUOTE, [1, INFINITY]])) == LESS


def test_what_a_client_has_stored(world: World) -> None:
    put(world, c=[1, WILDCARD], d=[1, INFINITY])
    stored, other = bin_of([]), [x.BIN, x.LIST, Raw(b"d")]
    assert true_tests(world, stored, [x.QUOTE, [1, 2]]) == EQUAL
    assert true_tests(world, stored, other) == EQUAL
    assert true_tests(world, other, [x.QUOTE, [1, 2]]) == GREATER


def test_a_result_of_an_operation(world: World) -> None:
    put(world, c=[[1, 2], 7])
    first = [x.CALL, x.LIST, 0, [19, 7, 0], bin_of([])]  # the element with the index 0
    assert true_tests(world, first, [x.QUOTE, [1, WILDCARD]]) == EQUAL
    assert true_tests(world, first, [x.QUOTE, [1, INFINITY]]) == LESS


@pytest.mark.parametrize(
    ("items", "wanted", "found"),
    [
        ([[1, 2], 5], [1, WILDCARD], True),
        ([[1], 5], [1, WILDCARD], False),
        ([5, {"a": 1}], {"a": WILDCARD}, True),
        ([[1, 2], 5], [1, INFINITY], False),
        ([1, WILDCARD], 99, True),
        ([1, [2, WILDCARD]], [2, 3], True),
        ([1, [2, WILDCARD]], [3, 3], False),
    ],
)
def test_an_element_of_a_list(world: World, items: Any, wanted: Any, found: bool) -> None:
    put(world, c=wanted)
    expected = Result.OK if found else Result.FILTERED_OUT
    in_constant = [x.IN_LIST, constant(wanted), [x.QUOTE, items]]
    assert code(world, in_constant) == expected
    if all(WILDCARD not in item for item in items if isinstance(item, list)):  # those no bin can have
        put(world, c=items)
        assert code(world, [x.IN_LIST, constant(wanted), bin_of([])]) == expected


@pytest.mark.parametrize("value", [WILDCARD, INFINITY])
@pytest.mark.parametrize(
    "make", [lambda value: value, lambda value: {value: 1}, lambda value: {"a": {value: 1}}]
)
def test_no_constant_alone_and_no_key(world: World, value: Any, make: Any) -> None:
    put(world, c=[1])
    assert code(world, [x.EQ, bin_of([]), make(value)]) == Result.PARAMETER
    assert code(world, [x.EQ, bin_of({}), make(value)]) == Result.PARAMETER


def test_the_work_is_bounded(world: World, turns_only: Callable[[], None]) -> None:
    """What is compared in a loop of Python costs by the smaller of two values, whichever has the wildcard."""
    long = [*range(100), WILDCARD]
    put(world, c=[*range(4000), WILDCARD], d=[*range(1500), 1])
    turns_only()
    stored, other = bin_of([]), [x.BIN, x.LIST, Raw(b"d")]
    assert code(world, [x.EQ, stored, [x.QUOTE, long]]) == Result.OK
    assert code(world, [x.EQ, stored, other]) == Result.UNSUPPORTED_FEATURE


def test_a_query(world: World) -> None:
    for number in range(12):
        world.ask(request.put(Key("test", "demo", number), {"c": [number % 3, number]}))
    partitions = b"".join(number.to_bytes(2, "little") for number in range(4096))
    wanted = msgpack.pack([x.EQ, bin_of([]), [x.QUOTE, [1, WILDCARD]]])
    fields = [(0, b"test"), (1, b"demo"), (11, partitions), (43, wanted)]
    bodies = world.bodies(message.request(3, 0, message.INFO3_PARTITION_DONE, fields=fields))
    assert len([each for body in bodies for each in message.replies(body)]) == 4 + 1
