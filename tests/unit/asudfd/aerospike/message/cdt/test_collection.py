"""What operations on lists and maps are charged: whatever moves, copies, compares or shows elements, before it is done."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

import pytest

from asinfo.wire import msgpack
from asinfo.wire.collection import order
from asinfo.wire.msgpack import INFINITY, WILDCARD, MarkedList, MarkedMap
from asinfo.wire.particle import LIST, MAP
from asudfd.aerospike.message.cdt.collection import Collection, CollectionOperation
from asudfd.aerospike.message.cdt.command import OPERATIONS
from asudfd.aerospike.message.cdt.opened import OpenedBin
from asudfd.aerospike.message.cost import LOOK_STEPS, MOVE_STEPS, CostBudget, CostExceededError
from tests.each import for_each

PLENTY = 100_000_000
COUNT = 20_000
"""Elements: to move them all takes more than an operation does besides."""

NUMBERS = list(range(COUNT))
LISTS, ORDERED_LISTS = (LIST, NUMBERS), (LIST, MarkedList(NUMBERS, 1))
MAPS = (MAP, dict.fromkeys(NUMBERS, 1))
ORDERED_MAPS = (MAP, MarkedMap(dict.fromkeys(NUMBERS, 1), 1))
INNER = (LIST, [[1], NUMBERS])
OUTER, OUTER_ORDERED = (
    (LIST, [[each] for each in NUMBERS]),
    (LIST, MarkedList([[each] for each in NUMBERS], 1)),
)
INVERTED = 0x10000


class Row(NamedTuple):
    """An operation on a bin, the least steps it takes for each element, and whether it changes the bin."""

    stored: tuple[int, Any]
    command: list[Any]
    each: float
    modifies: bool = True

    def __str__(self) -> str:
        return f"{str(self.stored[1])[:20]}: {str(self.command)[:60]}"


ROWS = (
    Row(LISTS, [3, 0, 5], MOVE_STEPS),
    Row(LISTS, [3, 0, -7, 1], MOVE_STEPS),
    Row(LISTS, [4, 0, [5, 6]], MOVE_STEPS),
    Row(LISTS, [5, 0], MOVE_STEPS),
    Row(LISTS, [6, 0, 2], MOVE_STEPS),
    Row(LISTS, [7, 0], MOVE_STEPS),
    Row(LISTS, [8, 0, 2], MOVE_STEPS),
    Row(LISTS, [8, 0, 100], MOVE_STEPS),
    Row(LISTS, [10, 1, COUNT], MOVE_STEPS),
    Row(LISTS, [13, 1], MOVE_STEPS),
    Row(LISTS, [32, 0, 0], MOVE_STEPS),
    Row(LISTS, [37, 0, 0, 100], MOVE_STEPS),
    Row(ORDERED_LISTS, [1, 0], MOVE_STEPS),
    Row(ORDERED_LISTS, [2, [0, 1]], MOVE_STEPS),
    Row(ORDERED_LISTS, [2, [0] * 100], MOVE_STEPS),
    Row(ORDERED_LISTS, [12, 0, 5], 2 * MOVE_STEPS),
    Row(ORDERED_LISTS, [13, 2], MOVE_STEPS),
    Row(MAPS, [67, -1, 1], 2 * MOVE_STEPS),
    Row(ORDERED_MAPS, [67, -1, 1], 2 * MOVE_STEPS),
    Row(ORDERED_MAPS, [73, -1, 1], 2 * MOVE_STEPS),
    Row(ORDERED_MAPS, [68, dict.fromkeys(range(-100, 0), 1)], 2 * MOVE_STEPS),
    Row(ORDERED_MAPS, [76, 0, 0], 2 * MOVE_STEPS),
    Row(ORDERED_MAPS, [77, 0, 0], 2 * MOVE_STEPS),
    Row(ORDERED_MAPS, [85, 0, 0, 100], 2 * MOVE_STEPS),
    Row(INNER, [255, [16, 1], [3, 0, 5]], 2 + MOVE_STEPS),
    Row(INNER, [255, [16, 1], [5, 0]], 2 + MOVE_STEPS),
    Row(OUTER_ORDERED, [255, [16, 0], [1, 5]], 2 * MOVE_STEPS),
    Row(OUTER_ORDERED, [255, [0xD0, COUNT], [1, -1]], MOVE_STEPS),
    Row((MAP, MarkedMap({number: [1] for number in NUMBERS}, 1)), [255, [0xA2, -1], [1, 5]], 2 * MOVE_STEPS),
    Row(LISTS, [18, 0], 0.5, modifies=False),
    Row(LISTS, [24, 7, 0], 1, modifies=False),
    Row(LISTS, [26, 5, 0], 0.5, modifies=False),
    Row(LISTS, [25, 5, 0], 0.5, modifies=False),
    Row(LISTS, [23, 5, list(range(100))], 4, modifies=False),
    Row(LISTS, [24, 5 | INVERTED, 0, 1], 0.5, modifies=False),
    Row(MAPS, [104, 7, 0], 1, modifies=False),
    Row(MAPS, [103, 5, 0], 0.5, modifies=False),
    Row(MAPS, [106, 17, 0], 1, modifies=False),
)


def steps(row: Row) -> float:
    """The steps of an operation on a bin that is open already, and of which a read has found what is kept."""
    kind, value = row.stored
    budget = CostBudget(PLENTY)
    opened = OpenedBin((kind, msgpack.pack(value)), budget)
    command = msgpack.pack(row.command)
    opened.read(msgpack.pack([17, 0] if kind == LIST else [98, 5, 0]) if row.modifies else command)
    before = budget.left
    (opened.modify if row.modifies else opened.read)(command)
    return before - budget.left


@for_each(ROWS)
def test_what_goes_through_all_elements_is_charged_for_each(row: Row) -> None:
    assert steps(row) >= row.each * (COUNT - 200)


LONG = "x" * 500_000
FAR = "y" * 500_000
KIB = 2 * 500_000 / 1024
"""A step for each KiB of two long texts."""

LONG_ONES = (
    Row((LIST, [LONG, FAR, 1]), [17, 0], KIB, modifies=False),
    Row((LIST, [LONG, FAR, 1]), [18, 0], KIB, modifies=False),
    Row((LIST, [LONG, FAR, 1]), [24, 7, 0], KIB, modifies=False),
    Row((LIST, [LONG, FAR, 1]), [21, 7, 2], KIB, modifies=False),
    Row((LIST, [LONG, FAR, 1]), [13, 0], KIB),
    Row((LIST, [LONG, FAR, 1]), [1, 1, 0, 5], KIB),
    Row((LIST, [[LONG, FAR], 1]), [255, [16, 0], [9, 5, 1]], 2 * KIB),
    Row((LIST, MarkedList([1, [LONG, FAR]], 1)), [255, [16, 1], [1, 5]], 2 * KIB),
    Row((MAP, {"a": LONG, "b": FAR}), [97, 7, "a"], KIB, modifies=False),
    Row((MAP, {"a": LONG, "b": FAR}), [104, 8, 0], KIB, modifies=False),
    Row((MAP, MarkedMap({LONG: 1, FAR: 2}, 1)), [97, 7, "y"], KIB / 2, modifies=False),
    Row((MAP, MarkedMap({LONG: 1, FAR: 2}, 1)), [98, 6, 0], KIB / 2, modifies=False),
)


@for_each(LONG_ONES)
def test_long_texts_are_charged_by_their_bytes(row: Row) -> None:
    assert steps(row) >= row.each


def test_a_bin_is_charged_by_its_bytes_when_it_is_opened_and_stored() -> None:
    for kind, value in ((LIST, [LONG, FAR]), (MAP, {"a": LONG, "b": FAR})):
        budget = CostBudget(PLENTY)
        opened = OpenedBin((kind, msgpack.pack(value)), budget)
        opened.read(msgpack.pack([19 if kind == LIST else 98, 5, 0]))
        assert PLENTY - budget.left >= KIB
        before = budget.left
        opened.modify(msgpack.pack([9, 0, 1] if kind == LIST else [67, "a", 1]))
        assert opened.stored is not None
        assert before - budget.left >= KIB


def test_arguments_of_a_context_are_charged() -> None:
    budget = CostBudget(PLENTY)
    opened = OpenedBin((LIST, msgpack.pack([[1], NUMBERS])), budget)
    opened.read(msgpack.pack([255, [0x13, NUMBERS], [17, 0]]))
    assert PLENTY - budget.left >= 10 * COUNT


MOVES = [row for row in ROWS if row.modifies and row.command[0] not in {2, 12, 13, 255}]


def run_and_pay(operation: CollectionOperation, collection: Collection, arguments: list[Any]) -> None:
    """Do an operation, for which its row is paid before, as `OpenedBin` does."""
    operation.pay_looks(collection.budget, len(collection.values), LOOK_STEPS)
    operation.run(collection, *map(msgpack.pack, arguments))


@for_each(MOVES, str)
def test_nothing_is_moved_that_is_not_paid(row: Row) -> None:
    kind, value = row.stored
    code, *arguments = row.command
    collection = Collection(kind, msgpack.pack(value), CostBudget(PLENTY))
    before = (list(collection.keys), list(collection.values))
    collection.budget.left = row.each * COUNT - 1
    with pytest.raises(CostExceededError):
        run_and_pay(OPERATIONS[code], collection, arguments)
    assert (collection.keys, collection.values) == before


@for_each([0, 1, 17, 90, 500, 3000])
def test_many_keys_are_where_each_of_them_is(count: int) -> None:
    chance = Random(count)
    stored = MarkedMap({chance.choice([number, str(number)]): 1 for number in range(0, 2000, 2)}, 1)
    keys: list[Any] = [chance.choice([number, str(number)]) for number in range(count)]
    keys += (None, b"", WILDCARD, INFINITY, [1], 1.5)
    wanted = [order(msgpack.pack(key)) for key in keys]
    for many in (stored, MarkedMap({}, 1)):
        collection = Collection(MAP, msgpack.pack(many), CostBudget(PLENTY))
        assert collection.places_of_keys(wanted) == [collection.place_of_key(key) for key in wanted]


def test_many_keys_cost_less_than_each_of_them() -> None:
    def paid(command: list[Any]) -> float:
        budget = CostBudget(PLENTY)
        OpenedBin((MAP, msgpack.pack(dict.fromkeys(NUMBERS, 1))), budget).read(msgpack.pack(command))
        return PLENTY - budget.left

    assert COUNT * 10 < paid([107, 5, NUMBERS]) < COUNT * 40
