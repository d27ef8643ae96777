"""Operations on HyperLogLogs: what each shows, and what it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from asinfo.errors import WireError
from asinfo.wire import msgpack
from asinfo.wire.msgpack import Raw
from asinfo.wire.particle import HLL, NULL, STRING, unpack
from asinfo.wire.result import Result
from asudfd.aerospike.message import hll
from asudfd.aerospike.message.cost import CostBudget, CostExceededError
from asudfd.record.refused import RequestRefused
from tests.each import for_each

STEPS = 300_000
"""What an operation here may take."""

INIT, ADD, UNITE, REFRESH, FOLD = range(5)
COUNT, UNION, UNION_COUNT, INTERSECT_COUNT, SIMILARITY, DESCRIBE, MAY_CONTAIN = range(50, 57)
CREATE_ONLY, UPDATE_ONLY, NO_FAIL, ALLOW_FOLD = 1, 2, 4, 8


def changed(data: bytes | None, *command: Any) -> tuple[bytes, Any]:
    """A HyperLogLog after an operation, and what that shows."""
    kind = NULL if data is None else HLL
    found = hll.modify(kind, data or b"", msgpack.pack(list(command)), CostBudget(STEPS))
    after = found.bin[1] if found.bin else data or b""
    return after, unpack(*found.shown) if found.shown else None


def shown(data: bytes, *command: Any) -> Any:
    return unpack(*hll.read(HLL, data, msgpack.pack(list(command)), CostBudget(STEPS)))


def made(*values: Any, index_bits: int = 8, minhash_bits: int = 0) -> bytes:
    return changed(None, ADD, list(values), index_bits, minhash_bits)[0]


def given(*of: bytes) -> list[Raw]:
    """HyperLogLogs as an argument."""
    return [Raw(bytes([HLL]) + each) for each in of]


def refusal(data: bytes | None, *command: Any) -> int:
    try:
        if command[0] < COUNT:
            changed(data, *command)
        else:
            shown(data or b"", *command)
    except RequestRefused as error:
        return error.code
    except WireError:
        return Result.PARAMETER
    return Result.OK


SMALL = made("a", "b", index_bits=4)
LARGE = made(*range(1000), index_bits=12)
HASHED = made(*range(1000), index_bits=12, minhash_bits=20)


@for_each([(4, 0), (8, 0), (12, 0), (16, 0), (4, 51), (12, 20), (16, 48)])
def test_values_are_counted_within_five_percent(shape: tuple[int, int]) -> None:
    index_bits, minhash_bits = shape
    values = 20 if index_bits < 12 else 2000
    data, changes = changed(None, ADD, list(range(values)), index_bits, minhash_bits)
    assert changed(data, ADD, list(range(values)), -1, -1) == (data, 0)
    assert shown(data, DESCRIBE) == [index_bits, minhash_bits]
    assert shown(data, MAY_CONTAIN, list(range(values))) == 1
    assert changes <= values
    error = 0.05 if index_bits >= 12 else 0.4
    assert shown(data, COUNT) == pytest.approx(values, rel=error)


def test_the_count_is_kept_when_it_is_refreshed_and_gone_when_something_changes() -> None:
    data, count = changed(LARGE, REFRESH)
    assert int.from_bytes(data[3:11], "little") == count == shown(LARGE, COUNT)
    assert changed(data, ADD, [1])[0] == data
    assert changed(data, ADD, ["new"])[0][3:11] == bytes(8)


def test_registers_that_no_values_make_are_counted_as_many() -> None:
    full = bytes([0, 4, 0]) + bytes(8) + b"\xff" * 12
    assert shown(full, COUNT) == changed(full, REFRESH)[1] == (1 << 63) - 1
    assert shown(full, UNION_COUNT, given(full)) == shown(full, INTERSECT_COUNT, given(full)) == (1 << 63) - 1


def test_a_union_is_what_it_would_be_had_the_values_come_to_one() -> None:
    other = made(*range(500, 1500), index_bits=12)
    both = made(*range(1500), index_bits=12)
    assert changed(LARGE, UNITE, given(other)) == (both, None)
    assert shown(LARGE, UNION, given(other)).data == both
    assert shown(LARGE, UNION_COUNT, given(other)) == shown(both, COUNT)


def test_one_may_be_sent_as_a_blob() -> None:
    other = made(*range(500, 1500), index_bits=12)
    assert changed(LARGE, UNITE, [other]) == changed(LARGE, UNITE, given(other))
    assert shown(LARGE, SIMILARITY, [other]) == shown(LARGE, SIMILARITY, given(other))
    assert refusal(LARGE, UNION, [Raw(b"\3" + other)]) == Result.PARAMETER


def test_a_folded_one_is_what_it_would_be_with_fewer_registers() -> None:
    folded = made(*range(1000), index_bits=6)
    assert changed(LARGE, FOLD, 6)[0] == folded
    assert changed(LARGE, UNITE, given(folded), ALLOW_FOLD)[0] == folded
    assert changed(folded, UNITE, given(LARGE))[0] == folded
    assert changed(HASHED, UNITE, given(folded), ALLOW_FOLD)[0] == folded


@for_each([(12, 0), (12, 20)])
def test_what_two_have_in_common(shape: tuple[int, int]) -> None:
    one, other, more = (
        made(*range(first, first + 1000), index_bits=shape[0], minhash_bits=shape[1])
        for first in (0, 500, 250)
    )
    assert shown(one, INTERSECT_COUNT, given(other)) == pytest.approx(500, rel=0.1)
    assert shown(one, SIMILARITY, given(other)) == pytest.approx(1 / 3, rel=0.1)
    assert shown(one, SIMILARITY, given(one)) == pytest.approx(1)
    assert shown(one, INTERSECT_COUNT, given(other, more)) == pytest.approx(500, rel=0.15)


def test_nothing_in_common_is_no_less_than_nothing() -> None:
    apart = made(*range(5000, 6000), index_bits=12, minhash_bits=20)
    assert shown(HASHED, INTERSECT_COUNT, given(apart)) <= 1
    empty = changed(None, INIT, 12, 20)[0]
    assert shown(empty, SIMILARITY, given(empty)) == 0
    assert shown(SMALL, INTERSECT_COUNT, given(made("c", index_bits=4))) >= 0


def test_an_init_makes_it_new_with_the_bits_of_the_old_one() -> None:
    assert changed(HASHED, INIT)[0] == changed(None, INIT, 12, 20)[0]
    assert changed(HASHED, INIT, -1, 0)[0] == changed(None, INIT, 12)[0]


@for_each(
    [
        (None, (INIT, 3), Result.PARAMETER),
        (None, (INIT, 17), Result.PARAMETER),
        (None, (INIT, 8, 3), Result.PARAMETER),
        (None, (INIT, 8, 52), Result.PARAMETER),
        (None, (INIT, 16, 49), Result.PARAMETER),
        (HASHED, (INIT, 16), Result.OK),
        (made("a", index_bits=4, minhash_bits=51), (INIT, 16), Result.PARAMETER),
        (None, (INIT,), Result.OP_NOT_APPLICABLE),
        (None, (INIT, 8, 0, UPDATE_ONLY), Result.BIN_NOT_FOUND),
        (None, (INIT, 8, 0, UPDATE_ONLY | NO_FAIL), Result.OK),
        (None, (INIT, 8, 0, CREATE_ONLY | UPDATE_ONLY), Result.PARAMETER),
        (SMALL, (INIT, 8, 0, CREATE_ONLY), Result.BIN_EXISTS),
        (SMALL, (INIT, 8, 0, ALLOW_FOLD), Result.PARAMETER),
        (None, (ADD, [1]), Result.OP_NOT_APPLICABLE),
        (SMALL, (ADD, [1], 8, -1, UPDATE_ONLY), Result.PARAMETER),
        (SMALL, (ADD, [1], 8, -1, NO_FAIL), Result.OK),
        (SMALL, (ADD, []), Result.PARAMETER),
        (SMALL, (ADD, [None]), Result.PARAMETER),
        (SMALL, (ADD, [True]), Result.PARAMETER),
        (SMALL, (ADD, [[1]]), Result.PARAMETER),
        (SMALL, (ADD, 1), Result.PARAMETER),
        (SMALL, (UNITE, []), Result.PARAMETER),
        (SMALL, (UNITE, [1]), Result.PARAMETER),
        (SMALL, (UNITE, [b"\0\4\0"]), Result.PARAMETER),
        (SMALL, (UNITE, given(SMALL[:-1])), Result.PARAMETER),
        (SMALL, (UNITE, given(b"")), Result.PARAMETER),
        (LARGE, (UNITE, given(SMALL)), Result.OP_NOT_APPLICABLE),
        (LARGE, (FOLD, 13), Result.OP_NOT_APPLICABLE),
        (LARGE, (FOLD, 3), Result.PARAMETER),
        (HASHED, (FOLD, 8), Result.OP_NOT_APPLICABLE),
        (None, (FOLD, 8), Result.BIN_NOT_FOUND),
        (None, (REFRESH,), Result.BIN_NOT_FOUND),
        (SMALL, (COUNT, 1), Result.PARAMETER),
        (SMALL, (SIMILARITY, given(SMALL, SMALL, SMALL)), Result.PARAMETER),
        (HASHED, (SIMILARITY, given(HASHED, HASHED, HASHED)), Result.OK),
        (b"no HyperLogLog", (COUNT,), Result.BIN_TYPE),
        (b"no HyperLogLog", (INIT, 8), Result.BIN_TYPE),
        (SMALL, (57,), Result.PARAMETER),
    ]
)
def test_refusals(row: tuple[bytes | None, tuple[Any, ...], int]) -> None:
    data, command, code = row
    assert refusal(data, *command) == code


def test_a_bin_of_another_type_is_told_before_the_arguments() -> None:
    with pytest.raises(RequestRefused) as caught:
        hll.modify(STRING, b"text", msgpack.pack([INIT, 99]), CostBudget(STEPS))
    assert caught.value.code == Result.BIN_TYPE


def test_what_would_take_too_long_is_not_begun() -> None:
    with pytest.raises(CostExceededError):
        changed(LARGE, ADD, list(range(10_000)))
    with pytest.raises(CostExceededError):
        changed(LARGE, ADD, ["x" * 500_000])
    wide = changed(None, INIT, 16, 48)[0]
    with pytest.raises(CostExceededError):
        shown(wide, UNION_COUNT, given(wide, wide))
