"""The msgpack dialect for any value and any bytes."""

import contextlib
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import msgpack
from asinfo.wire.collection import check_list, check_map, stored_element, stored_list, stored_map
from asinfo.wire.msgpack import Ext, GeoJSON, MarkedList, MarkedMap, Raw

INTEGERS = st.integers(-(1 << 63), (1 << 64) - 1)
TEXTS = st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape"))
RAWS = st.binary(max_size=40).filter(lambda data: data[:1] not in {b"\x03", b"\x04", b"\x17"}).map(Raw)
ANY_EXTS = st.builds(Ext, st.integers(1, 255), st.binary(max_size=20))
SIZES = st.sampled_from([1, 2, 4, 8, 16])
EXTS = st.builds(
    Ext, st.integers(1, 254), SIZES.flatmap(lambda size: st.binary(min_size=size, max_size=size))
)
"""Of other sizes, the first element of a list would be taken for the list's marker; 255 is the wildcard and infinity."""
KEYS = INTEGERS | TEXTS | st.binary(max_size=40)
SCALARS = st.none() | st.booleans() | st.floats(allow_nan=False) | KEYS | TEXTS.map(GeoJSON) | RAWS | EXTS
FLAGS = st.integers(0, 255)


def nested(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists, maps = st.lists(values, max_size=20), st.dictionaries(KEYS, values, max_size=20)
    unordered = FLAGS.map(lambda flags: flags & ~msgpack.ORDERED)
    return lists | maps | st.builds(MarkedList, lists, unordered) | st.builds(MarkedMap, maps, FLAGS)


VALUES = st.recursive(SCALARS, nested, max_leaves=30)


@given(VALUES)
def test_round_trip(value: Any) -> None:
    data = msgpack.pack(value)
    found = msgpack.unpack(data)
    assert found == value or isinstance(value, list | dict)
    assert msgpack.pack(found) == data


@given(ANY_EXTS)
def test_extensions_of_any_size_round_trip(ext: Ext) -> None:
    assert msgpack.unpack(msgpack.pack([1, ext])) == [1, ext]


@given(VALUES)
def test_what_is_packed_is_stored(value: Any) -> None:
    check_list(msgpack.pack([1, value]))
    check_map(msgpack.pack({1: value}))


@given(
    st.binary(max_size=40).map(lambda data: bytes(byte & 0x7F for byte in data)),
    st.sampled_from([1, 1, 1, 16, 32, 1 << 15]),
    st.sampled_from([0, 0, 0, -1, 1]),
    st.binary(max_size=2),
)
def test_lists_of_small_integers_are_stored_as_others(
    data: bytes, times: int, more: int, behind: bytes
) -> None:
    """They are recognised as a whole; an element is never looked at so."""
    body = data * times
    count = max(0, len(body) + more)
    for head in (
        bytes([0x90 | count & 15]),
        b"\xdc" + (count & 0xFFFF).to_bytes(2),
        b"\xdd" + count.to_bytes(4),
    ):
        assert _told(stored_list, head + body + behind) == _told(stored_element, head + body + behind)


def _told(store: Callable[[bytes], bytes], data: bytes) -> bytes | None:
    try:
        return store(data)
    except WireError:
        return None


@given(st.lists(INTEGERS | TEXTS | st.binary(max_size=10)))
def test_ordered_maps_are_packed_in_order(keys: list[Any]) -> None:
    check_map(msgpack.pack(MarkedMap(dict.fromkeys(keys))))


@given(st.lists(INTEGERS | TEXTS | st.binary(max_size=10), max_size=5), st.data())
def test_order_is_checked(keys: list[Any], data: st.DataObject) -> None:
    """An ordered list is stored exactly when it is in order."""
    marked = MarkedList(keys)
    rank = {int: 0, str: 1, bytes: 2}
    ranks = [(rank[type(key)], msgpack.utf8(key) if isinstance(key, str) else key) for key in keys]
    if ranks == sorted(ranks):
        check_list(msgpack.pack(marked))
    else:
        with contextlib.suppress(WireError):
            check_list(msgpack.pack(marked))
            raise AssertionError


@st.composite
def bent(draw: st.DrawFn) -> bytes:
    """A packed value with a few bytes changed, cut off or added."""
    data = bytearray(msgpack.pack(draw(VALUES)))
    for position in draw(st.lists(st.integers(0, len(data) - 1), max_size=4)):
        data[position] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=8))


@given(st.binary(max_size=100) | bent())
def test_any_bytes_are_a_value_or_a_wire_error(data: bytes) -> None:
    for check in (check_list, check_map):
        with contextlib.suppress(WireError):
            check(data)
    try:
        value = msgpack.unpack(data)
    except WireError:
        return
    with contextlib.suppress(WireError):  # a map marked as ordered may have keys that have no order
        assert len(msgpack.pack(value)) <= len(data) * 2  # a float of 4 bytes grows to 8


@given(st.binary(max_size=100) | bent())
def test_what_is_stored_can_be_read(data: bytes) -> None:
    """What becomes of every list and map that a node takes is one for ``unpack`` too, and stays as it is."""
    for store in (stored_list, stored_map):
        with contextlib.suppress(WireError):
            stored = store(data)
            try:
                msgpack.unpack(stored)
                assert store(stored) == stored
            except WireError as error:
                raise AssertionError from error
