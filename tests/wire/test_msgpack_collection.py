"""Which lists and maps a node stores."""

from collections.abc import Callable
from typing import Any

import pytest

from asinfo.errors import WireError
from asinfo.wire import msgpack
from asinfo.wire.collection import check_list, check_map, stored_element, stored_list
from tests.each import for_each_row

STR_A, STR_B, BYTES_A = "A20361", "A20362", "A20461"

LISTS = {
    "none": "90",
    "of anything": f"99 C0 C2 C3 01 E0 CB3FF8000000000000 {STR_A} {BYTES_A} 9101",
    "list 16": "DC0002 01 02",
    "list 32": "DD00000002 01 02",
    "strings of every head": "96 D90203 61 DA000203 61 DB0000000203 61 C40204 61 C5000204 61 C60000000204 61",
    "numbers of every size": "9A CC01 CD0001 CE00000001 CF0000000000000001 D001 D10001 D200000001 D30000000000000001 CA00000000 01",
    "strings without a kind": "92 A0 A161",
    "extensions": "94 D40100 C70105 61 C8000105 61 C90000000105 61",
    "without order": "92 02 01",
    "with a marker that asks for no order": "93 C70000 02 01",
    "ordered": "94 C70001 01 01 02",
    "ordered, empty": "91 C70001",
    "ordered by type": f"9C C70001 C0 C2 C3 E0 01 {STR_A} 9101 810101 {BYTES_A} CB3FF8000000000000 A3177B7D",
    "ordered lists: elements, then size": "95 C70001 90 9101 920101 9102",
    "ordered maps: size, keys, values": "95 C70001 80 810102 810103 810201",
    "ordered integers of any form": "95 C70001 D38000000000000000 FF CC01 CFFFFFFFFFFFFFFFFF",
    "ordered strings of any head": "94 C70001 A1 03 D90203 61 DA000203 62",
    "ordered extension at the end": "93 C70001 01 D40101",
}

MAPS = {
    "none": "80",
    "three types of keys": f"83 {BYTES_A} 01 {STR_A} 02 05 03",
    "map 16": "DE0001 01 02",
    "map 32": "DF00000001 01 02",
    "ordered": f"84 C70001C0 05 01 {STR_A} 02 {BYTES_A} 03",
    "ordered, empty": "81 C70001C0",
    "ordered with an index": "82 C70011C0 05 01",
    "preserving its order": "83 C70008C0 05 01 01 01",
    "in a map": "81 01 81 01 82 C70001C0 01 90",
    "the same text as string and as bytes": f"82 {STR_A} 01 {BYTES_A} 02",
}

BAD = {
    "nothing": "",
    "an element is missing": "92 01",
    "an infinity in a list within": "91 91 D4FF01",
    "a wildcard in a map within": "91 81 01 D4FF00",
    "a string that ends early": "91 A303 61",
    "a long string that ends early": "91 D90303 61",
    "a number that ends early": "91 CF00",
    "a head that ends early": "DC00",
    "an extension that ends early": "91 C70205 61",
    "a value after the end": "91 01 01",
    "a byte that begins nothing": "91 C1",
    "a byte that begins nothing, ordered": "92 C70001 C1",
    "ordered, but is not": "93 C70001 02 01",
    "ordered by type, but is not": f"93 C70001 {STR_A} 01",
    "ordered strings, but are not": f"93 C70001 {STR_B} {STR_A}",
    "ordered lists, but are not": "93 C70001 9102 9101",
    "ordered maps, but are not": "93 C70001 810101 80",
    "ordered within an unordered one": "91 93 C70001 02 01",
    "ordered within an ordered one": "92 C70001 93 C70001 02 01",
    "a map within that has a key twice": "91 82 01 01 01 02",
    "a map within an ordered one that has a key twice": "92 C70001 82 01 01 01 02",
}

