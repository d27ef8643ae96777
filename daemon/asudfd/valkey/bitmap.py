"""Bits of strings: counting, finding and combining them. Bit 0 is the most significant bit of the first byte.

A string is one large integer here, so that each operation is a few steps of Python whatever the length. Lua gives long ones in pieces:
a step is not interrupted.
"""

from __future__ import annotations

from functools import reduce
from operator import and_, or_, xor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BYTE = 8


def count_bits(text: bytes, first: int, last: int) -> int:
    """How many bits are set from bit ``first`` to bit ``last``, both included and inside the string."""
    return _bits(text, first, last).bit_count()


def find_bit(text: bytes, bit: int, first: int, last: int) -> int:
    """The place of the first bit that is ``bit`` from ``first`` to ``last``, or -1."""
    size = last - first + 1
    bits = _bits(text, first, last)
    if not bit:
        bits ^= (1 << size) - 1
    return first + size - bits.bit_length() if bits else -1


def _bits(text: bytes, first: int, last: int) -> int:
    """These bits, as a number."""
    first, last = int(first), int(last)  # Lua's numbers
    start, end = first // BYTE, last // BYTE + 1
    number = int.from_bytes(text[start:end], "big") >> (BYTE * end - 1 - last)
    return number & ((1 << (last - first + 1)) - 1)


_OPERATIONS: dict[bytes, Callable[[int, int], int]] = {b"AND": and_, b"OR": or_, b"XOR": xor}


def combine_bits(operation: bytes, texts: Sequence[bytes], size: int) -> bytes:
    """The strings combined by AND, OR, XOR or NOT (of one) to so many bytes; shorter ones have zeros at their end."""
    numbers = [int.from_bytes(text.ljust(size, b"\0"), "big") for text in texts]
    if operation == b"NOT":
        return (numbers[0] ^ ((1 << (BYTE * size)) - 1)).to_bytes(size, "big")
    return reduce(_OPERATIONS[operation], numbers).to_bytes(size, "big")
