"""Sums of decimal numbers as x86's long double (80 bits) gives them: INCRBYFLOAT and HINCRBYFLOAT.

The real server reads, adds and prints long doubles. Here the same is done with exact fractions that are rounded to 64 bits.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

PRECISION = 64
"""Bits of the significand."""

EXPONENT_MAX = 16384
"""Numbers from 2 to this power on are infinite."""

EXPONENT_MIN = -16445
"""The exponent of the smallest number above zero."""

DIGITS = 17
"""Decimals that are printed."""

TEXT_MAX = 5 * 1024
"""Longer texts are refused, as in the real server."""

DECIMAL_EXPONENT_MAX = 10 * TEXT_MAX
"""Beyond this no text that may be given is finite or other than zero; it keeps powers of ten small."""

_NUMBER = re.compile(
    rb"([+-]?)(?:(?P<inf>inf(?:inity)?)|(?P<nan>nan(?:\(\w*\))?)"
    rb"|0x(?P<hex>(?=\.?[0-9a-f])[0-9a-f]*\.?[0-9a-f]*)(?:p(?P<binary>[+-]?\d+))?"
    rb"|(?P<digits>(?=\.?\d)\d*\.?\d*)(?:e(?P<decimal>[+-]?\d+))?)",
    re.IGNORECASE,
)

INFINITE = "infinite"
"""Stands for both infinities: no sum with one is accepted."""


def sum_long_double(first: bytes, second: bytes) -> bytes | bool | None:
    """The text of the sum; ``None``: ``first`` is no number; ``False``: ``second`` is none; empty: the sum is not finite."""
    left, right = parse(first), parse(second)
    if left is None:
        return None
    if right is None:
        return False
    if isinstance(left, str) or isinstance(right, str):
        return b""
    total = rounded(left + right)
    return b"" if isinstance(total, str) else text_of(total)


def parse(text: bytes) -> Fraction | str | None:
    """The value of a text as a long double; None if it is no number or out of range."""
    match = _NUMBER.fullmatch(text) if len(text) < TEXT_MAX else None
    if match is None or match["nan"]:
        return None
    if match["inf"]:
        return INFINITE
    exact = _hexadecimal(match) if match["hex"] else _decimal(match)
    if exact is None:
        return None
    value = rounded(exact)
    if isinstance(value, str) or (value == 0 and exact != 0):
        return None  # ERANGE
    return -value if match[1] == b"-" else value


def rounded(value: Fraction) -> Fraction | str:
    """The nearest long double; of two that are as near, the even one."""
    if value == 0:
        return value
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length()
    if abs(value) < Fraction(2) ** exponent:
        exponent -= 1
    unit = Fraction(2) ** max(exponent - PRECISION + 1, EXPONENT_MIN)
    result = round(value / unit) * unit
    return result if abs(result) < 2**EXPONENT_MAX else INFINITE


def text_of(value: Fraction) -> bytes:
    """The number with up to 17 decimals, without the zeros at their end."""
    scaled = round(abs(value) * 10**DIGITS)
    digits = str(Decimal(scaled)).rjust(
        DIGITS + 1, "0"
    )  # Python's own text of an int is limited to 4,300 digits
    text = f"{digits[:-DIGITS]}.{digits[-DIGITS:]}".rstrip("0").rstrip(".")
    return (f"-{text}" if value < 0 and text != "0" else text).encode()


def _decimal(match: re.Match[bytes]) -> Fraction | None:
    whole, _, decimals = match["digits"].partition(b".")
    digits = int(Decimal((whole + decimals).decode()))
    exponent = _bounded(match["decimal"])
    return (
        digits * Fraction(10) ** (exponent - len(decimals)) if exponent is not None else _out_of_range(digits)
    )


def _hexadecimal(match: re.Match[bytes]) -> Fraction | None:
    whole, _, decimals = match["hex"].partition(b".")
    digits = int(whole + decimals, 16)
    exponent = _bounded(match["binary"])
    return (
        digits * Fraction(2) ** (exponent - 4 * len(decimals))
        if exponent is not None
        else _out_of_range(digits)
    )


def _bounded(text: bytes | None) -> int | None:
    """The exponent, if it is one that can matter."""
    exponent = int(Decimal(text.decode())) if text else 0
    return exponent if abs(exponent) <= DECIMAL_EXPONENT_MAX else None


def _out_of_range(digits: int) -> Fraction | None:
    return None if digits else Fraction(0)
