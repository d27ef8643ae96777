"""Expressions of field 43: bytes recorded from the C client, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import expression, msgpack
from asinfo.wire.expression import Call, CalledCommand, Constant, decode
from tests.each import for_each_row

RECORDED = {
    "9301935102a16101": (1, [(81, [2, b"a"]), (2, 1)]),  # a == 1
    "9301935103a161a3037879": (1, [(81, [3, b"a"]), (3, b"xy")]),
    "9301935106a161a3047879": (1, [(81, [6, b"a"]), (6, b"xy")]),
    "9301935107a161cb3ff8000000000000": (1, [(81, [7, b"a"]), (7, 1.5)]),
    "935101a161": (81, [1, b"a"]),
    "9301935104a161927e9201a20378": (1, [(81, [4, b"a"]), (4, b"\x92\x01\xa2\x03x")]),
    "9301935105a16181a2037801": (1, [(81, [5, b"a"]), (5, b"\x81\xa2\x03x\x01")]),
    "92129301935102a16101": (18, [(1, [(81, [2, b"a"]), (2, 1)])]),
    "940703a4612e2a62935103a173": (7, [3, b"a.*b", (81, [3, b"s"])]),
    "93029252a16100": (2, [(82, [b"a"]), (2, 0)]),
    "930192400301": (1, [(64, [3]), (2, 1)]),
    "93019146a20378": (1, [(70, []), (3, b"x")]),
    "9315935102a16101": (21, [(81, [2, b"a"]), (2, 1)]),
    "9328935102a161c3": (40, [(81, [2, b"a"]), (1, True)]),
    "9100": (0, []),
    "967da178935102a161a179029301927ca178927ca179": (
        *(125, [b"x", (81, [2, b"a"]), b"y", (2, 2), (1, [(124, [b"x"]), (124, [b"y"])])]),
    ),
    "957f02009110935104a16c": (127, [2, 0, (b"", [b"\x10"]), (81, [4, b"l"])]),
    "957f04409301935102a161c0935104a16c": (127, [4, 64, (b"", [b"\1", (81, [2, b"a"]), b"\xc0"]), (81, [4, b"l"])]),
    "957f020093ccff921001931607927e9101935104a16c": (
        *(127, [2, 0, (b"\x93\xcc\xff\x92\x10\1", [b"\x16", b"\7", b"\x91\1"]), (81, [4, b"l"])]),
    ),
    "9301935102a161c0": (1, [(81, [2, b"a"]), (0, None)]),
}  # fmt: skip


def shape(node: object) -> object:
    if isinstance(node, Call):
        return node.code, [shape(argument) for argument in node.arguments]
    if isinstance(node, CalledCommand):
        return node.before, [part if isinstance(part, bytes) else shape(part) for part in node.parts]
    return (node.kind, node.value) if isinstance(node, Constant) else node


@for_each_row("data", RECORDED)
def test_what_clients_write(data: str) -> None:
    assert shape(decode(bytes.fromhex(data))) == RECORDED[data]


@for_each_row(
    "data",
    [
        *("", "90", "92", "91c0", "91c3", "9301", "930101", "94010101 01", "91ccc8", "9251a161", "93510201"),
        *("927e01", "917e", "937da17801", "927d01", "935102a20361", "cfffffffffffffffff", "a161"),
    ],
)
def test_what_is_none(data: str) -> None:
    with pytest.raises(WireError):
        decode(bytes.fromhex(data))


@pytest.mark.parametrize("value", ["92 01 d4ff00", "92 01 d4ff01", "91 92 01 d4ff00", "81 01 91 d4ff00"])
def test_wildcards_and_infinities_stay_in_constants(value: str) -> None:
    quoted = value if value[0] == "8" else f"927e {value}"
    node = decode(bytes.fromhex(f"9301 935104a161 {quoted}"))
    assert shape(node) == (1, [(81, [4, b"a"]), (5 if value[0] == "8" else 4, bytes.fromhex(value))])


@pytest.mark.parametrize("value", ["d4ff00", "d4ff01"])
def test_a_wildcard_alone_is_no_constant(value: str) -> None:
    with pytest.raises(WireError):
        decode(bytes.fromhex(f"9301 935104a161 {value}"))


def test_limits() -> None:
    with pytest.raises(WireError):
        decode(b"\x92\x12" * 200 + b"\xc3")  # deeper than msgpack may be
    with pytest.raises(WireError):
        decode(b"\xdc\x10\x00\x10" + b"\xc3" * 4095)  # more than EXPRESSION_PARTS_MAX
    with pytest.raises(WireError):
        decode(bytes(expression.SIZE_MAX + 1))


values = st.recursive(
    st.one_of(
        st.integers(0, 130), st.none(), st.booleans(), st.floats(allow_nan=False), st.text(max_size=4),
        st.binary(max_size=4), st.builds(msgpack.Raw, st.sampled_from([b"a", b"x_1"])),
    ),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.integers(), inner, max_size=3),
    max_leaves=20,
)  # fmt: skip


@given(values)
def test_whatever_comes_is_decoded_or_refused(value: msgpack.Value) -> None:
    with contextlib.suppress(WireError):
        decode(msgpack.pack(value))


@given(st.binary(max_size=60))
def test_whatever_bytes_come(data: bytes) -> None:
    with contextlib.suppress(WireError):
        decode(data)
