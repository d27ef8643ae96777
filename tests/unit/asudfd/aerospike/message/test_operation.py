"""Rows of operations: what a row says is what its operation does."""

from __future__ import annotations

from typing import Any

import pytest

from asinfo.wire import cdt as codes
from asinfo.wire import msgpack
from asinfo.wire.particle import BLOB, HLL, LIST, MAP
from asinfo.wire.result import Result
from asudfd.aerospike.message import bits, cdt, hll
from asudfd.aerospike.message.cdt.command import OPERATIONS, decode
from asudfd.aerospike.message.cdt.opened import OpenedBin
from asudfd.aerospike.message.cdt.select import SELECTIONS
from asudfd.aerospike.message.cost import LOOK_STEPS, CostBudget, CostExceededError
from asudfd.aerospike.message.operation import ANY_NUMBER, Operation
from asudfd.record.refused import RequestRefused
from tests.each import for_each

STORED = {LIST: (LIST, msgpack.pack([1, 2, 3])), MAP: (MAP, msgpack.pack({1: 1, 2: 2}))}
LISTS_OF_VALUES = {23, 36, 81, 83, 107, 108}
"""Codes of selections by a list of values or keys."""

LISTS, MAPS = [*range(19, 28), *range(32, 41)], [*range(76, 80), *range(81, 90), *range(97, 101), *range(102, 111)]  # fmt: skip
BY_INDEX = {19, 24, 32, 37, 76, 77, 84, 85, 88, 97, 98, 103, 104, 109}
BY_RANK = {21, 22, 25, 26, 27, 34, 35, 38, 39, 40} | {78, 79, 82, 86, 87, 89, 99, 100, 102, 105, 106, 110}
BY_KEY_LIST = {81, 107}


def return_types(code: int) -> set[int]:
    """Those of a selection, by the specification of operations on collections."""
    found = {0, 1, 2, 5, 7, 13}
    found |= set() if code in BY_KEY_LIST else {3, 4}
    found |= {6, 8, 16, 17} if code in MAPS else set()
    found |= {9, 10} if code in BY_INDEX else set()
    return found | ({11, 12} if code in BY_RANK else set())


def test_selections_are_known() -> None:
    assert sorted(SELECTIONS) == sorted(LISTS + MAPS)


@for_each(SELECTIONS)
def test_a_selection_has_the_return_types_of_its_row_and_no_others(code: int) -> None:
    row = SELECTIONS[code]
    assert row.returns == return_types(code)
    values: list[Any] = [[1]] if code in LISTS_OF_VALUES else [1] * (row.least - 1)
    for return_type in range(20):
        command = msgpack.pack([code, return_type, *values])
        work = cdt.modify if row.modifies else cdt.read
        if return_type in row.returns:
            work(STORED[row.kind], command)
            continue
        with pytest.raises(RequestRefused) as refused:
            work(STORED[row.kind], command)
        assert refused.value.code == Result.OP_NOT_APPLICABLE


def refused_with(command: list[Any], kind: int, *, modifies: bool) -> int:
    try:
        (cdt.modify if modifies else cdt.read)(STORED[kind], msgpack.pack(command))
    except RequestRefused as error:
        return error.code
    return 0


@for_each(OPERATIONS)
def test_other_numbers_of_arguments_and_the_other_direction_are_refused(code: int) -> None:
    row = OPERATIONS[code]
    command = [code] + [0] * row.least
    assert refused_with(command, row.kind, modifies=not row.modifies) == Result.PARAMETER
    if row.least:
        assert refused_with(command[:-1], row.kind, modifies=row.modifies) == Result.PARAMETER
    more = [code] + [0] * (row.most + 1 if row.most < ANY_NUMBER else 9)
    expected = Result.PARAMETER if row.most < ANY_NUMBER else Result.OK
    assert refused_with(more, row.kind, modifies=row.modifies) == expected


SIZE = 1000
FIRST = {LIST: [codes.LIST_GET, 0], MAP: [codes.MAP_GET_BY_INDEX, 0, 0]}
MANY = {LIST: (LIST, msgpack.pack([1] * SIZE)), MAP: (MAP, msgpack.pack(dict.fromkeys(range(SIZE), 1)))}


@for_each([code for code, row in OPERATIONS.items() if row.looks])
def test_looks_at_elements_are_paid_for_before_an_operation_is_done(code: int) -> None:
    row = OPERATIONS[code]
    command = msgpack.pack([code] + [0] * row.least)
    budget = CostBudget(1_000_000)
    opened = OpenedBin(MANY[row.kind], budget)
    opened.read(msgpack.pack(FIRST[row.kind]))
    before = budget.left
    decode(command, row.kind, budget, modifies=row.modifies)
    budget.left = before - budget.left + row.looks * LOOK_STEPS * SIZE - 1
    with pytest.raises(CostExceededError):
        (opened.modify if row.modifies else opened.read)(command)
    assert budget.left == pytest.approx(-1)


ALL: list[tuple[int, Operation]] = [*OPERATIONS.items(), *bits.OPERATIONS.items(), *hll.OPERATIONS.items()]


@for_each(ALL)
def test_a_row_pays_for_each_of_its_looks(item: tuple[int, Operation]) -> None:
    _, row = item
    budget = CostBudget(100)
    row.pay_looks(budget, 10, 2)
    assert budget.left == 100 - 20 * row.looks


def test_looks_at_bytes_of_a_range_and_at_registers_are_paid_for_before_an_operation_is_done() -> None:
    blob, sketch = bytes(1000), bytes([0, 10, 0]) + bytes(776)
    rows = [
        (bits.read, BLOB, blob, [bits.COUNT, 0, 8000], 1000 * bits.RANGE_STEPS),
        (bits.modify, BLOB, blob, [bits.NOT, 0, 8000], 1000 * bits.RANGE_STEPS),
        (hll.read, HLL, sketch, [hll.COUNT], 1024 * hll.REGISTER_STEPS),
        (hll.modify, HLL, sketch, [hll.REFRESH], 1024 * hll.REGISTER_STEPS),
    ]
    for work, kind, data, command, looks in rows:
        budget = CostBudget(1_000_000)
        work(kind, data, msgpack.pack(command), budget)
        budget.left = 1_000_000 - budget.left - 1
        with pytest.raises(CostExceededError):
            work(kind, data, msgpack.pack(command), budget)
        assert -looks <= budget.left < 0
