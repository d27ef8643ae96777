"""Reading the arguments of commands."""

from __future__ import annotations

import re

from asudfd.valkey.reply import CommandFailed

NOT_INTEGER = "ERR value is not an integer or out of range"
_LONGEST = 20
_INTEGER = re.compile(rb"0|-?[1-9][0-9]*")


def integer(text: bytes, low: int = -(1 << 63), high: int = (1 << 63) - 1, message: str = NOT_INTEGER) -> int:
    """A number as the real server reads it: no spaces, no plus sign, no leading zeros. Raises CommandFailed."""
    if len(text) > _LONGEST or not _INTEGER.fullmatch(text):
        raise CommandFailed(message)
    number = int(text)
    if not -(1 << 63) <= number < 1 << 63:
        raise CommandFailed(message)
    if not low <= number <= high:
        raise CommandFailed(message)
    return number


def small_integer(text: bytes) -> int:
    """A number of 32 bits. Raises CommandFailed."""
    number = integer(text)
    if not -(1 << 31) <= number < 1 << 31:
        raise CommandFailed("ERR value is out of range, value must between -2147483648 and 2147483647")
    return number


def on_or_off(text: bytes) -> bool:
    """Whether the word is ON. Raises CommandFailed for any but ON and OFF."""
    word = text.upper()
    if word not in {b"ON", b"OFF"}:
        raise CommandFailed("ERR syntax error")
    return word == b"ON"


def is_plain_name(text: bytes) -> bool:
    """Whether a text has no spaces, newlines or special characters."""
    return all(0x21 <= byte <= 0x7E for byte in text)


def wrong_use(arguments: list[bytes]) -> CommandFailed:
    """What a subcommand answers whose arguments are too many, or none that it knows."""
    return CommandFailed(
        b"ERR unknown subcommand or wrong number of arguments for '%s'. Try %s HELP."
        % (arguments[1], arguments[0].upper())
    )
