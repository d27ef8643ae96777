"""The longest common subsequence of two strings, with the choices of the real server where there are several.

Rows of the usual table are bit vectors (H. Hyyrö, 2004): bit j of row i is 0 where the length grows by character j of the second
string. A row is a few operations on large integers, so the table takes bits and no loop over its cells.
"""

from __future__ import annotations

from typing import NamedTuple

CELLS_MAX = 1 << 27
"""Pairs of characters: as many as the real server allows by default. They take 16 MB and up to a second."""

ROWS_MAX = 1 << 20
"""Characters of the first string: a row takes some 0.5 us however short the second one is."""


class CommonRange(NamedTuple):
    """Places of both strings, first and last included, that have the same characters, which belong to the result."""

    first_start: int
    first_end: int
    second_start: int
    second_end: int


class CommonSubsequence(NamedTuple):
    """The result, and the ranges from which it was taken, the last first."""

    text: bytes
    ranges: list[CommonRange]


def is_too_large(first: bytes, second: bytes) -> bool:
    """Whether these strings would take too long."""
    return len(first) > ROWS_MAX or len(first) * len(second) > CELLS_MAX


def common_length(first: bytes, second: bytes) -> int:
    """The length alone."""
    row = mask = _ones(second)
    places = _places(second)
    for code in first:
        row = _next_row(row, places.get(code, 0)) & mask
    return len(second) - row.bit_count()


def common_subsequence(first: bytes, second: bytes) -> CommonSubsequence:
    """The subsequence, and where it stands."""
    rows = _rows(first, second)
    text = bytearray()
    ranges: list[CommonRange] = []
    i, j, size = len(first), len(second), 0
    while i and j:
        if first[i - 1] == second[j - 1]:
            text.append(first[i - 1])
            i, j, size = i - 1, j - 1, size + 1
            continue
        if size:
            ranges.append(CommonRange(i, i + size - 1, j, j + size - 1))
            size = 0
        if rows[i - 1][(j - 1) >> 3] >> ((j - 1) & 7) & 1:
            j -= 1
        else:
            i -= 1  # what is common is longer without this character of the first than of the second
    if size:
        ranges.append(CommonRange(i, i + size - 1, j, j + size - 1))
    return CommonSubsequence(bytes(reversed(text)), ranges)


def _rows(first: bytes, second: bytes) -> list[bytes]:
    mask, places, size = _ones(second), _places(second), (len(second) + 7) // 8
    row, rows = mask, []
    for code in first:
        row = _next_row(row, places.get(code, 0)) & mask
        rows.append(row.to_bytes(size, "little"))
    return rows


def _next_row(row: int, places: int) -> int:
    matching = row & places
    return (row + matching) | (row - matching)


def _ones(text: bytes) -> int:
    return (1 << len(text)) - 1


def _places(text: bytes) -> dict[int, int]:
    """The places of each character, as bits."""
    reverse = text[::-1]
    return {code: int(reverse.translate(_digit_table(code)), 2) for code in set(text)}


def _digit_table(code: int) -> bytes:
    """A table for `bytes.translate` that makes 1 of the code, and 0 of all others."""
    return b"0" * code + b"1" + b"0" * (255 - code)
