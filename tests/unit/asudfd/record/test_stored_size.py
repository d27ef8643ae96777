"""Sizes as a real server has them."""

from typing import Any

from asinfo.wire import msgpack, particle
from asinfo.wire.message import op
from asudfd.record.record import Record
from asudfd.record.stored_size import stored_size
from tests.each import for_each_row


def record(bins: dict[str, Any], *, void_time: int = 0, key: bytes = b"") -> Record:
    ops = (op(1, kind, name.encode(), data) for name, (kind, data) in packed(bins).items())
    return Record(1, void_time, 1, b"conf", key, b"".join(ops))


def packed(bins: dict[str, Any]) -> dict[str, tuple[int, bytes]]:
    return {name: particle.pack(value) for name, value in bins.items()}


RECORDED = {"i": 5, "s": "abc", "l": [1, 2, 3], "m": {"a": 1}, "b": b"\1\2\3\4", "f": 1.5, "t": True}


def test_as_recorded() -> None:
    assert stored_size(record({"a": 1})) == 64
    assert stored_size(record(RECORDED)._replace(set_name=b"fz")) == 112


# 39 bytes, 5 of the set, 1 of the number of bins, 2 of the name: 47 beside the value
SIZES = [
    ({"v": 0xFF}, 50),
    ({"v": 0x100}, 51),
    ({"v": 0x10000}, 53),
    ({"v": 1 << 32}, 57),
    ({"v": -1}, 57),
    ({"v": 0}, 50),
    ({"v": 1.0}, 56),
    ({"v": False}, 49),
    ({"v": ""}, 52),
    ({"v": "x" * 12}, 64),
    ({"v": "x" * 13}, 65),
    ({"v": msgpack.GeoJSON("{}")}, 57),
    ({}, 44),
]


@for_each_row(("bins", "size"), SIZES)
def test_what_a_value_takes(bins: dict[str, Any], size: int) -> None:
    whole = record(bins)
    # a set name as long as is missing up to a block, and one byte longer
    missing = -size % 16
    assert stored_size(whole._replace(set_name=b"conf" + b"x" * missing)) == size + missing
    assert stored_size(whole._replace(set_name=b"conf" + b"x" * (missing + 1))) == size + missing + 16


def test_key_expiry_and_many_bins() -> None:
    whole = record({"v": "x" * 12})
    assert stored_size(whole) == 64
    assert stored_size(whole._replace(void_time=5)) == 80
    assert stored_size(whole._replace(key=b"\3" + b"k" * 14)) == 80
    assert stored_size(whole._replace(key=b"\3" + b"k" * 15)) == 96
    assert stored_size(whole._replace(set_name=b"")) == 64
    many = record({f"b{number:03}": 1 for number in range(128)})  # 2 bytes tell their number
    assert stored_size(many._replace(set_name=b"conf12")) == 1072
    assert stored_size(many._replace(set_name=b"conf123")) == 1088
