"""Bytes and texts from outside as a person reads them: names of modules, answers of nodes, names of files."""

from __future__ import annotations


def text(data: bytes) -> str:
    r"""``data`` for a person's eyes: UTF-8, other bytes as ``\xNN``. Never fails and never changes what is sent."""
    return data.decode("utf-8", "backslashreplace")


NUMBER_MAX = 10**18
"""More than any counter tells; longer texts of digits take Python long, and then fail."""


def number(said: str | bytes, most: int = NUMBER_MAX) -> int | None:
    """The number from 0 to ``most`` that the digits ``said`` stand for; None for all else, however long it is."""
    found = int(said) if said.isascii() and said.isdigit() and len(said) < 20 else None
    return None if found is None or found > most else found


def plural(noun: str) -> str:
    """``noun`` of several: modules, libraries."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def visible(text: str) -> str:
    r"""``text`` with everything that is not printable as Python writes it: ``\n``, ``\x9b``, ``\u202e``.

    What comes from outside must not steer a terminal, turn the direction of a line, hide in it or begin another. The
    one place that decides what is shown as it is.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
