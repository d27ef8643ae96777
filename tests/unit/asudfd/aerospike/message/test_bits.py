"""Operations on the bits of a blob: what each shows, and what it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from asinfo.errors import WireError
from asinfo.wire import msgpack
from asinfo.wire.particle import BLOB, NULL, STRING, unpack
from asinfo.wire.result import Result
from asudfd.aerospike.message import bits
from asudfd.aerospike.message.cost import CostBudget, CostExceededError
from asudfd.record.refused import RequestRefused
from tests.each import for_each

DATA = bytes.fromhex("0142030405")

CREATE_ONLY, UPDATE_ONLY, NO_FAIL, PARTIAL = 1, 2, 4, 8
SIGNED, SATURATE, WRAP = 1, 2, 4


def changed(data: bytes | None, *command: Any) -> bytes | None:
    """A blob after an operation, None if it is as it was."""
    kind = NULL if data is None else BLOB
    found = bits.modify(kind, data or b"", msgpack.pack(list(command)), CostBudget())
    assert found.shown is None
    return found.bin[1] if found.bin else None


def refusal(data: bytes | None, *command: Any) -> int:
    try:
        changed(data, *command)
    except RequestRefused as error:
        return error.code
    except WireError:
        return Result.PARAMETER
    return Result.OK


@for_each(
    [
        ((0, 6), "014203040500"),
        ((0, 2, 0, 1), "0405"),
        ((1, -1, b"\xff"), "01420304ff05"),
        ((1, 6, b"\xff"), "014203040500ff"),
        ((2, 1, 2), "010405"),
        ((2, -1, 9, PARTIAL), "01420304"),
        ((3, 4, 8, b"\xff"), "0ff2030405"),
        ((3, 36, 8, b"\xff", PARTIAL), "014203040f"),
        ((4, 0, 8, b"\xf0"), "f142030405"),
        ((5, 0, 8, b"\xff"), "fe42030405"),
        ((6, 8, 8, b"\x0f"), "0102030405"),
        ((7, -8, 8), "01420304fa"),
        ((8, 0, 16, 4), "1420030405"),
        ((9, 0, 16, 1 << 63), "0000030405"),
        ((10, 0, 8, 255, 0, WRAP), "0042030405"),
        ((10, 0, 8, 127, 0, SATURATE | SIGNED), "7f42030405"),
        ((11, 0, 8, 2, 0, SATURATE), "0042030405"),
        ((11, 0, 8, 2, 0, SIGNED), "ff42030405"),
        ((12, 0, 4, -1), "f142030405"),
    ]
)
def test_writes(row: tuple[tuple[Any, ...], str]) -> None:
    assert (changed(DATA, *row[0]) or b"").hex() == row[1]


@for_each(
    [
        ((50, 4, 12), b"\x14\x20"),
        ((51, 0, 40), 8),
        ((52, 0, 8, True), 7),
        ((52, 0, 7, True), -1),
        ((53, 8, 8, True), 6),
        ((53, 0, 8, False), 6),
        ((54, 8, 16), 0x4203),
        ((54, 9, 2, 1), -2),
        ((54, 9, 1), 1),
    ]
)
def test_reads(row: tuple[tuple[Any, ...], Any]) -> None:
    assert unpack(*bits.read(BLOB, DATA, msgpack.pack(list(row[0])), CostBudget())) == row[1]


def test_a_whole_integer_of_64_bits_has_a_sign_either_way() -> None:
    for sign in (0, 1):
        command = msgpack.pack([54, 0, 64, sign])
        assert unpack(*bits.read(BLOB, b"\xff" * 8, command, CostBudget())) == -1


@for_each(
    [
        (DATA, (3, 0, 9, b"\xff"), Result.PARAMETER),
        (DATA, (3, 0, 8, b""), Result.PARAMETER),
        (DATA, (3, 0, 8, "a"), Result.PARAMETER),
        (DATA, (3, 0, 0, b"a"), Result.PARAMETER),
        (DATA, (3, -41, 8, b"a"), Result.PARAMETER),
        (DATA, (3, 40, 8, b"a"), Result.OP_NOT_APPLICABLE),
        (DATA, (3, 40, 8, b"a", PARTIAL), Result.OP_NOT_APPLICABLE),
        (DATA, (3, 40, 8, b"a", NO_FAIL), Result.OK),
        (DATA, (3, 0, 8, b"a", CREATE_ONLY), Result.PARAMETER),
        (DATA, (10, 0, 65, 1), Result.PARAMETER),
        (DATA, (10, 0, 8, 255), Result.OP_NOT_APPLICABLE),
        (DATA, (10, 0, 8, 255, NO_FAIL), Result.OK),
        (DATA, (10, 0, 8, 255, 0, SATURATE | WRAP), Result.PARAMETER),
        (DATA, (10, 0, 8, 1, PARTIAL), Result.PARAMETER),
        (DATA, (8, 0, 8, -1), Result.PARAMETER),
        (DATA, (7, 0, 1 << 40), Result.PARAMETER),
        (DATA, (0, 9, 0, 4), Result.PARAMETER),
        (DATA, (0, 9, NO_FAIL, 4), Result.OK),
        (DATA, (0, 9, CREATE_ONLY), Result.BIN_EXISTS),
        (DATA, (0, 9, CREATE_ONLY | NO_FAIL), Result.OK),
        (DATA, (0, 9, CREATE_ONLY | UPDATE_ONLY), Result.PARAMETER),
        (DATA, (0, 1 << 26), Result.RECORD_TOO_BIG),
        (DATA, (1, 1 << 26, b"a"), Result.RECORD_TOO_BIG),
        (DATA, (1, -6, b"a"), Result.PARAMETER),
        (DATA, (2, 1, 5), Result.PARAMETER),
        (DATA, (2, 1, 5, NO_FAIL), Result.OK),
        (DATA, (50, 0, 8), Result.PARAMETER),
        (DATA, (13,), Result.PARAMETER),
        (None, (3, 0, 8, b"a"), Result.BIN_NOT_FOUND),
        (None, (3, 0, 8, b"a", NO_FAIL), Result.OK),
        (None, (0, 1, UPDATE_ONLY), Result.BIN_NOT_FOUND),
        (None, (2, 0, 1), Result.BIN_NOT_FOUND),
    ]
)
def test_refusals(row: tuple[bytes | None, tuple[Any, ...], int]) -> None:
    data, command, code = row
    assert refusal(data, *command) == code
    if code == Result.OK:
        assert changed(data, *command) is None


def test_what_is_not_there_is_made_by_operations_on_its_length() -> None:
    assert changed(None, 0, 2) == b"\0\0"
    assert changed(None, 1, 2, b"a") == b"\0\0a"
    assert bits.read(NULL, b"", msgpack.pack([51, 0, 8]), CostBudget()) == (NULL, b"")


def test_another_type_is_told_after_the_arguments() -> None:
    with pytest.raises(RequestRefused) as caught:
        bits.modify(STRING, b"text", msgpack.pack([7, 0, 8]), CostBudget())
    assert caught.value.code == Result.BIN_TYPE
    with pytest.raises(WireError):
        bits.modify(STRING, b"text", msgpack.pack([7, 0, 0]), CostBudget())


def test_a_blob_that_is_made_longer_costs() -> None:
    budget = CostBudget(30_000)
    command = msgpack.pack([0, 8 << 20])
    bits.modify(NULL, b"", command, budget)
    with pytest.raises(CostExceededError):
        bits.modify(NULL, b"", command, budget)


def test_a_long_range_costs_and_a_short_one_of_a_long_blob_does_not() -> None:
    data = bytes(1 << 20)
    budget = CostBudget(300_000)
    short, long = (msgpack.pack([7, 0, 8 * count]) for count in (1, len(data)))
    for _ in range(5):
        bits.modify(BLOB, data, short, budget)
    for _ in range(4):
        bits.modify(BLOB, data, long, budget)
    with pytest.raises(CostExceededError):
        bits.modify(BLOB, data, long, budget)
