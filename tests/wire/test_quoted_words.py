"""The words of a line with quotes, as measured on Valkey 9.1.2 and 8.1.8."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.wire.words import split_quoted
from tests.each import for_each_row

BOTH: list[tuple[bytes, list[bytes] | None]] = [
    (b"", []),
    (b"  a\tb \r", [b"a", b"b"]),
    (b"a\rb", [b"a", b"b"]),
    (b"a\vb", [b"a\vb"]),
    (b"\va \fc", [b"a", b"c"]),
    (b"a\x0cb \x0cc", [b"a\x0cb", b"c"]),
    (b"\"a b\" 'c d'", [b"a b", b"c d"]),
    (b"\"\" ''", [b"", b""]),
    (b'"a\\x41\\n\\r\\t\\b\\a\\\\\\""', [b'aA\n\r\t\b\a\\"']),
    (b'"a\\x4g" "\\xZZ" "\\q"', [b"ax4g", b"xZZ", b"q"]),
    (b'"\\x00\\xfF"', [b"\0\xff"]),
    (b"'a\\'b\\n'", [b"a'b\\n"]),
    (b"a\\nb", [b"a\\nb"]),
    (b'name=a"b"', [b"name=ab"]),
    (b'"a\rb"', [b"a\rb"]),
    (b"a'b", None),
    (b'"a', None),
    (b'"a\\', None),
    (b'"a\\"', None),
    (b"'a\\", None),
    (b"'a\\'", None),
    (b'"\\x4"', [b"x4"]),
    (b"a\0b", None),
    (b'"a\0b"', None),
]
NEW_ONLY: list[tuple[bytes, list[bytes] | None]] = [
    (b'"a"b', [b"ab"]),
    (b"\"a\"'b'c", [b"abc"]),
    (b'a"b c"d', [b"ab cd"]),
    (b"'a''b'", [b"ab"]),
]


@for_each_row(("line", "words"), BOTH + NEW_ONLY)
def test_words(line: bytes, words: list[bytes] | None) -> None:
    assert split_quoted(line) == words


@for_each_row(("line", "words"), BOTH)
def test_words_as_in_8_1(line: bytes, words: list[bytes] | None) -> None:
    assert split_quoted(line, words_end_at_quotes=True) == words


@pytest.mark.parametrize("line", [line for line, _ in NEW_ONLY])
def test_in_8_1_a_word_ends_with_its_quote(line: bytes) -> None:
    assert split_quoted(line, words_end_at_quotes=True) is None


@given(words=st.lists(st.binary(max_size=10), max_size=5))
def test_quoted_words_are_read_back(words: list[bytes]) -> None:
    line = b" ".join(b'"' + b"".join(b"\\x%02x" % byte for byte in word) + b'"' for word in words)
    assert split_quoted(line) == split_quoted(line, words_end_at_quotes=True) == words


@given(line=st.text("a\"'\\x4 \t\r", max_size=20).map(str.encode))
def test_what_8_1_takes_is_the_same_in_9_1(line: bytes) -> None:
    old = split_quoted(line, words_end_at_quotes=True)
    assert old is None or split_quoted(line) == old
