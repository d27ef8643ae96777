"""Operations on the bits of a range, which are one integer of so many bits, its highest bit first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.aerospike.message.bits.ranges import OutOfReach

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNED, SATURATE, WRAP = 1, 2, 4
"""Flags of `add` and `subtract`: the integers have a sign; what is too large becomes the largest, or begins anew."""


def _leading(blob: bytes, size: int) -> int:
    """The first bits of a blob."""
    part = blob[: (size + 7) >> 3]
    return int.from_bytes(part, "big") >> (8 * len(part) - size)


def replaced(_bits: int, size: int, blob: bytes) -> int:
    """The bits of a blob in the place of those."""
    return _leading(blob, size)


def disjunction(bits: int, size: int, blob: bytes) -> int:
    """Bits that are set in one of both."""
    return bits | _leading(blob, size)


def difference(bits: int, size: int, blob: bytes) -> int:
    """Bits that are set in just one of both."""
    return bits ^ _leading(blob, size)


def conjunction(bits: int, size: int, blob: bytes) -> int:
    """Bits that are set in both."""
    return bits & _leading(blob, size)


def inverted(bits: int, size: int) -> int:
    """Set where it was not, and the reverse."""
    return bits ^ (1 << size) - 1


def shifted_left(bits: int, size: int, shift: int) -> int:
    """Bits that come in from the right are not set."""
    return 0 if shift >= size else bits << shift & (1 << size) - 1


def shifted_right(bits: int, _size: int, shift: int) -> int:
    """Bits that come in from the left are not set."""
    return bits >> shift


def low_bits(_bits: int, size: int, number: int) -> int:
    """The lowest bits of an integer in the place of those."""
    return number & (1 << size) - 1


def signed(bits: int, size: int) -> int:
    """An integer whose highest bit is its sign."""
    return bits - (1 << size) if bits >> (size - 1) else bits


def _calculation(sign: int) -> Callable[[int, int, int, int], int]:
    def calculate(bits: int, size: int, operand: int, flags: int) -> int:
        span = 1 << size
        low, high = (-span >> 1, span >> 1) if flags & SIGNED else (0, span)
        of = signed if flags & SIGNED else _unsigned
        found = of(bits, size) + sign * of(operand & span - 1, size)
        if not low <= found < high and not flags & WRAP:
            if not flags & SATURATE:
                raise OutOfReach(f"a result that {size} bits do not hold")
            found = low if found < low else high - 1
        return found & span - 1

    return calculate


def _unsigned(bits: int, _size: int) -> int:
    return bits


added, subtracted = _calculation(1), _calculation(-1)
"""Sum and difference with an integer, of which as many bits count."""


def count(bits: int, _size: int) -> int:
    """So many are set."""
    return bits.bit_count()


def integer(bits: int, size: int, sign: int = 0) -> int:
    """The bits as an integer of 64, with a sign if ``sign`` is not 0."""
    return signed(bits, size if sign else 64)


def packed(bits: int, size: int) -> bytes:
    """The bits as bytes; those that the last has more are not set."""
    count = (size + 7) >> 3
    return (bits << (8 * count - size)).to_bytes(count, "big")


def first_of(bits: int, size: int, wanted: bool) -> int:
    """Which bit from the left is the first that is set, or not set; -1 for none."""
    if not wanted:
        bits = inverted(bits, size)
    return size - bits.bit_length() if bits else -1


def last_of(bits: int, size: int, wanted: bool) -> int:
    """As `first_of`, the last one."""
    if not wanted:
        bits = inverted(bits, size)
    return size - (bits & -bits).bit_length() if bits else -1
