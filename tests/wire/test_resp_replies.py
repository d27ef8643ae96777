"""Replies of RESP2 and RESP3: recorded ones, every type there and back, every way to cut them, and hostile servers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire.double import double_text
from asinfo.wire.resp_reply import (
    Attributed,
    BigNumber,
    ErrorReply,
    Map,
    Push,
    ReplyLimits,
    ReplyParser,
    Set,
    Status,
    Verbatim,
    decode,
    encode,
)  # fmt: skip
from tests.each import for_each, for_each_row

VECTORS = Path(__file__).parent / "vectors"
RECORDED = [
    json.loads(line)["replies"].encode("latin-1")
    for line in (VECTORS / "resp_replies.jsonl").read_text().splitlines()
]


def typed(value: Any) -> Any:
    """A value with the types in it, so that a comparison sees them."""
    if isinstance(value, Attributed):
        return "attributed", typed(value.value), typed(value.attributes)
    if isinstance(value, Map):
        return "map", [(typed(key), typed(one)) for key, one in value]
    if isinstance(value, list):
        return type(value), [typed(one) for one in value]
    if isinstance(value, float):
        return float, repr(value)
    return type(value), value


def read(*chunks: bytes) -> list[Any]:
    parser = ReplyParser()
    replies = [typed(one) for chunk in chunks for one in parser.feed(chunk)]
    assert not parser.begun
    return replies


@for_each(RECORDED)
def test_recorded(data: bytes) -> None:
    replies = read(data)
    assert read(*(data[at : at + 1] for at in range(len(data)))) == replies
    assert read(data, b"+OK\r\n") == [*replies, (Status, b"OK")]
    again = b"".join(encode(one, 3) for one in ReplyParser().feed(data))
    assert read(again) == replies


EACH: list[tuple[Any, bytes, bytes]] = [
    (b"a\r\nb", b"$4\r\na\r\nb\r\n", b"$4\r\na\r\nb\r\n"),
    (Status(b"OK"), b"+OK\r\n", b"+OK\r\n"),
    (ErrorReply(b"ERR no"), b"-ERR no\r\n", b"-ERR no\r\n"),
    (ErrorReply(b"ERR\nno"), b"!6\r\nERR\nno\r\n", b"-ERR no\r\n"),
    (-7, b":-7\r\n", b":-7\r\n"),
    (None, b"_\r\n", b"$-1\r\n"),
    (True, b"#t\r\n", b":1\r\n"),
    (False, b"#f\r\n", b":0\r\n"),
    (1.5, b",1.5\r\n", b"$3\r\n1.5\r\n"),
    (math.inf, b",inf\r\n", b"$3\r\ninf\r\n"),
    (BigNumber(b"-" + b"9" * 40), b"(-" + b"9" * 40 + b"\r\n", b"$41\r\n-" + b"9" * 40 + b"\r\n"),
    (Verbatim(b"txt", b"a:b"), b"=7\r\ntxt:a:b\r\n", b"$3\r\na:b\r\n"),
    ([1, [b"x"], []], b"*3\r\n:1\r\n*1\r\n$1\r\nx\r\n*0\r\n", b"*3\r\n:1\r\n*1\r\n$1\r\nx\r\n*0\r\n"),
    (Set([1]), b"~1\r\n:1\r\n", b"*1\r\n:1\r\n"),
    (Push([b"m"]), b">1\r\n$1\r\nm\r\n", b"*1\r\n$1\r\nm\r\n"),
    (Map([(b"k", None), ([1], Map())]), b"%2\r\n$1\r\nk\r\n_\r\n*1\r\n:1\r\n%0\r\n", b"*4\r\n$1\r\nk\r\n$-1\r\n*1\r\n:1\r\n*0\r\n"),
    (Attributed(1, Map([(b"a", 2)])), b"|1\r\n$1\r\na\r\n:2\r\n:1\r\n", b":1\r\n"),
    ([Attributed([], Map())], b"*1\r\n|0\r\n*0\r\n", b"*1\r\n*0\r\n"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "three", "two"), EACH, ids=[type(value).__name__ for value, *_ in EACH])
def test_each_type(value: Any, three: bytes, two: bytes) -> None:
    assert encode(value) == three
    assert typed(decode(three)) == typed(value)
    assert encode(value, 2) == two


def test_nulls_of_the_older_protocol_and_an_error_in_a_bulk() -> None:
    assert decode(b"$-1\r\n") is None
    assert decode(b"*-1\r\n") is None
    assert decode(b"*2\r\n*-1\r\n$-1\r\n") == [None, None]
    assert typed(decode(b"!6\r\nERR\r\nx\r\n")) == typed(ErrorReply(b"ERR\r\nx"))
    assert ErrorReply(b"ERR x").code == b"ERR"
    assert decode(b"(\r\n") == BigNumber(b"")  # a function may say so, and the server passes it on


BAD = [
    b"?\r\n", b":\r\n", b":+1\r\n", b":1.0\r\n", b":99999999999999999999\r\n", b"#x\r\n", b"#\r\n", b",\r\n", b",x\r\n",
    b",1_0\r\n", b", 1\r\n", b",1 \r\n", b"_x\r\n", b"$\r\n", b"$-2\r\n", b"$01\r\n", b"*-2\r\n", b"%-1\r\n", b"!-1\r\n", b"*?\r\n",
    b"$1\r\nabc", b"=2\r\nab\r\n", b"=4\r\ntxtx\r\n", b"\r\n", b"HTTP/1.1 200 OK\r\n", b"+" + b"x" * 70000, b"$536870913\r\n",
    b"*1\r\n" * 129 + b":1\r\n",
]  # fmt: skip


@pytest.mark.parametrize("data", BAD, ids=lambda data: repr(data[:12]))
def test_what_is_no_reply(data: bytes) -> None:
    with pytest.raises(WireError):
        ReplyParser().feed(data)
    if len(data) < 1000:
        parser = ReplyParser()
        with pytest.raises(WireError):
            [parser.feed(data[at : at + 1]) for at in range(len(data))]


def test_exactly_one_reply() -> None:
    for data in (b"", b":1\r\n:2\r\n", b"*1\r\n", b"$3\r\nab", b":1\r\n:"):
        with pytest.raises(WireError, match="not one reply"):
            decode(data)


def test_limits() -> None:
    with pytest.raises(WireError, match="more than 10 values"):
        ReplyParser(ReplyLimits(values=10)).feed(b"*100\r\n" + b":1\r\n" * 10)
    parser = ReplyParser(ReplyLimits(values=3, size=30))
    assert len(parser.feed(b"*2\r\n:1\r\n:2\r\n" * 10)) == 10
    with pytest.raises(WireError, match="larger than 30 bytes"):
        parser.feed(b"$31\r\n")
    with pytest.raises(WireError, match="larger than 30 bytes"):
        ReplyParser(ReplyLimits(size=30)).feed(b"*9\r\n$12\r\nabcdefghijkl\r\n$12\r\nabcdefghijkl\r\n")
    assert ReplyParser().feed(b"*1000000000\r\n$500000000\r\n") == []
    nested = b"*1\r\n" * 128 + b":1\r\n"
    assert encode(decode(nested)) == nested
    with pytest.raises(WireError, match="nested too deeply"):
        encode([decode(nested)])


FLAT = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=8) | st.floats(allow_nan=False)
    | st.binary(max_size=8).filter(lambda text: not {10, 13} & set(text)).map(Status)
    | st.binary(max_size=8).map(ErrorReply)
    | st.integers().map(lambda number: BigNumber(b"%d" % number))
    | st.builds(Verbatim, st.binary(min_size=3, max_size=3), st.binary(max_size=8))
)  # fmt: skip
VALUES = st.recursive(
    FLAT,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(Set),
        st.lists(inner, max_size=4).map(Push),
        st.lists(st.tuples(inner, inner), max_size=3).map(Map),
        st.builds(Attributed, inner, st.lists(st.tuples(inner, inner), max_size=2).map(Map)),
    ),
    max_leaves=12,
)


@given(values=st.lists(VALUES, max_size=3), sizes=st.lists(st.integers(1, 9), max_size=40))
def test_what_is_written_is_read_however_it_is_cut(values: list[Any], sizes: list[int]) -> None:
    data = b"".join(encode(value) for value in values)
    expected = [typed(value) for value in values]
    assert read(data) == expected
    chunks, rest = [], data
    for size in sizes:
        chunks.append(rest[:size])
        rest = rest[size:]
    assert read(*chunks, rest) == expected


@given(value=VALUES)
def test_the_older_protocol_can_say_everything(value: Any) -> None:
    decode(encode(value, 2))


@for_each_row(
    ("value", "text"),  # measured on Valkey 9.1.2
    [
        (0.0, "0"), (-0.0, "-0"), (1.5, "1.5"), (1e15, "1000000000000000"), (1e17, "100000000000000000"), (1e20, "1e+20"),
        (2.0**62, "4611686018427387904"), (2.0**63, "9223372036854776000"), (1e-5, "0.00001"), (1e-6, "0.000001"), (1e-7, "1e-7"),
        (0.1, "0.1"), (123456789.123456789, "1.2345678912345679e+8"), (-1.5e300, "-1.5e+300"), (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"), (math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan"),
        (-1e-5, "-0.00001"), (100.25, "100.25"), (1e22, "1e+22"), (12345e3, "12345000"),
    ],
)  # fmt: skip
def test_doubles(value: float, text: str) -> None:
    assert double_text(value) == text.encode()


@given(value=st.floats(allow_nan=False))
def test_a_double_is_read_back(value: float) -> None:
    assert float(double_text(value)) == value
