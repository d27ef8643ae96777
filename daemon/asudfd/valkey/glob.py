"""Valkey's patterns of names: `*`, `?`, `[a-z]`, `[^x]`, and a backslash before a character that stands for itself."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=256)
def glob(pattern: bytes, *, ignore_case: bool = False) -> re.Pattern[bytes]:
    """A regular expression that matches what ``pattern`` matches, for ``fullmatch``.

    What stands between two stars is found where it comes first, and never sought again further on (an atomic group): any
    later place would leave less for what follows. So a search costs at most the product of the two lengths.
    """
    pieces: list[list[bytes]] = [[]]  # of what stands between stars
    at = 0
    while at < len(pattern):
        char = pattern[at : at + 1]
        at += 1
        if char == b"*":
            pieces.append([])
        elif char == b"?":
            pieces[-1].append(b".")
        elif char == b"[":
            piece, at = _class(pattern, at)
            pieces[-1].append(piece)
        else:
            if char == b"\\" and at < len(pattern):
                char = pattern[at : at + 1]
                at += 1
            pieces[-1].append(re.escape(char))
    first, *others = [b"".join(piece) for piece in pieces]
    middle = b"".join(b"(?>.*?%s)" % piece for piece in others[:-1] if piece)
    last = b".*%s" % others[-1] if others else b""
    return re.compile(first + middle + last, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _class(pattern: bytes, at: int) -> tuple[bytes, int]:
    """The class that begins behind a bracket at ``at``, and where it ends; an open one ends with the pattern."""
    negated = pattern[at : at + 1] == b"^"
    at += negated
    members: list[bytes] = []
    while at < len(pattern) and pattern[at : at + 1] != b"]":
        if pattern[at : at + 1] == b"\\" and at + 1 < len(pattern):
            members.append(re.escape(pattern[at + 1 : at + 2]))
            at += 2
        elif pattern[at + 1 : at + 2] == b"-" and at + 2 < len(pattern):
            low, high = sorted((pattern[at], pattern[at + 2]))
            members.append(b"%s-%s" % (re.escape(bytes([low])), re.escape(bytes([high]))))
            at += 3
        else:
            members.append(re.escape(pattern[at : at + 1]))
            at += 1
    if not members:
        return (b"." if negated else b"(?!)"), at + 1
    return b"[%s%s]" % (b"^" if negated else b"", b"".join(members)), at + 1
