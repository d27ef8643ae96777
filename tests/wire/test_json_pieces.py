"""JSON texts in pieces: what is JSON, and where the members of an object are, is what `json.loads` says."""

from __future__ import annotations

import json
from json import JSONDecodeError
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asinfo.wire import json_pieces
from asinfo.wire.json_pieces import DEPTH_MAX, PIECE, JsonError, JsonPieces
from tests.each import for_each

NAMES = ("type", "geometry", "coordinates")
WANTED = frozenset(NAMES)


def members(text: str) -> dict[str, int]:
    pieces = JsonPieces(text, lambda _: None)
    found = pieces.members(WANTED)
    pieces.end()
    return found


def check(text: str) -> None:
    """That a text is read as `json.loads` reads it."""
    try:
        expected = json.loads(text)
    except JSONDecodeError:
        with pytest.raises(JsonError):
            members(text)
        return
    found = members(text)
    wanted = expected if isinstance(expected, dict) else {}
    assert found.keys() == WANTED & wanted.keys()
    for name, at in found.items():
        value, _ = json.JSONDecoder().raw_decode(text[at:].lstrip(" \t\n\r"))
        assert repr(value) == repr(wanted[name])  # NaN is not equal to itself


blanks = st.text(" \t\n\r", max_size=3)
numbers = st.one_of(
    st.integers().map(str),
    st.floats().map(json.dumps),
    st.from_regex(r"-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,9})?([eE][-+]?[0-9]{1,3})?", fullmatch=True),
)
strings = st.builds(json.dumps, st.text(max_size=8), ensure_ascii=st.booleans())
names = (
    st.sampled_from([*map(json.dumps, NAMES), '"\\u0074ype"', '"typ\\u0065"', '"a"', '"\\ud800"']) | strings
)
scalars = st.one_of(numbers, strings, st.sampled_from(["true", "false", "null"]))


def joined(begin: str, items: st.SearchStrategy[str], end: str) -> st.SearchStrategy[str]:
    padded = st.builds("".join, st.tuples(blanks, items, blanks))
    return st.lists(padded, max_size=5).flatmap(
        lambda parts: (
            st.just(begin + ",".join(parts) + end) if parts else blanks.map(lambda blank: begin + blank + end)
        )
    )


def composed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.builds("{}{}:{}{}".format, names, blanks, blanks, inner)
    return joined("[", inner, "]") | joined("{", member, "}")


values = st.recursive(scalars, composed, max_leaves=30)
texts = st.one_of(values, composed(values))
pieces = st.sampled_from([8, 16, 40, PIECE])


@given(texts, pieces, blanks, blanks)
def test_json_is_read_as_json_reads_it(text: str, piece: int, before: str, after: str) -> None:
    with patch.object(json_pieces, "PIECE", piece):
        check(before + text + after)


@given(texts, pieces, st.data())
def test_json_with_a_fault_is_none_where_json_says_so(text: str, piece: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.integers(0, 2))
    added = data.draw(
        st.sampled_from(["", ",", "[", "]", "{", "}", ":", '"', "\\", "0", "-", ".", "e", "\x01", "tru", " "])
    )
    with patch.object(json_pieces, "PIECE", piece):
        check(text[:at] + added + text[at + gone :])


@given(st.text('[]{},:"\\0-.e1 tnu', max_size=30), pieces)
@example("[1,]", 8)
@example('{"a":1,}', 8)
def test_any_text(text: str, piece: int) -> None:
    with patch.object(json_pieces, "PIECE", piece):
        check(text)


@for_each([
    *("", " ", "[", "]", "[[]", "[1 2]", "[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[-]", "[tru]", "[nul,1]", "1 1", "[1]]"),
    *('{"a"}', '{"a":}', "{a:1}", "{1:1}", '{"a":1 "b":2}', '"\\x"', '"\\u12"', '"\\u12g4"', '"a', '"a\\', '"\x00"', '"\n"'),
    *("[NaN,-Infinity,Infinity]", "[true,false,null]", '"\\ud800"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', "\ufeff1", "\u00a01"),
    *('{"type":1,"type":2}', '{"type":{"type":1}}', '[{"type":1}]', '{"a":[{"type":1}],"type":"x"}', '{"type":"' + "x" * 9000 + '"}'),
    *('{"a":"' + "\\u0061" * 3000 + '"}', '{"' + "b" * 9000 + '":1,"type":2}', '["' + "\\\\" * 4097 + '",1]'),
    *("[" + "[1,2]," * 3000 + "[1,2]]", "[" + "[[[[1],2]]]," * 900 + "{}]", "[" + '{"a":[1]},' * 900 + '""]', "[" + " " * 9000 + "1]"),
])  # fmt: skip
def test_texts(text: str) -> None:
    check(text)


def test_a_number_may_have_any_number_of_digits() -> None:
    assert members(f'{{"a":{"1" * 10_000},"type":0.{"1" * 10_000}}}')


def test_levels_are_bounded() -> None:
    members("[" * DEPTH_MAX + "1" + "]" * DEPTH_MAX)
    for text in ("[" * (DEPTH_MAX + 1) + "1" + "]" * (DEPTH_MAX + 1), "[" * 100_000, '{"a":' * 100_000):
        with pytest.raises(JsonError):
            members(text)


@for_each([
    '{"a":[' + "[1,2]," * 9000 + "1]}", '{"a":[' + "[[[[1]]]]," * 9000 + "1]}", '{"a":"' + "\\n" * 9000 + '"}', '{"' + '":1,"' * 9000 + '":1}',
])  # fmt: skip
def test_all_that_is_looked_at_is_charged_a_piece_at_a_time(text: str) -> None:
    charged: list[int] = []
    JsonPieces(text, charged.append).members(WANTED)
    assert sum(charged) >= len(text) - 2
    assert max(charged) <= PIECE + 2 * json_pieces.VALUE_SIZE


def places(text: str) -> list[list[float]]:
    pieces = JsonPieces(text, lambda _: None)
    found = [place for piece in pieces.places() for place in piece]
    pieces.end()
    return found


@given(
    st.lists(st.lists(st.integers() | st.floats(-180, 180), min_size=1, max_size=5), min_size=1),
    pieces,
    blanks,
)
def test_places(expected: list[list[float]], piece: int, blank: str) -> None:
    text = json.dumps(expected).replace(",", blank + "," + blank).replace("]", blank + "]")
    with patch.object(json_pieces, "PIECE", piece):
        found = places(text)
    assert [place[:2] for place in found] == [[float(number) for number in place[:2]] for place in expected]
    assert [len(place) > 2 for place in found] == [len(place) > 2 for place in expected]


def test_a_place_may_have_more_than_numbers() -> None:
    assert places('[[1,2,"x"],[3,4],[5,6,{"a":[]},null]]') == [[1, 2, 0], [3, 4], [5, 6, 0]]


@for_each(
    [
        "[]",
        "[[]]",
        "[1]",
        "[[1,2],[]]",
        '[[1,"2"]]',
        "[[1,2],3]",
        "[[1,[2]]]",
        "[[1,true]]",
        "[[NaN,1]]",
        "{}",
    ]
)
def test_what_is_no_list_of_places(text: str) -> None:
    json.loads(text)
    with pytest.raises(JsonError):
        places(text)
