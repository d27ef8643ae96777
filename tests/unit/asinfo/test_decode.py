import json
import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.decode import DEPTH_MAX, DecodeError, check_depth, decode_base64, decode_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_json_writes_is_read(value: object) -> None:
    assert decode_json(json.dumps(value, ensure_ascii=True)) == value
    assert decode_json(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) is not Ellipsis


@given(st.binary() | st.text())
def test_whatever_comes_only_one_error_is_raised(data: Any) -> None:
    with suppress(DecodeError):
        decode_json(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"[" * 1_500 + b"]" * 1_500, "is nested deeper than 64 levels"),
        (b"[" * 1_000_000, "is nested deeper than 64 levels"),
        (b'{"a":' * 100_000, "is nested deeper than 64 levels"),
        (b"[" * 65 + b"]" * 65, "is nested deeper than 64 levels"),
        (b"\xff", "is not UTF-8 text"),
        ("[]".encode("utf-16"), "is not UTF-8 text"),
        (b"[NaN]", "NaN"),
        (b"-Infinity", "-Infinity"),
        (b"1e999", "a number that is too large"),
        (b"1" * 5_000, "is not JSON: Exceeds the limit"),
        (b"", "is not JSON"),
        (b"[1,]", "is not JSON"),
        (b"{}x", "is not JSON"),
        (rb'"\ud800"', "half a surrogate pair"),
        (rb'[{"\udcff": 1}]', "half a surrogate pair"),
        (b"\xed\xa0\x80", "is not UTF-8 text"),
        ('"\ud800"', "half a surrogate pair"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_wrong_is_said(data: bytes | str, text: str) -> None:
    with pytest.raises(DecodeError, match=text):
        decode_json(data)


def test_depth_is_counted_from_the_outermost() -> None:
    assert decode_json(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX)
    assert decode_json(b"1", depth_max=0) == 1
    with pytest.raises(DecodeError, match="deeper than 0 levels"):
        decode_json(b"[]", depth_max=0)
    assert decode_json(b"[" + b"[]," * 1_000 + b"1]", depth_max=2)
    assert decode_json(json.dumps("[" * 1_000)) == "[" * 1_000


def test_the_depth_does_not_hang_on_how_deep_the_caller_stands() -> None:
    def stand(left: int) -> None:
        if left:
            stand(left - 1)
        else:
            with pytest.raises(DecodeError, match="deeper than 64 levels"):
                decode_json(b"[" * 500 + b"]" * 500)

    stand(sys.getrecursionlimit() - 200)


def test_size_is_looked_at_first() -> None:
    with pytest.raises(DecodeError, match="is larger than 3 bytes"):
        decode_json(b"[[[[", size_max=3)


def test_names_with_bytes_pass_where_they_are_wanted() -> None:
    name = b"\xff\x80".decode("utf-8", "surrogateescape")
    assert decode_json(json.dumps({name: [name]}), escaped_bytes=True) == {name: [name]}
    for wrong in ("\ud800", "\udc00", "\udbff", "\udd00"):
        with pytest.raises(DecodeError):
            decode_json(json.dumps(wrong), escaped_bytes=True)
    assert decode_json(json.dumps("\U0001f600")) == "\U0001f600"


def test_any_value_can_be_asked_for_its_depth() -> None:
    check_depth([({"a": [1]},)], 4)
    with pytest.raises(DecodeError):
        check_depth([({"a": [1]},)], 3)


@given(st.binary())
def test_base64(data: Any) -> None:
    from base64 import b64encode

    assert decode_base64(b64encode(data)) == data
    assert decode_base64(b64encode(data).decode()) == data


@pytest.mark.parametrize("data", [b"a", b"a===", b"YQ=", b"YQ==\n", b"Y Q==", "ä", b"YQ==YQ=="])
def test_what_is_no_base64_is_said(data: Any) -> None:
    with pytest.raises(DecodeError, match="is not base64"):
        decode_base64(data)
