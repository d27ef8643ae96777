"""Doubles as Valkey writes them."""

from math import copysign

_EXACT_MAX = float(1 << 62)
"""Up to here a double that is a whole number is written as an integer."""


def double_text(value: float) -> bytes:
    """A double as Valkey writes it: the fewest digits that give it again, with an exponent where they are far from the point."""
    if value != value:  # noqa: PLR0124 - not a number
        return b"nan"
    if value in {float("inf"), float("-inf")}:
        return b"inf" if value > 0 else b"-inf"
    if value == int(value) and abs(value) <= _EXACT_MAX:
        return b"%d" % int(value) if value or copysign(1, value) > 0 else b"-0"
    sign, digits, power = _digits(value)
    return (sign + _laid_out(digits, power)).encode()


def _digits(value: float) -> tuple[str, str, int]:
    """Sign, digits and the power of ten of the last digit, of the shortest text that reads as ``value``."""
    text = repr(value)
    sign, text = ("-", text[1:]) if text[0] == "-" else ("", text)
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    stripped = digits.rstrip("0") or "0"
    return sign, stripped, int(exponent or 0) - len(fraction) + (len(digits) - len(stripped) if digits else 0)


def _laid_out(digits: str, power: int) -> str:
    exponent = power + len(digits) - 1
    if power >= 0 and abs(exponent) < len(digits) + 7:
        return digits + "0" * power
    if power < 0 and (power > -7 or abs(exponent) < 4):
        point = len(digits) + power
        return "0." + "0" * -point + digits if point <= 0 else f"{digits[:point]}.{digits[point:]}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent)}"
