"""The grammar of aerospike.conf: trees, line numbers, and every kind of fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.conf_grammar import (
    DEPTH_MAX,
    FILE_SIZE_MAX,
    LINE_SIZE_MAX,
    PROBLEMS_MAX,
    ConfigStatement,
    Problems,
    decode,
    parse,
)


def read(text: str) -> tuple[list[ConfigStatement], list[str]]:
    problems = Problems("f")
    return parse(text, problems), [str(problem) for problem in problems]


def test_a_tree_with_lines() -> None:
    statements, problems = read(
        "# head\nservice {\n\tport  3000 # end\n\n}\r\nnamespace test {\n  a 1 2 3\n}\n"
    )
    assert problems == []
    assert statements == [
        ConfigStatement("service", (), 2, [ConfigStatement("port", ("3000",), 3)]),
        ConfigStatement("namespace", ("test",), 6, [ConfigStatement("a", ("1", "2", "3"), 7)]),
    ]


def test_what_follows_a_brace_is_not_read() -> None:
    assert read("a {\n} b 1 2 3 4\n") == ([ConfigStatement("a", (), 1, [])], [])


def test_a_comment_needs_no_blank() -> None:
    assert read("a b#c")[0] == [ConfigStatement("a", ("b",), 1)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("service {\n", "f:1: the context 'service' is never closed: its '}' is missing"),
        ("}\n", "f:1: '}' closes nothing"),
        ("a {\n}}\n", "f:1: the context 'a' is never closed: its '}' is missing"),
        ("a\n{\n}\n", "f:2: '{' belongs on the line that names its context"),
        ("\na \x1b[0m", "f:2: there is a control character in the line"),
        ("a " + "x" * LINE_SIZE_MAX, f"f:1: the line is longer than {LINE_SIZE_MAX} bytes"),
        ("a {\n" * (DEPTH_MAX + 1), f"f:{DEPTH_MAX + 1}: contexts are nested more than {DEPTH_MAX} deep"),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, problem: str) -> None:
    assert problem in read(text)[1]


def test_all_faults_are_told() -> None:
    assert [line.partition(": ")[0] for line in read("}\na \x1b\nb {\n")[1]] == ["f:1", "f:2", "f:3"]


def test_the_number_of_faults_told_is_limited() -> None:
    problems = read("}\n" * 1000)[1]
    assert len(problems) == PROBLEMS_MAX + 1
    assert problems[-1] == "f: there are more problems"


def test_the_longest_line_is_accepted() -> None:
    assert read("a " + "x" * (LINE_SIZE_MAX - 2))[1] == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a\nb\xff\n", "f:2: the byte 0xff is not UTF-8"),
        (b"a\nb\nc\0", "f:3: a NUL byte: this is not a text file"),
        (b"#" * (FILE_SIZE_MAX + 1), f"f: is larger than {FILE_SIZE_MAX} bytes"),
    ],
)
def test_what_is_not_text(content: bytes, problem: str) -> None:
    problems = Problems("f")
    assert decode(content, problems) == ""
    assert [str(one) for one in problems] == [problem]


def test_a_byte_order_mark_is_no_text() -> None:
    assert decode(b"\xef\xbb\xbfservice {", Problems("f")) == "service {"


@given(st.text())
def test_any_text_gives_statements_and_problems(text: str) -> None:
    statements, _ = read(text)
    assert all(isinstance(statement, ConfigStatement) for statement in statements)
