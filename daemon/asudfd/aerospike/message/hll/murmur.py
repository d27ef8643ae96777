"""MurmurHash3, the variant of 128 bits for 64-bit machines, with the seed 0.

Source: Austin Appleby's description of the algorithm, which is in the public domain.
"""

from __future__ import annotations

from struct import Struct

_ALL = (1 << 64) - 1
_ONE, _OTHER = 0x87C37B91114253D5, 0x4CF5AD432745937F
_blocks = Struct("<QQ").iter_unpack


def murmur(data: bytes) -> tuple[int, int]:
    """The hash of ``data``: two integers of 64 bits."""
    size = len(data)
    whole = size & ~15
    low, high = _body(data[:whole]) if whole else (0, 0)
    if size - whole > 8:
        other = int.from_bytes(data[whole + 8 :], "little") * _OTHER & _ALL
        high ^= (other << 33 & _ALL | other >> 31) * _ONE & _ALL
    if size > whole:
        one = int.from_bytes(data[whole : whole + 8], "little") * _ONE & _ALL
        low ^= (one << 31 & _ALL | one >> 33) * _OTHER & _ALL
    low = (low ^ size) + (high ^ size) & _ALL
    high = low + (high ^ size) & _ALL
    low, high = _finished(low), _finished(high)
    low = low + high & _ALL
    return low, low + high & _ALL


def _body(data: bytes) -> tuple[int, int]:
    """What all blocks of 16 bytes make; the rotations stand in the loop, where a call would cost as much as they do."""
    low = high = 0
    for one, other in _blocks(data):
        one = one * _ONE & _ALL  # noqa: PLW2901 - the block, mixed
        low ^= (one << 31 & _ALL | one >> 33) * _OTHER & _ALL
        low = ((low << 27 & _ALL | low >> 37) + high) * 5 + 0x52DCE729 & _ALL
        other = other * _OTHER & _ALL  # noqa: PLW2901 - the block, mixed
        high ^= (other << 33 & _ALL | other >> 31) * _ONE & _ALL
        high = ((high << 31 & _ALL | high >> 33) + low) * 5 + 0x38495AB5 & _ALL
    return low, high


def _finished(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & _ALL
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & _ALL
    return value ^ value >> 33
