"""Regular expressions of filters: the dialect, against the C library where there is one, and what a search may cost."""

from __future__ import annotations

import platform
import random
import sys
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire.expression import Unsupported
from asudfd.aerospike.message.cost import TURN_STEPS, CostBudget, CostExceededError
from asudfd.aerospike.message.filter.regex.budget import CELLS_MAX, RegexBudget
from asudfd.aerospike.message.filter.regex.search import EXTENDED, ICASE, NEWLINE, Regex
from tests.each import for_each_row
from tests.glibc_regex import Library

X, I, N = EXTENDED, ICASE, NEWLINE  # noqa: E741 - a table's columns

ENOUGH = 1e9
"""Steps for a search that nobody stops."""


def found(pattern: bytes, flags: int, text: bytes) -> bool | None:
    """None for a pattern that is none."""
    try:
        regex = Regex(pattern, flags)
    except Unsupported:
        raise
    except WireError:
        return None
    return regex(text, CostBudget(ENOUGH))


@for_each_row(
    ("pattern", "flags", "text", "expected"),
    [
        # basic and extended operators
        (rb"^a\+$", 0, b"aaa", True),
        (rb"^a+$", X, b"aaa", True),
        (rb"^a+$", 0, b"aaa", False),
        (rb"^a+$", 0, b"a+", True),
        (rb"\(ab\)\{2\}", 0, b"xababx", True),
        (rb"a\|b", 0, b"b", True),
        (rb"a|b", 0, b"b", False),
        (rb"h(e|a)llo", X | I, b"HALLO", True),
        (rb"[[:digit:]]{3}", X, b"ab123", True),
        (rb"[[:digit:]]{3}", X, b"ab12c3", False),
        # nothing to repeat
        (rb"*a", 0, b"*a", True),
        (rb"^*a", 0, b"*a", True),
        (rb"\(*a\)", 0, b"*a", True),
        (rb"a\|*b", 0, b"*b", True),
        (rb"$*", 0, b"$", True),
        (rb"*a", X, b"*a", None),
        (rb"^*a", X, b"a", None),
        (rb"a|*b", X, b"b", None),
        (rb"{1}", X, b"", None),
        (rb"\{1\}", 0, b"", None),
        # repeated again
        (rb"a**", X, b"", True),
        (rb"^a+?$", X, b"aa", True),
        (rb"a**", 0, b"", None),
        (rb"a*\{1\}", 0, b"a", None),
        (rb"a\+*", 0, b"a", None),
        (rb"a*\+", 0, b"a", True),
        # counts
        (rb"^a{,2}$", X, b"aa", True),
        (rb"^a{1\,2}$", X, b"aa", True),
        (rb"^a{0}b", X, b"ab", False),
        (rb"^a{0}*b", X, b"ab", False),
        (rb"^a?{0}b", X, b"ab", False),
        (rb"^a+{0}b", X, b"ab", False),
        (rb"^a{1}*b", X, b"aab", True),
        (rb"^a?{1}b", X, b"b", True),
        (rb"a{2,1}", X, b"", None),
        (rb"a{}", X, b"", None),
        (rb"a{", X, b"a{", None),
        (rb"a{32768}", X, b"", None),
        (rb"a{", 0, b"a{", True),
        (rb"}", X, b"}", True),
        # groups and branches
        (rb")", X, b")", True),
        (rb"(", X, b"(", None),
        (rb"\)", 0, b")", None),
        (rb"^()$", X, b"", True),
        (rb"^(|a)b$", X, b"b", True),
        (rb"^a|$", X, b"b", True),
        # anchors
        (rb"x^b", 0, b"x^b", True),
        (rb"^^", 0, b"^", True),
        (rb"a$b", 0, b"a$b", True),
        (rb"\(^a$\)", 0, b"a", True),
        (rb"(^a)b", X, b"xab", False),
        (rb"^b$", X, b"a\nb\nc", False),
        (rb"^b$", X | N, b"a\nb\nc", True),
        (b"a$\nb", X, b"a\nb", True),  # within a match a newline ends a line in any case
        (rb"\`b", X | N, b"a\nb", False),
        (rb"a\'", X | N, b"a\nb", False),
        (rb"\<b", X, b"a b", True),
        (rb"\<b", X, b"ab", False),
        (rb"b\>.", X, b"b.", True),
        (rb"b\>.", X, b"bb", False),
        (rb"\bb\B", X, b"bc", True),
        (rb"\B", X, b"", True),
        # sets
        (rb".", X, b"\n", True),
        (rb".", X | N, b"\n", False),
        (rb"[^a]", X | N, b"\n", False),
        (rb"\W", X | N, b"\n", True),
        (rb"^\w+\s\S\W$", X, b"a_1 b-", True),
        (rb"[\]", X, b"\\", True),
        (rb"[]a]", X, b"]", True),
        (rb"[^]a]", X, b"]", False),
        (rb"[a-]", X, b"-", True),
        (rb"[---]", X, b"-", True),
        (rb"[a---]", X, b"-", None),
        (rb"[%--]", X, b"+", True),
        (rb"[b-a]", X, b"a", None),
        (rb"[a-c-e]", X, b"a", None),
        (rb"[[.-.]-0]", X, b"/", True),
        (rb"[[=a=]]", X, b"a", True),
        (rb"[[.space.]]", X, b" ", None),
        (rb"[[:alfa:]]", X, b"a", None),
        (rb"[a-[:digit:]]", X, b"a", None),
        (rb"[[a]", X, b"[", True),
        (rb"[a", X, b"a", None),
        (rb"[", X, b"[", None),
        (b"a\\", X, b"a", None),
        # case
        (rb"[[:upper:]]", X | I, b"a", True),
        (rb"[^a]", X | I, b"A", False),
        (rb"[Z-a]", X | I, b"Z", None),
        (b"\xe9", X | I, b"\xc9", False),
        (rb"\q", X | I, b"q", False),  # the library compares capitals then, but not what follows a backslash
        (rb"\Q", X | I, b"q", True),
        # bytes
        (b"^..$", X, "é".encode(), True),
        (b"^.$", X, "é".encode(), False),
        (b"b", X, b"a\0b", False),
    ],
)
def test_the_dialect(pattern: bytes, flags: int, text: bytes, expected: bool | None) -> None:
    assert found(pattern, flags, text) is expected


