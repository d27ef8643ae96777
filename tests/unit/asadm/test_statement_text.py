"""The language of -e: statements, words, quotes and comments."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asadm.statement_text import split
from asinfo.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" ; ;\n", []),
        ("asinfo -v build", [["asinfo", "-v", "build"]]),
        ("enable; asinfo -v 'udf-clear-cache:'", [["enable"], ["asinfo", "-v", "udf-clear-cache:"]]),
        ("enable;asinfo", [["enable"], ["asinfo"]]),
        ("a 'x;y' \"p;q\"", [["a", "x;y", "p;q"]]),
        ("a 'x\ny'", [["a", "x\ny"]]),
        ("a b'c d'e\"f\"", [["a", "bc def"]]),
        ("a ''", [["a", ""]]),
        (r"a \; b\ c", [["a", ";", "b c"]]),
        (r'a "x\"y\\z\n"', [["a", 'x"y\\z\\n']]),
        (r"a 'x\y'", [["a", r"x\y"]]),
        ("a\nb", [["a"], ["b"]]),
        ("a\r\nb", [["a"], ["b"]]),
        ("# one\na # two; b\n// three\nb /* c;\nd */ e", [["a"], ["b", "e"]]),
        ("a x#y x//y x/*y", [["a", "x#y", "x//y", "x/*y"]]),
        ("a '# no' \"// no\"", [["a", "# no", "// no"]]),
        ("é ü", [["é", "ü"]]),
    ],
)
def test_split(text: str, expected: list[list[str]]) -> None:
    assert [each.words for each in split(text)] == expected


def test_a_statement_knows_its_text_and_line() -> None:
    found = split("\n\n  a 'b'  ; c\n/* x\n */ d")
    assert [(each.text, each.line) for each in found] == [("a 'b'", 3), ("c", 3), ("d", 5)]


def test_a_backslash_at_the_end_of_a_line_joins_the_next_one() -> None:
    (found,) = split("udf run \\\n a.f\\\n test/k \\\n\"b \\\nc\" 'd\\\ne'")
    assert found.words == ["udf", "run", "a.f", "test/k", "b c", "d\\\ne"]
    assert "\n" not in found.text
    assert [each.words for each in split("a \\\n# c\nb \\\n; c\\\nd")] == [["a"], ["b"], ["cd"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a 'b", "no closing quotation for '"),
        ('a "b', 'no closing quotation for "'),
        ('a "b\\"', 'no closing quotation for "'),
        ("a /* b", "a comment /* is not closed"),
        ("a \\", "nothing follows the backslash"),
    ],
)
def test_what_is_not_closed_is_an_error(text: str, message: str) -> None:
    with pytest.raises(UsageError, match="^f.txt:2: " + message.replace("*", r"\*")):
        split("\n" + text, "f.txt")


@given(st.lists(st.text(min_size=1).filter(lambda text: "\0" not in text), min_size=1))
def test_quoted_words_come_back(words: list[str]) -> None:
    text = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    assert [each.words for each in split(text)] == [words]


@given(st.text(alphabet="ab ;'\"\\\n#/*-"))
def test_any_text_is_split_or_refused(text: str) -> None:
    with suppress(UsageError):
        split(text)
