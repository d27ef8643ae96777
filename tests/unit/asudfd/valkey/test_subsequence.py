"""The longest common subsequence, against the table that every textbook has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asudfd.valkey.subsequence import common_length, common_subsequence

WORDS = st.text("abc", max_size=14).map(str.encode) | st.binary(max_size=70)


def by_table(first: bytes, second: bytes) -> bytes:
    """The choice of the real server: back along the second string unless the first leaves more."""
    size = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            size[i + 1][j + 1] = size[i][j] + 1 if a == b else max(size[i][j + 1], size[i + 1][j])
    i, j, found = len(first), len(second), b""
    while i and j:
        if first[i - 1] == second[j - 1]:
            found = first[i - 1 : i] + found
            i, j = i - 1, j - 1
        elif size[i - 1][j] > size[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found


@given(WORDS, WORDS)
def test_as_by_the_table(first: bytes, second: bytes) -> None:
    expected = by_table(first, second)
    found = common_subsequence(first, second)
    assert found.text == expected
    assert common_length(first, second) == len(expected)
    parts = [(first[a : b + 1], second[c : d + 1]) for a, b, c, d in reversed(found.ranges)]
    assert all(one == other for one, other in parts)
    assert b"".join(one for one, _ in parts) == expected


def test_large_strings() -> None:
    """A loop over the pairs of characters would take a minute."""
    first, second = b"ab" * 5000, b"ba" * 5000
    assert common_length(first, second) == len(common_subsequence(first, second).text) == 9999
