"""INCRBYFLOAT's sums, as x86's long double gives them. The expected texts are a real server's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asudfd.valkey.long_double import TEXT_MAX, sum_long_double
from tests.each import for_each_row


@for_each_row(
    ("first", "second", "expected"),
    [
        (b"10", b"0.1", b"10.1"),
        (b"3", b"1.1", b"4.1"),
        (b"5000", b"1.00000000000000001", b"5001"),
        (b"0", b"1e-20", b"0"),
        (b"0", b"-1e-20", b"0"),
        (b"5.", b".5", b"5.5"),
        (b"0x.8p1", b"0X10", b"17"),
        (b"3200", b"1e17", b"100000000000003200"),
        (b"1", b"-1", b"0"),
        (b"+1.5", b"-0", b"1.5"),
        (b"1e-4950", b"1", b"1"),
        (b"-3.909", b"-69.175", b"-73.08400000000000001"),
        (b"17179869184", b"1.5", b"17179869185.5"),
    ],
)
def test_sums(first: bytes, second: bytes, expected: bytes) -> None:
    assert sum_long_double(first, second) == expected


def test_the_largest_numbers_have_all_their_digits() -> None:
    text = sum_long_double(b"1e4932", b"1")
    assert isinstance(text, bytes)
    assert len(text) == 4933
    assert text.startswith(
        b"10000000000000000000060189493879638913238377742545331147737850413525330194866087224"
    )


@pytest.mark.parametrize("text", [b"inf", b"-Infinity", b"1.18e4932"])
def test_a_sum_that_is_not_finite_is_empty(text: bytes) -> None:
    assert sum_long_double(text, text) == b""


NOT_NUMBERS = [
    b"", b" 1", b"1 ", b"x", b".", b"-", b"1e", b"1e+", b"0x", b"0x.", b"0x1p", b"nan", b"nan(1)", b"1_0", b"1\0", b"--1",
    b"1e4933", b"-1e999999999999999999999", b"1e-5000", b"1e-999999999999999999", b"0" * TEXT_MAX,
]  # fmt: skip


@for_each_row("text", NOT_NUMBERS)
def test_what_is_no_number_in_range_is_told_by_its_place(text: bytes) -> None:
    assert sum_long_double(text, b"1") is None
    assert sum_long_double(b"1", text) is False


@given(st.integers(-(2**62), 2**62), st.integers(-(2**62), 2**62))
def test_integers_of_63_bits_are_exact(a: int, b: int) -> None:
    assert sum_long_double(b"%d" % a, b"%d" % b) == b"%d" % (a + b)
