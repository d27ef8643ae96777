"""CRC-64 as RDB files and DUMP payloads have it: Jones' polynomial, reflected, from 0, without a final exclusive or.

Of eight bytes at a time, with a table for each place in them: 1 MiB takes about 0.1 s, half of what byte by byte takes.
"""

from __future__ import annotations

from functools import cache
from struct import Struct

_POLYNOMIAL = 0x95AC9329AC4BC9B5
_WORD = Struct("<Q")


@cache
def _tables() -> list[list[int]]:
    """What each byte does to the checksum: eight lists, for a byte that is last, one before the last, and so on.

    Made when first needed: a millisecond that no start of a program should pay.
    """
    first = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        first.append(value)
    tables = [first]
    for _ in range(7):
        tables.append([value >> 8 ^ first[value & 255] for value in tables[-1]])
    return tables


def crc64(data: bytes | bytearray | memoryview, checksum: int = 0) -> int:
    """The checksum of ``data``; with that of what stands before it, the checksum of both."""
    t0, t1, t2, t3, t4, t5, t6, t7 = _tables()
    whole = len(data) & ~7
    view = memoryview(data)
    for (word,) in _WORD.iter_unpack(view[:whole]):
        checksum ^= word
        checksum = (
            t7[checksum & 255]
            ^ t6[checksum >> 8 & 255]
            ^ t5[checksum >> 16 & 255]
            ^ t4[checksum >> 24 & 255]
            ^ t3[checksum >> 32 & 255]
            ^ t2[checksum >> 40 & 255]
            ^ t1[checksum >> 48 & 255]
            ^ t0[checksum >> 56]
        )
    for byte in view[whole:]:
        checksum = checksum >> 8 ^ t0[(checksum ^ byte) & 255]
    return checksum
