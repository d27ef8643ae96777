"""Values of bins as JSON, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire.json_value import from_json, from_text, to_json
from asinfo.wire.msgpack import Ext, GeoJSON, Raw
from asinfo.wire.particle import HLL, Opaque
from tests.each import for_each_row

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.binary(max_size=8)
    | st.builds(GeoJSON, st.just('{"type": "Point"}'))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text("ab$", max_size=3) | st.integers(-3, 3) | st.binary(max_size=2), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def typed(value: Any) -> Any:
    """The value with its types, since Python takes 1, 1.0 and True for the same."""
    if isinstance(value, list):
        return [typed(each) for each in value]
    if isinstance(value, dict):
        return [(typed(key), typed(each)) for key, each in value.items()]
    return type(value), value


@given(VALUES)
def test_what_is_shown_can_be_typed(value: Any) -> None:
    text = json.dumps(to_json(value))
    assert typed(from_json(json.loads(text))) == typed(value)


@for_each_row(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ('"5"', "5"),
        ("text", "text"),
        ("", ""),
        ("NaN", "NaN"),
        ("[1", "[1"),
        ("007", "007"),
        ('{"$bytes": "00fF"}', b"\x00\xff"),
        ('{"$map": [[1, "a"], ["b", [2]]]}', {1: "a", "b": [2]}),
        ('{"$bytes": "00", "more": 1}', {"$bytes": "00", "more": 1}),
        ('{"$bytes": 5}', {"$bytes": 5}),
        ("[" * 100 + "]" * 100, "[" * 100 + "]" * 100),
    ],
)
def test_a_typed_value(text: str, value: Any) -> None:
    assert typed(from_text(text)) == typed(value)


@for_each_row(
    "text",
    [
        "9223372036854775808",
        '[{"a": -9223372036854775809}]',
        '{"$bytes": "0"}',
        '{"$map": [[1]]}',
        '{"$map": [1]}',
        '{"$map": [[[], 1]]}',
        '{"$map": [[1, 1], [1, 2]]}',
    ],
)
def test_what_no_bin_can_hold(text: str) -> None:
    with pytest.raises(WireError):
        from_text(text)


def test_what_has_no_form_is_shown_all_the_same() -> None:
    shown = to_json([Opaque(HLL, b"\x01"), Ext(1, b"\x02"), Raw(b"\x03"), float("inf"), float("nan")])
    assert shown == [
        {"$type": HLL, "$bytes": "01"},
        {"$type": 1, "$bytes": "02"},
        {"$bytes": "03"},
        "inf",
        "nan",
    ]
