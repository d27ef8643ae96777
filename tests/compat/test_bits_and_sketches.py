"""Operations on bits and HyperLogLogs, as the real Python client sends them."""

from __future__ import annotations

from typing import Any

import pytest

aerospike = pytest.importorskip(
    "aerospike", reason="the client library is not installed: make test installs it"
)

from aerospike import exception  # noqa: E402 - after importorskip
from aerospike_helpers.operations import bitwise_operations as bits  # noqa: E402 - the same
from aerospike_helpers.operations import hll_operations as hll  # noqa: E402 - the same
from aerospike_helpers.operations import operations  # noqa: E402 - the same

KEY = ("test", "bits", "k")


@pytest.fixture
def stored(client: Any) -> Any:
    policy = {"exists": aerospike.POLICY_EXISTS_CREATE_OR_REPLACE}
    client.put(KEY, {"b": bytearray(b"\x01\x42\x03\x04\x05"), "i": 5}, policy=policy)
    return client


@pytest.mark.filterwarnings("ignore:value_byte_size is deprecated")
def test_bits(stored: Any) -> None:
    def ask(*ops: Any) -> Any:
        return stored.operate(KEY, list(ops))[2].get("b")

    def left() -> Any:
        return bytes(ask(operations.read("b")))

    assert ask(bits.bit_get("b", 4, 12)) == b"\x14\x20"
    assert ask(bits.bit_get_int("b", 8, 16, False)) == 0x4203
    assert ask(bits.bit_count("b", 0, 40)) == 8
    assert [ask(scan("b", 0, 8, True)) for scan in (bits.bit_lscan, bits.bit_rscan)] == [7, 7]
    ask(bits.bit_set("b", 0, 8, 1, bytearray(b"\xf0")), bits.bit_or("b", 0, 8, 1, bytearray(b"\x0f")))
    ask(bits.bit_not("b", 8, 8), bits.bit_xor("b", 16, 8, 1, bytearray(b"\xff")))
    assert left() == b"\xff\xbd\xfc\x04\x05"
    ask(
        bits.bit_lshift("b", 0, 16, 8),
        bits.bit_rshift("b", 16, 16, 4),
        bits.bit_and("b", 32, 8, 1, bytearray(b"\4")),
    )
    assert left() == b"\xbd\x00\x0f\xc0\x04"
    ask(bits.bit_add("b", 0, 8, 1, False, aerospike.BIT_OVERFLOW_FAIL), bits.bit_set_int("b", 8, 8, 7))
    ask(bits.bit_subtract("b", 32, 8, 5, False, aerospike.BIT_OVERFLOW_WRAP))
    assert left() == b"\xbe\x07\x0f\xc0\xff"
    ask(bits.bit_insert("b", 1, 1, bytearray(b"\xaa")), bits.bit_remove("b", 2, 3), bits.bit_resize("b", 5))
    assert left() == b"\xbe\xaa\xff\x00\x00"
    with pytest.raises(exception.OpNotApplicable):
        ask(bits.bit_get("b", 40, 1))
    with pytest.raises(exception.BinIncompatibleType):
        ask(bits.bit_get("i", 0, 1))


def test_bits_of_what_is_not_there(stored: Any) -> None:
    with pytest.raises(exception.BinNotFound):
        stored.operate(KEY, [bits.bit_not("none", 0, 8)])
    stored.operate(KEY, [bits.bit_resize("new", 2)])
    assert bytes(stored.get(KEY)[2]["new"]) == b"\0\0"


def test_hyperloglogs(stored: Any) -> None:
    def ask(name: str, *ops: Any) -> Any:
        return stored.operate(KEY, list(ops))[2].get(name)

    assert ask("h", hll.hll_add("h", list(range(100)), 12)) == 100
    assert ask("h", hll.hll_add("h", list(range(100)), 12)) == 0
    ask("g", hll.hll_add("g", list(range(50, 150)), 12))
    other = [stored.get(KEY)[2]["g"]]
    assert ask("h", hll.hll_get_count("h")) == pytest.approx(100, abs=3)
    assert ask("h", hll.hll_get_union_count("h", other)) == pytest.approx(150, abs=5)
    assert ask("h", hll.hll_get_intersect_count("h", other)) == pytest.approx(50, abs=5)
    assert ask("h", hll.hll_get_similarity("h", other)) == pytest.approx(1 / 3, abs=0.05)
    assert ask("h", hll.hll_describe("h")) == [12, 0]
    assert (
        ask("u", hll.hll_init("u", 12), hll.hll_set_union("u", other), operations.read("u"))[3:]
        == other[0][3:]
    )
    assert ask("h", hll.hll_refresh_count("h")) == pytest.approx(100, abs=3)
    ask("h", hll.hll_fold("h", 8))
    assert ask("h", hll.hll_describe("h")) == [8, 0]


def test_the_first_error_undoes_all(stored: Any) -> None:
    with pytest.raises(exception.OpNotApplicable):
        stored.operate(KEY, [hll.hll_add("new", [1], 8), hll.hll_fold("new", 9)])
    assert "new" not in stored.get(KEY)[2]