def test_a_zero_byte_ends_a_pattern_and_stands_in_none() -> None:
    assert found(b"a\0", X, b"a")
    assert found(b"a\0b", X, b"a") is None


def test_back_references_are_not_supported() -> None:
    with pytest.raises(Unsupported):
        found(rb"(a)\1", X, b"aa")
    assert found(rb"\1", X, b"1") is None


@pytest.mark.parametrize(
    "pattern", [rb"^(^a|b){2}", rb"(a$)+", rb"(\bab ?){1,3}", rb"((a|\<b)c)?+", rb"(\`|a){2,}"]
)
def test_anchors_that_are_copied_are_refused(pattern: bytes) -> None:
    """The library gets them wrong: neither its answer nor another one would help anybody."""
    with pytest.raises(Unsupported):
        found(pattern, X, b"a")


@pytest.mark.parametrize("pattern", [rb"^(^|,)*b", rb"^(a$)?", rb"^(\bab ?)*", rb"(a|\<b){1}", rb"(a$){0}"])
def test_other_repetitions_of_anchors_are_not(pattern: bytes) -> None:
    assert found(pattern, X, b"b")


TOKENS = (
    *(
        "a",
        "a",
        "b",
        "b",
        "A",
        "_",
        "1",
        " ",
        "\n",
        "\xe9",
        ".",
        "*",
        "*",
        "+",
        "?",
        "|",
        "|",
        "(",
        "(",
        ")",
        ")",
    ),
    *(
        r"\(",
        r"\)",
        r"\|",
        r"\+",
        r"\?",
        r"\{",
        r"\}",
        "{",
        "}",
        ",",
        "-",
        "{1}",
        "{0}",
        "{2}",
        "{,2}",
        "{1,}",
    ),
    *(
        "{0,1}",
        r"\{1\}",
        r"\{0,2\}",
        "^",
        "^",
        "$",
        "$",
        r"\<",
        r"\>",
        r"\b",
        r"\B",
        r"\`",
        r"\'",
        r"\w",
        r"\W",
    ),
    *(
        r"\s",
        r"\S",
        r"\n",
        r"\a",
        r"\A",
        "\\",
        "[ab]",
        "[^a]",
        "[^\n]",
        "[a-c]",
        "[]a]",
        "[^]",
        "[",
        "[a-",
        "---]",
    ),
    *("[[:alpha:]]", "[^[:upper:]_]", "[[:lower:]-]", "[[.a.]-b]", "[[=a=]]", "]"),
)


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    library = Library()
    yield library
    library.close()


