"""The msgpack dialect byte for byte, both ways, and what it refuses."""

import json
import math
import tracemalloc
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from asinfo.errors import WireError
from asinfo.wire import collection, msgpack
from asinfo.wire.msgpack import Ext, GeoJSON, MarkedList, MarkedMap, Raw
from tests.each import for_each, for_each_row

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent / "vectors" / "msgpack.jsonl").read_text(encoding="utf-8").splitlines()
]


def value(form: Any) -> Any:
    """The Python value that a vector describes."""
    match form:
        case {"bytes": text}:
            return bytes.fromhex(text)
        case {"geo": text}:
            return GeoJSON(text)
        case {"raw": text}:
            return Raw(bytes.fromhex(text))
        case {"latin": text}:
            return bytes.fromhex(text).decode("utf-8", "surrogateescape")
        case {"ext": [kind, text]}:
            return Ext(kind, bytes.fromhex(text))
        case {"list": items, "flags": flags}:
            return MarkedList(map(value, items), flags)
        case {"map": items, "flags": flags}:
            return MarkedMap([(value(key), value(each)) for key, each in items], flags)
        case {"map": items}:
            return {value(key): value(each) for key, each in items}
        case [*items]:
            return [value(each) for each in items]
    return form


def same(one: Any, other: Any) -> bool:
    """Equal in value, type and flags, all the way down."""
    if type(one) is not type(other) or getattr(one, "flags", 0) != getattr(other, "flags", 0):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


@for_each(ROWS, itemgetter("note"))
def test_vector(row: dict[str, Any]) -> None:
    data, wanted = bytes.fromhex(row["hex"]), value(row["value"])
    assert same(msgpack.unpack(data), wanted)
    if not row.get("read_only"):
        assert msgpack.pack(wanted) == data
    for size in range(len(data)):
        with pytest.raises(WireError):
            msgpack.unpack(data[:size])
    with pytest.raises(WireError):
        msgpack.unpack(data + b"\xc0")


@for_each_row(
    ("size", "head"),
    [(30, "BF"), (31, "D920"), (254, "D9FF"), (255, "DA0100"), (65_534, "DAFFFF"), (65_535, "DB00010000")],
)
def test_heads_of_strings(size: int, head: str) -> None:
    data = msgpack.pack("a" * size)
    assert data == bytes.fromhex(head) + b"\x03" + b"a" * size
    assert msgpack.unpack(data) == "a" * size


@pytest.mark.parametrize("size", [15, 16, 65_535, 65_536])
def test_heads_of_lists_and_maps(size: int) -> None:
    head, lead = (bytes([size]), 0) if size < 16 else (size.to_bytes(2 if size < 65_536 else 4, "big"), 1)
    data = msgpack.pack([0] * size)
    assert data.startswith(
        bytes([0x90 | size]) if not lead else bytes([0xDC if size < 65_536 else 0xDD]) + head
    )
    assert msgpack.unpack(data) == [0] * size
    assert msgpack.unpack(msgpack.pack(dict.fromkeys(range(size)))) == dict.fromkeys(range(size))


@for_each_row("size", [0, 1, 3, 255, 256, 65_536])
def test_extensions_of_any_size(size: int) -> None:
    assert msgpack.unpack(msgpack.pack([1, Ext(1, bytes(size))])) == [1, Ext(1, bytes(size))]


def test_nan_survives() -> None:
    found = msgpack.unpack(msgpack.pack(math.nan))
    assert isinstance(found, float)
    assert math.isnan(found)


@for_each_row(
    "text",
    [
        "", "C1", "D9", "D901", "C7", "C701", "CB00", "DC", "DC0001", "DDFFFFFFFF", "DFFFFFFFFF", "DBFFFFFFFF03",
        "82C7000101 0102", "83C70001C0 01 02 01 02", "81 9001", "81 8001", "8201020102", "82 01 02 C3 02", "9F",
    ],
)  # fmt: skip
def test_not_a_value(text: str) -> None:
    with pytest.raises(WireError):
        msgpack.unpack(bytes.fromhex(text))


@for_each_row("item", [1 << 64, -(1 << 63) - 1, object(), {1, 2}, (1,), "\ud800", {"\ud800": 1}])
def test_not_to_be_packed(item: Any) -> None:
    with pytest.raises(WireError):
        msgpack.pack([item])


def test_an_ordered_map_has_keys_of_three_types() -> None:
    for key in (1.5, True, None, GeoJSON("{}"), "\ud800"):
        with pytest.raises(WireError):
            msgpack.pack(MarkedMap({key: 1}))
    assert msgpack.pack(MarkedMap({2: 0, 1: 0}, 0)) == bytes.fromhex("83 C70000C0 0200 0100")


def test_subclasses_are_packed_as_what_they_are() -> None:
    class Number(int):
        pass

    assert msgpack.pack([Number(5)]) == b"\x91\x05"


def test_how_values_look() -> None:
    assert [repr(each) for each in (Raw(b"x"), Ext(5, b"x"))] == ["Raw(b'x')", "Ext(5, b'x')"]
    assert len({Raw(b"x"), Raw(b"x"), Raw(b"y"), Ext(5, b"x"), Ext(5, b"x"), Ext(6, b"x")}) == 4


def test_a_size_that_no_head_can_say() -> None:
    with pytest.raises(WireError):
        msgpack._head((1 << 32), 0xA0, 32, 0xD9, msgpack._SIZED)


def test_depth() -> None:
    deepest = b"\x91" * (msgpack.DEPTH_MAX - 1) + b"\x90"
    collection.check_list(deepest)
    assert msgpack.pack(msgpack.unpack(deepest)) == deepest
    too_deep = b"\x91" + deepest
    endless: list[Any] = []
    endless.append(endless)
    refusing: list[Callable[[bytes], object]] = [msgpack.unpack, collection.check_list]
    for refuse in refusing:
        with pytest.raises(WireError):
            refuse(too_deep)
    endless_map: dict[int, Any] = {}
    endless_map[1] = endless_map
    for value in (endless, endless_map, {1: endless}):
        with pytest.raises(WireError):
            msgpack.pack(value)
    for data in (b"\x81\x01" * 129 + b"\xc0", b"\x92\xc7\0\1" * 129 + b"\xc0"):
        with pytest.raises(WireError):
            msgpack.unpack(data)


BOMBS = {
    "a list that says it has 4 G elements": bytes.fromhex("DDFFFFFFFF"),
    "the same in a list, often": b"\x9f" + bytes.fromhex("DDFFFFFFFF") * 15,
    "a map that says it has 4 G entries": bytes.fromhex("DFFFFFFFFF 01"),
    "a string that says it has 4 G bytes": bytes.fromhex("DBFFFFFFFF 03"),
    "an extension that says it has 4 G bytes": bytes.fromhex("C9FFFFFFFF 03"),
    "lists in lists": b"\x91" * 100_000,
    "ordered lists in ordered lists": b"\x92\xc7\0\1" * 25_000,
    "maps in maps": b"\x81\x01" * 50_000,
    "maps as keys of maps": b"\x81" * 100_000,
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_take_no_memory(data: bytes) -> None:
    tracemalloc.start()
    try:
        refusing: list[Callable[[bytes], object]] = [
            msgpack.unpack,
            collection.check_list,
            collection.check_map,
        ]
        for refuse in refusing:
            with pytest.raises(WireError):
                refuse(data)
        assert tracemalloc.get_traced_memory()[1] < 400_000
    finally:
        tracemalloc.stop()
