"""Sums of decimal numbers as x86's long double (80 bits) gives them: INCRBYFLOAT and HINCRBYFLOAT.

The real server reads, adds and prints long doubles. Here the same is done with whole numbers that are rounded to 64 bits.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

PRECISION = 64
"""Bits of the significand."""

BITS_MAX = 16384
"""Numbers of more bits before the point are infinite."""

EXPONENT_MIN = -16445
"""The exponent of the smallest number above zero."""

DIGITS = 17
"""Decimals that are printed."""

TEXT_MAX = 5 * 1024
"""Longer texts are refused, as in the real server."""

POWER_MAX = 10 * TEXT_MAX
"""Beyond this power no text that may be given is finite or other than zero; it keeps the whole numbers small."""

_NUMBER = re.compile(
    rb"([+-]?)(?:(?P<inf>inf(?:inity)?)|(?P<nan>nan(?:\(\w*\))?)"
    rb"|0x(?P<hex>(?=\.?[0-9a-f])[0-9a-f]*\.?[0-9a-f]*)(?:p(?P<binary>[+-]?\d+))?"
    rb"|(?P<digits>(?=\.?\d)\d*\.?\d*)(?:e(?P<decimal>[+-]?\d+))?)",
    re.IGNORECASE,
)


class LongDouble(NamedTuple):
    """The number ``significand * 2 ** exponent``; the significand has at most 64 bits."""

    significand: int
    exponent: int


INFINITE = LongDouble(1, BITS_MAX)
"""Stands for both infinities: no sum with one is accepted."""


def sum_long_double(first: bytes, second: bytes) -> bytes | bool | None:
    """The text of the sum; ``None``: ``first`` is no number; ``False``: ``second`` is none; empty: the sum is not finite."""
    left, right = parse(first), parse(second)
    if left is None:
        return None
    if right is None:
        return False
    if INFINITE in {left, right}:
        return b""
    exponent = min(left.exponent, right.exponent)
    total = (left.significand << (left.exponent - exponent)) + (
        right.significand << (right.exponent - exponent)
    )
    result = rounded(total, 1, exponent)
    return b"" if result == INFINITE else text_of(result)


def parse(text: bytes) -> LongDouble | None:
    """The value of a text as a long double; None if it is no number or out of range."""
    match = _NUMBER.fullmatch(text) if len(text) < TEXT_MAX else None
    if match is None or match["nan"]:
        return None
    if match["inf"]:
        return INFINITE
    value = _hexadecimal(match) if match["hex"] else _decimal(match)
    if value is None or value == INFINITE:
        return None  # ERANGE
    return value._replace(significand=-value.significand) if match[1] == b"-" else value


def rounded(numerator: int, denominator: int, exponent: int = 0) -> LongDouble:
    """The long double that is nearest to ``numerator / denominator * 2 ** exponent``; of two that are as near, the even one."""
    size = abs(numerator)
    shift = max(size.bit_length() - denominator.bit_length() - PRECISION, EXPONENT_MIN - exponent)
    significand = _quotient(size, denominator, shift)
    if significand.bit_length() > PRECISION:
        shift += 1
        significand = _quotient(size, denominator, shift)
    if significand.bit_length() + exponent + shift > BITS_MAX:
        return INFINITE
    return LongDouble(-significand if numerator < 0 else significand, exponent + shift)


def _quotient(numerator: int, denominator: int, shift: int) -> int:
    """``numerator / (denominator * 2 ** shift)``, rounded to the nearest whole number, or to the even one."""
    if shift > 0:
        denominator <<= shift
    else:
        numerator <<= -shift
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole & 1))


def text_of(value: LongDouble) -> bytes:
    """The number with up to 17 decimals, without the zeros at their end."""
    scaled = _quotient(abs(value.significand) * 10**DIGITS, 1, -value.exponent)
    digits = str(Decimal(scaled)).rjust(
        DIGITS + 1, "0"
    )  # Python's own text of an int is limited to 4,300 digits
    text = f"{digits[:-DIGITS]}.{digits[-DIGITS:]}".rstrip("0").rstrip(".")
    return (f"-{text}" if value.significand < 0 and text != "0" else text).encode()


def _decimal(match: re.Match[bytes]) -> LongDouble | None:
    whole, _, decimals = match["digits"].partition(b".")
    digits = int(Decimal((whole + decimals).decode()))
    power = _exponent(match["decimal"]) - len(decimals)
    if abs(power) > POWER_MAX:
        return None if digits else LongDouble(0, 0)
    return _not_lost(digits, rounded(digits * 10**power, 1) if power >= 0 else rounded(digits, 10**-power))


def _hexadecimal(match: re.Match[bytes]) -> LongDouble | None:
    whole, _, decimals = match["hex"].partition(b".")
    digits = int(whole + decimals, 16)
    power = _exponent(match["binary"]) - 4 * len(decimals)
    if abs(power) > POWER_MAX:
        return None if digits else LongDouble(0, 0)
    return _not_lost(digits, rounded(digits, 1, power))


def _not_lost(digits: int, value: LongDouble) -> LongDouble | None:
    """The value, unless it has become zero and was none."""
    return None if digits and not value.significand else value


def _exponent(text: bytes | None) -> int:
    return int(Decimal(text.decode())) if text else 0
