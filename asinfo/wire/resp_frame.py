"""Frames of RESP, the protocol of Valkey: commands, and plain replies of RESP2.

    command(*arguments)       the frame of a command
    status, error, integer, bulk, array, null     the frame of one reply
    number(text)              an integer as RESP writes it

Nothing else is imported here: whoever only sends commands needs no more.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

DIGITS_MAX = 20
"""Digits and sign of the longest number of 64 bits."""


def number(text: bytes) -> int | None:
    """An integer of 64 bits in its one form: no plus sign, no spaces, no zeros before it; None for any other text."""
    digits = text.removeprefix(b"-")
    if not digits.isdigit() or len(digits) >= DIGITS_MAX or (digits[0] == b"0"[0] and len(text) > 1):
        return None
    value = int(text)
    return value if -(1 << 63) <= value < 1 << 63 else None


def command(*arguments: bytes | str | int) -> bytes:
    """The frame of a command; text goes as UTF-8, a number in digits."""
    frames = [b"*%d\r\n" % len(arguments)]
    frames += [bulk(one if isinstance(one, bytes) else str(one).encode()) for one in arguments]
    return b"".join(frames)


_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


def status(text: bytes) -> bytes:
    """A simple string; a CR or LF in it becomes a space."""
    return b"+%b\r\n" % text.translate(_ONE_LINE)


def error(text: bytes) -> bytes:
    """An error; ``text`` begins with its code. A CR or LF in it becomes a space."""
    return b"-%b\r\n" % text.translate(_ONE_LINE)


def integer(value: int) -> bytes:
    """An integer of 64 bits."""
    return b":%d\r\n" % value


def bulk(data: bytes) -> bytes:
    """A bulk string."""
    return b"$%d\r\n%b\r\n" % (len(data), data)


def array(frames: Iterable[bytes]) -> bytes:
    """An array of replies that are frames already."""
    items = list(frames)
    return b"*%d\r\n%b" % (len(items), b"".join(items))


def null(protocol: int) -> bytes:
    """No value: a bulk of size -1, or what RESP3 has for it."""
    return b"_\r\n" if protocol == 3 else b"$-1\r\n"