BAD_MAPS = {
    "a key twice": f"82 {STR_A} 01 {STR_A} 02",
    "a key twice, not side by side": f"83 {STR_A} 01 {STR_B} 02 {STR_A} 02",
    "a key twice in another form": "82 01 01 CC01 02",
    "a key twice with another head": f"82 {STR_A} 01 D902 0361 02",
    "ordered, a key twice": "83 C70001C0 01 01 01 02",
    "ordered, but is not": "83 C70001C0 02 01 01 01",
    "ordered by type, but is not": f"83 C70001C0 {STR_A} 01 02 01",
    "a value is missing": "81 01",
    "a marker at the end": "81 C70001",
    "nil as a key": "81 C0 01",
    "a boolean as a key": "81 C3 01",
    "a float as a key": "81 CB3FF8000000000000 01",
    "geo JSON as a key": "81 A3177B7D 01",
    "a list as a key": "81 90 01",
    "a map as a key": "81 80 01",
    "a key without a kind": "81 A161 02",
    "an empty key": "81 A0 01",
    "an extension as a key": "82 01 01 D4FF00 01",
    "a value that is not in order": "81 01 93 C70001 02 01",
    "a map in a map that has a key twice": "81 01 82 01 01 01 01",
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS.keys())
def test_a_list_that_is_stored(text: str) -> None:
    data = bytes.fromhex(text)
    check_list(data)
    check_list(b"\x91" + data)
    check_list(b"\x92\xc7\0\1" + data)
    check_map(b"\x81\1" + data)
    with pytest.raises(WireError):
        check_map(data)
    cut_off(check_list, data)


@pytest.mark.parametrize("text", MAPS.values(), ids=MAPS.keys())
def test_a_map_that_is_stored(text: str) -> None:
    data = bytes.fromhex(text)
    check_map(data)
    check_map(b"\x81\1" + data)
    check_list(b"\x92\xc7\0\1" + data)
    with pytest.raises(WireError):
        check_list(data)
    cut_off(check_map, data)


def cut_off(check: Callable[[bytes], None], data: bytes) -> None:
    for size in range(len(data)):
        with pytest.raises(WireError):
            check(data[:size])
    with pytest.raises(WireError):
        check(data + b"\xc0")


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_list_that_is_refused(text: str) -> None:
    with pytest.raises(WireError):
        check_list(bytes.fromhex(text))


@pytest.mark.parametrize("text", BAD_MAPS.values(), ids=BAD_MAPS.keys())
def test_a_map_that_is_refused(text: str) -> None:
    data = bytes.fromhex(text)
    for check, bad in ((check_map, data), (check_list, b"\x91" + data), (check_list, b"\x92\xc7\0\1" + data)):
        with pytest.raises(WireError):
            check(bad)


@for_each_row(
    ("sent", "kept"),
    [
        ("92 CC05 D1FFFF", "92 05 FF"),
        ("91 D300000000000000FF", "91 CCFF"),
        ("91 CA3F800000", "91 CA3F800000"),
        ("DC0002 01 02", "92 01 02"),
        ("91 DD00000001 05", "91 91 05"),
        ("91 DA0002 0361", "91 A2 0361"),
        ("91 C402 0461", "91 A2 0461"),
        ("91 82 02 01 01 01", "91 82 01 01 02 01"),
        ("91 81 01 82 A20362 02 A20361 01", "91 81 01 82 A20361 01 A20362 02"),
        ("93 C70011 01 02", "93 C70001 01 02"),
        ("93 C70010 02 01", "92 02 01"),
        ("93 C7010109 CC01 02", "93 C70001 01 02"),
        ("91 82 C70013C0 01 01", "91 82 C70003C0 01 01"),
        ("91 83 C70008C0 02 01 01 01", "91 82 01 01 02 01"),
        ("91 82 C70001 05 01 01", "91 82 C70001C0 01 01"),
        ("92 D4FF01 D40100", "92 D4FF01 D40100"),
    ],
)
def test_what_is_kept(sent: str, kept: str) -> None:
    assert stored_list(bytes.fromhex(sent)) == bytes.fromhex(kept)
    assert stored_list(bytes.fromhex(kept)) == bytes.fromhex(kept)


@for_each_row("text", ["D4FF00", "D4FF01", "91 D4FF00", "81 01 91 D4FF01", "81 D4FF00 01", ""])
def test_what_no_operation_puts_into_a_list(text: str) -> None:
    with pytest.raises(WireError):
        stored_element(bytes.fromhex(text))


@pytest.mark.parametrize("value", [54527, "a\xd4\xff", b"\xd4\xff\0", [54527], {1: 54527}], ids=str)
def test_bytes_of_a_wildcard_within_a_value(value: Any) -> None:
    assert stored_element(msgpack.pack(value)) == msgpack.pack(value)
