"""Lists and maps taken apart into the bytes of their elements, and put together again."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import cdt, collection, msgpack
from tests.each import for_each

integers = st.integers(-(1 << 63), (1 << 64) - 1)
keys = st.one_of(integers, st.text(max_size=9), st.binary(max_size=9))
scalars = st.one_of(keys, st.none(), st.booleans(), st.floats())
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(integers, inner), max_leaves=12
)


@given(st.lists(values), st.sampled_from([0, 1]))
def test_lists(items: list[msgpack.Value], flags: int) -> None:
    parts = [msgpack.pack(item) for item in items]
    data = cdt.join_list(parts, flags)
    assert cdt.elements(data) == (flags, parts)
    if not flags:
        assert data == msgpack.pack(items)


@given(st.dictionaries(keys, values), st.sampled_from([0, 1, 3]))
def test_maps(items: dict[int | str | bytes, msgpack.Value], flags: int) -> None:
    parts = [*map(msgpack.pack, items)], [*map(msgpack.pack, items.values())]
    data = cdt.join_map(*parts, flags)
    assert cdt.entries(data) == (flags, *parts)
    if not flags:
        assert data == msgpack.pack(items)


def _is_itself(value: msgpack.Value) -> bool:
    """Whether what a value is compared by equals itself: NaN, also within lists, does not."""
    data = msgpack.pack(value)
    return collection.order(data) == collection.order(data)


@given(st.lists(values.filter(_is_itself) | st.text(min_size=30, max_size=40)))
def test_several_values_are_compared_as_each_is(items: list[msgpack.Value]) -> None:
    parts = [*map(msgpack.pack, items)]
    assert collection.orders(parts) == [*map(collection.order, parts)]


@for_each([n for bits in range(65) for n in ((1 << bits) - 1, 1 << bits, -1 << bits)])
def test_integers_have_their_shortest_form(number: int) -> None:
    if not -(1 << 63) <= number < 1 << 64:
        with pytest.raises(WireError):
            msgpack.pack(number)
        return
    data = msgpack.pack(number)
    assert msgpack.unpack(data) == number
    assert collection.stored_element(data) is data


@pytest.mark.parametrize("count", [15, 16, 65535, 65536])
def test_sizes(count: int) -> None:
    assert cdt.join_list([b"\1"] * count) == msgpack.pack([1] * count)
    assert len(cdt.elements(cdt.join_list([b"\1"] * count, 1))[1]) == count


def test_commands() -> None:
    for data in (
        b"\x93\x01\x05\xa2\x03x",
        b"\xdc\x00\x03\xcc\x01\x05\xa2\x03x\xff",
        b"\x00\x01\x92\x05\xa2\x03x",
    ):
        assert cdt.command(data) == (1, [b"\5", b"\xa2\3x"])
    assert cdt.command(b"\x00\x0b") == (11, [])
    for wrong in (b"", b"\x00", b"\x91\xa2\x03x", b"\x90", b"\x00\x01\xc0"):
        with pytest.raises(WireError):
            cdt.command(wrong)
    assert [cdt.code(cut) for cut in (b"\x92\x01", b"\x93\xcc\x40\x92", b"\x00\x01\x92\x05")] == [1, 64, 1]


@given(st.binary(max_size=40))
def test_whatever_bytes_come(data: bytes) -> None:
    for read in (cdt.elements, cdt.entries, cdt.command, cdt.code, cdt.plain_start):
        with contextlib.suppress(WireError):
            read(data)
