"""Arithmetic of expressions: integers of 64 bits that wrap, floats as C has them. None is unknown.

Where C leaves open what happens (shifts by more than 63, floats too large for an integer), it is as processors of
the x86-64 family do it, on which the real server runs.
"""

from __future__ import annotations

import math
from functools import reduce
from operator import and_, mul, or_, sub, xor
from typing import Any

Number = Any
"""Integers or floats; expressions do not mix them."""

_BITS = 64
_MASK = (1 << _BITS) - 1
_HALF = 1 << _BITS - 1


def wrap(value: int) -> int:
    """The integer of 64 bits that ``value`` leaves over."""
    return (value + _HALF & _MASK) - _HALF


def _wrapped(value: Number) -> Number:
    return wrap(value) if isinstance(value, int) else value


def add(*values: Number) -> Number:
    """The sum."""
    return _wrapped(sum(values[1:], values[0]))


def subtract(first: Number, *others: Number) -> Number:
    """The first less the others; of one value its negative."""
    return _wrapped(reduce(sub, others, first) if others else -first)


def multiply(*values: Number) -> Number:
    """The product."""
    return _wrapped(reduce(mul, values))


def divide(first: Number, *others: Number) -> Number | None:
    """The first by the product of the others, integers towards zero; of one value its reciprocal. None is unknown."""
    if not others:
        return divide(type(first)(1), first)
    divisor = multiply(*others)
    if isinstance(first, float):
        return _divide_floats(first, divisor)
    if not divisor:
        return None
    quotient = abs(first) // abs(divisor)
    return wrap(quotient if (first < 0) == (divisor < 0) else -quotient)


def _divide_floats(left: float, right: float) -> float:
    if right:
        return left / right
    if not left or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, math.copysign(1, left) * math.copysign(1, right))


def remainder(left: int, right: int) -> int | None:
    """What a division leaves over, with the sign of ``left``."""
    return int(math.copysign(1, left)) * (abs(left) % abs(right)) if right else None


def absolute(value: Number) -> Number:
    """The value without its sign."""
    return _wrapped(abs(value))


def power(base: float, exponent: float) -> float:
    """A power; infinite or not a number where there is none."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.nan if base else math.inf


def logarithm(value: float, base: float) -> float:
    """The logarithm of a value to a base."""
    return _divide_floats(_natural(value), _natural(base))


def _natural(value: float) -> float:
    if value > 0:
        return math.log(value)
    return math.nan if value else -math.inf


def floor(value: float) -> float:
    """The next whole number below."""
    return float(math.floor(value)) if math.isfinite(value) else value


def ceiling(value: float) -> float:
    """The next whole number above."""
    return float(math.ceil(value)) if math.isfinite(value) else value


def to_integer(value: float) -> int:
    """The whole part; the least integer where that has more than 64 bits."""
    whole = int(value) if math.isfinite(value) else _HALF
    return whole if -_HALF <= whole < _HALF else -_HALF


def bit_and(*values: int) -> int:
    """Bits that are in all values."""
    return reduce(and_, values)


def bit_or(*values: int) -> int:
    """Bits that are in any value."""
    return reduce(or_, values)


def bit_xor(*values: int) -> int:
    """Bits that are in an odd number of values."""
    return reduce(xor, values)


def shift_left(value: int, count: int) -> int:
    """The bits moved up."""
    return wrap(value << (count & _BITS - 1))


def shift_right(value: int, count: int) -> int:
    """The bits moved down, zeros from above."""
    return wrap((value & _MASK) >> (count & _BITS - 1))


def shift_right_signed(value: int, count: int) -> int:
    """The bits moved down, copies of the highest from above."""
    return value >> (count & _BITS - 1)


def count_bits(value: int) -> int:
    """How many bits are set."""
    return (value & _MASK).bit_count()


def left_scan(value: int, wanted: bool) -> int:
    """Place of the first bit that is set, or not set, from the highest on, which is 0; -1 if there is none."""
    bits = (value if wanted else ~value) & _MASK
    return _BITS - bits.bit_length() if bits else -1


def right_scan(value: int, wanted: bool) -> int:
    """Place of the last bit that is set, or not set, counted as in `left_scan`."""
    bits = (value if wanted else ~value) & _MASK
    return _BITS - (bits & -bits).bit_length() if bits else -1
