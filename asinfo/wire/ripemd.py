"""RIPEMD-160 in plain Python, for systems whose OpenSSL lacks it (3.0.0 to 3.0.6, FIPS).

About a hundred times slower than OpenSSL's. Source: Dobbertin, Bosselaers, Preneel: RIPEMD-160, a strengthened
version of RIPEMD, 1996.
"""

from __future__ import annotations

from struct import Struct

_MASK = 0xFFFF_FFFF
_BLOCK = Struct("<16I")
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)

_RHO = (7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8)
_SHIFTS = (
    (11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8),
    (12, 13, 11, 15, 6, 9, 9, 7, 12, 15, 11, 13, 7, 8, 7, 7),
    (13, 15, 14, 11, 7, 7, 6, 8, 13, 14, 13, 12, 5, 5, 6, 9),
    (14, 11, 12, 14, 8, 6, 5, 5, 15, 12, 15, 14, 9, 9, 8, 6),
    (15, 12, 13, 13, 9, 5, 8, 6, 14, 11, 12, 11, 8, 6, 5, 5),
)
_LEFT = (0x00000000, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E)
_RIGHT = (0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0x00000000)


def _steps(
    order: tuple[int, ...], functions: tuple[int, ...], constants: tuple[int, ...]
) -> list[tuple[int, int, int, int]]:
    """The 80 steps of one line: which function, which word, which constant, how far to rotate."""
    steps = []
    for turn in range(5):
        steps += [(functions[turn], word, constants[turn], _SHIFTS[turn][word]) for word in order]
        order = tuple(_RHO[word] for word in order)
    return steps


_LEFT_STEPS = _steps(tuple(range(16)), (0, 1, 2, 3, 4), _LEFT)
_RIGHT_STEPS = _steps(tuple((9 * word + 5) % 16 for word in range(16)), (4, 3, 2, 1, 0), _RIGHT)


def _mix(function: int, x: int, y: int, z: int) -> int:
    match function:
        case 0:
            return x ^ y ^ z
        case 1:
            return x & y | ~x & z
        case 2:
            return (x | ~y) ^ z
        case 3:
            return x & z | y & ~z
        case _:
            return x ^ (y | ~z)


def _rotated(value: int, places: int) -> int:
    value &= _MASK
    return (value << places | value >> 32 - places) & _MASK


def _line(
    state: tuple[int, ...], words: tuple[int, ...], steps: list[tuple[int, int, int, int]]
) -> tuple[int, ...]:
    a, b, c, d, e = state
    for function, word, constant, places in steps:
        total = _rotated(a + _mix(function, b, c, d) + words[word] + constant, places) + e
        a, b, c, d, e = e, total & _MASK, b, _rotated(c, 10), d
    return a, b, c, d, e


def _compressed(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    words = _BLOCK.unpack(block)
    left, right = _line(state, words, _LEFT_STEPS), _line(state, words, _RIGHT_STEPS)
    return tuple((state[(i + 1) % 5] + left[(i + 2) % 5] + right[(i + 3) % 5]) & _MASK for i in range(5))


class Ripemd160:
    """A hash as hashlib's: it collects the bytes and works at the end, for they are few."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes = b"") -> None:
        self._data = data

    def copy(self) -> Ripemd160:
        """Another one that has taken in the same bytes."""
        return Ripemd160(self._data)

    def update(self, data: bytes) -> None:
        """Take in more bytes."""
        self._data += data

    def digest(self) -> bytes:
        """The 20 bytes for all that was taken in."""
        size = len(self._data)
        padded = self._data + b"\x80" + bytes(-(size + 9) % 64) + (size * 8).to_bytes(8, "little")
        state = _START
        for start in range(0, len(padded), 64):
            state = _compressed(state, padded[start : start + 64])  # type: ignore[assignment]  # five words again
        return b"".join(word.to_bytes(4, "little") for word in state)
