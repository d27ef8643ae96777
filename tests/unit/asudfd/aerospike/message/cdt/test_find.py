"""Values that are looked for by lists of them, exact ones and such with wildcards."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from asinfo.wire import msgpack, request
from asinfo.wire.collection import order
from asinfo.wire.message import OP_CDT_READ, op
from asinfo.wire.msgpack import INFINITY, WILDCARD, MarkedList
from asinfo.wire.particle import LIST, MAP
from asinfo.wire.pattern import compare, has_wildcard
from asinfo.wire.request import Key
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt import read
from asudfd.aerospike.message.cost import TURN_STEPS, CostBudget
from tests.each import for_each

if TYPE_CHECKING:
    from tests.fakes.world import World

    Particle = tuple[int, bytes]

KEY = Key("test", "demo", "k")
VALUES, RANKS, COUNT = 7, 3, 5
INVERTED = 0x10000
PLENTY = 100_000_000

scalars: st.SearchStrategy[Any] = st.sampled_from([0, 1, 2, "a", None, True, 1.5])
special: st.SearchStrategy[Any] = st.sampled_from([WILDCARD, INFINITY, nan])


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
        max_leaves=5,
    )


elements = st.lists(nested(scalars) | nested(scalars | special), max_size=12)
wanted_lists = st.lists(nested(scalars) | nested(scalars | special), min_size=1, max_size=9)


def one_by_one(values: list[Any], wanted: list[Any]) -> list[list[Any]]:
    """For each wanted value the places of those that equal it, each compared with each."""
    found = []
    for each in wanted:
        asked = order(msgpack.pack(each))
        orders = [order(msgpack.pack(value)) for value in values]
        if has_wildcard(asked):
            found.append([place for place, value in enumerate(orders) if not compare(value, asked)])
        else:
            found.append([place for place, value in enumerate(orders) if value == asked])
    return found


def shown(particle: Particle | None) -> Any:
    assert particle is not None
    return msgpack.unpack(particle[1])


@given(elements, wanted_lists)
def test_values_are_found_as_if_each_were_compared_with_each(values: list[Any], wanted: list[Any]) -> None:
    by_value = one_by_one(values, wanted)
    places = sorted({place for found in by_value for place in found})
    for kind, bin_ in ((LIST, values), (MAP, dict(enumerate(values)))):
        stored = (kind, msgpack.pack(bin_))
        code = 23 if kind == LIST else 108
        found = read(stored, msgpack.pack([code, 1, wanted]))
        assert shown(found) == places
        ranks = shown(read(stored, msgpack.pack([code, RANKS, wanted])))
        each = [
            shown(read(stored, msgpack.pack([code, RANKS, [one]]))) for one in wanted
        ]  # in the order of the asked values
        assert ranks == list(dict.fromkeys(rank for found in each for rank in found))


@given(elements, nested(scalars | special))
def test_a_value_is_found_as_if_it_were_compared_with_each(values: list[Any], wanted: Any) -> None:
    (places,) = one_by_one(values, [wanted])
    stored = (LIST, msgpack.pack(values))
    assert shown(read(stored, msgpack.pack([22, 1, wanted]))) == places


PAIRS: list[Any] = [[each * 7919 % 1000, each] for each in range(50_000)]
MANY: dict[str, tuple[list[Any], int]] = {
    "exact values and one with a wildcard": ([*([each, each] for each in range(3000)), [7, WILDCARD]], 52),
    "by the first element": ([[each % 1000, WILDCARD] for each in range(3000)], 50_000),
    "by unlike lengths": ([[*range(each), WILDCARD] for each in range(300)], 50_000),
    "the same again and again": ([[1, WILDCARD]] * 100_000, 50),
    "that equal the same": ([[1, WILDCARD, each] for each in range(50_000)], 50),
    "that equal all": ([WILDCARD] * 100_000, 50_000),
    "the same exact value": ([[0, 0]] * 100_000, 1),
    "in lists within": ([[[each], WILDCARD] for each in range(10_000)], 0),
}
"""Wanted values, and how many of the pairs equal one of them."""


@for_each(MANY)
def test_many_values_with_wildcards_are_not_too_much(name: str, world: World) -> None:
    world.ask(request.put(KEY, {"l": PAIRS}))
    wanted, count = MANY[name]
    command = msgpack.pack([23, COUNT, wanted])
    answer = world.ask(request.operate(KEY, [op(OP_CDT_READ, 4, b"l", command)], reads=True, writes=False))
    assert (answer.result, answer.bins) == (Result.OK, {"l": count})


def spent(values: Any, wanted: list[Any]) -> float:
    """The steps of looking for values in a list."""
    budget = CostBudget(PLENTY)
    read((LIST, msgpack.pack(values)), msgpack.pack([23, COUNT, wanted]), budget)
    return PLENTY - budget.left


def test_one_wildcard_costs_no_more_than_one_search() -> None:
    values = list(range(1000))
    wanted = list(range(500, 1000))
    without, alone = spent(values, wanted), spent(values, [WILDCARD])
    assert spent(values, [*wanted, [1, WILDCARD]]) < without + alone
    assert spent(values, [*wanted, [1, WILDCARD]]) < TURN_STEPS


def test_wildcards_cost_by_the_elements() -> None:
    pairs = [[each % 10, each] for each in range(1000)]
    few, many = ([[each, WILDCARD] for each in range(count)] for count in (2, 1000))
    assert spent(pairs, many) < spent(pairs, few) + 50 * len(many)
    long = [[[1] * 3000, each] for each in range(10)]
    assert spent(long, [[[1] * 3000, WILDCARD]]) > 10 * 3000


def test_elements_with_stored_wildcards_are_charged() -> None:
    stored = [[1, WILDCARD]] * 1000
    patterns = [[each, 2, WILDCARD] for each in range(100)]
    assert spent(stored, patterns) > 100 * 1000


@for_each((VALUES, COUNT, VALUES | INVERTED))
def test_an_ordered_list_shows_them_in_its_order(return_type: int) -> None:
    stored = (LIST, msgpack.pack(MarkedList([[1, 1], [1, 2], [2, 1], [3, 1]], 1)))
    wanted = [[3, WILDCARD], [1, 2], [1, WILDCARD]]
    found = read(stored, msgpack.pack([23, return_type, wanted]))
    assert found is not None
    expected = {VALUES: [[1, 1], [1, 2], [3, 1]], COUNT: 3, VALUES | INVERTED: [[2, 1]]}[return_type]
    assert (
        found == (1, expected.to_bytes(8, "big")) if isinstance(expected, int) else shown(found) == expected
    )