if platform.libc_ver()[0] == "glibc":  # the library that the real server has

    @given(
        st.lists(st.sampled_from(TOKENS), max_size=9).map("".join),
        st.sampled_from([extended | others for extended in (0, X) for others in (0, I, N, I | N)]),
        st.lists(st.text("abA_1 \n+*\xe9", max_size=6), min_size=4, max_size=4),
    )
    def test_the_dialect_is_that_of_the_library(
        library: Library, pattern: str, flags: int, texts: list[str]
    ) -> None:
        given_ = [text.encode("latin-1") for text in texts]
        try:
            answers = [found(pattern.encode("latin-1"), flags, text) for text in given_]
        except Unsupported:
            return
        asked = library.ask(pattern.encode("latin-1"), flags, given_)
        assert (None if None in answers else answers) == asked


# ---- what it may cost

NASTY = (
    b"^((a*)*)*+{6}",
    b"|^((a*)*)*+{1,3}{2}",
    b"(a|b)*a(a|b){50}c",
    b"(a*)*b*(a*)*c",
    b"a" + b"." * 100 + b"c",
)


def nasty_relatives(seed: int, count: int) -> Iterator[bytes]:
    """Stars and counts in and behind each other, and branches that go long ways together."""
    chance = random.Random(seed)
    atoms = (b"a", b"(a|b)", b"(a|ab|b)", b".", b"[ab]", b"(a*b?)", b"()", b"(|a)", b"(^a|b$)", b"\\b")
    ends = (b"*", b"+", b"?", b"{6}", b"{1,3}", b"{0,40}", b"{7,}", b"{200}", b"{1000}", b"{32767}")
    for _ in range(count):
        pattern = chance.choice(atoms)
        for _ in range(chance.randrange(1, 9)):
            pattern = b"(%b%b)%b" % (pattern, chance.choice(atoms) * chance.randrange(2), chance.choice(ends))
            pattern += chance.choice(ends) * chance.randrange(3)
        yield chance.choice((b"", b"^", b"|", b"|^", b".*")) + pattern + chance.choice((b"", b"c", b"$"))


def look(pattern: bytes, text: bytes) -> bool | None:
    """None when it is refused for what it would cost."""
    try:
        return Regex(pattern, X)(text, CostBudget())
    except Unsupported:
        return None
    except WireError:
        return None


def run_all() -> None:
    """All of them on a long text, then the seconds of CPU time of the worst."""
    text = bytes(random.Random(1).choices(b"ab", k=64 << 10))
    worst = 0.0
    for pattern in (*NASTY, *nasty_relatives(2, 150)):
        begun = time.process_time()
        look(pattern, text)
        worst = max(worst, time.process_time() - begun)
    sys.stdout.write(str(worst))


@pytest.mark.parametrize("pattern", NASTY)
def test_a_search_takes_no_more_work_than_there_is(pattern: bytes) -> None:
    text = bytes(random.Random(1).choices(b"ab", k=64 << 10))
    budget = CostBudget()
    try:
        Regex(pattern, X)(text, budget)
    except CostExceededError:
        assert budget.left < 0
    assert budget.left > -TURN_STEPS  # what one more state costs


def test_known_bytes_are_charged_by_their_number_and_states_once() -> None:
    regex = Regex(b"^a.*b$", X)
    costs = []
    for text in (b"a" * 1000, b"a" * 1000, b"a" * 2000):
        budget = CostBudget()
        regex(text, budget)
        costs.append(TURN_STEPS - budget.left)
    first, again, twice = costs
    assert again < first < again + 200
    assert twice - again == pytest.approx(250)


@pytest.mark.parametrize(
    "pattern",
    [
        b"(" * 2000 + b")" * 2000,
        b"(a?){2}" * 300,
        b"((a{1,200}){1,200})",
        b"(){32767}",
        b"a" * 5000,
        b"a" + b"{2}" * 200,
    ],
)
def test_what_is_too_much_to_compile_is_refused(pattern: bytes) -> None:
    with pytest.raises(Unsupported):
        Regex(pattern, X)


def test_repetitions_of_repetitions_are_one() -> None:
    assert found(b"^(a" + b"*+?" * 500 + b")$", X, b"aaa")


def test_what_searches_remember_is_bounded() -> None:
    budget = RegexBudget()
    first, second = (Regex(pattern, X, budget) for pattern in (b"(a|b)*a(a|b){40}c", b"(a|b)*b(a|b){30}c"))
    text = bytes(random.Random(1).choices(b"ab", k=20_000))
    for regex in (first, second, first):
        assert not regex(text, CostBudget(ENOUGH))
    states = len(first._states) + len(second._states)
    assert 100 < states < CELLS_MAX // 40
