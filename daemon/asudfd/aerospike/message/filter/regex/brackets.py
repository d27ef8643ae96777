"""Bracket expressions: `[a-z]`, `[^[:digit:]_]`, `[[.-.]]`, as the GNU C library reads them in the locale C."""

from __future__ import annotations

import string
from typing import NamedTuple

from asinfo.errors import WireError
from asudfd.aerospike.message.filter.regex.tree import ALL, bytes_set, range_set

_LOWER, _UPPER = string.ascii_lowercase.encode(), string.ascii_uppercase.encode()
_DIGITS, _PUNCTUATION = string.digits.encode(), string.punctuation.encode()
_LETTERS = _LOWER + _UPPER

CLASSES = {
    b"alpha": bytes_set(_LETTERS),
    b"digit": bytes_set(_DIGITS),
    b"alnum": bytes_set(_LETTERS + _DIGITS),
    b"lower": bytes_set(_LOWER),
    b"upper": bytes_set(_UPPER),
    b"space": bytes_set(b" \t\n\v\f\r"),
    b"blank": bytes_set(b" \t"),
    b"punct": bytes_set(_PUNCTUATION),
    b"graph": range_set(0x21, 0x7E),
    b"print": range_set(0x20, 0x7E),
    b"cntrl": range_set(0, 0x1F) | 1 << 0x7F,
    b"xdigit": bytes_set(string.hexdigits.encode()),
}

WORD = CLASSES[b"alnum"] | bytes_set(b"_")

_OPENED = {ord("."): b".]", ord("="): b"=]", ord(":"): b":]"}
"""What ends an element that begins with a bracket and this byte."""

_CLOSE, _OPEN, _HYPHEN, _HAT, _COLON, _EQUAL = b"][-^:="


class _Element(NamedTuple):
    """A member: a byte that may begin or end a range, or a whole set."""

    accepted: int
    byte: int | None


class Bracket:
    """Reads the bracket expression that starts, behind its `[`, at ``place`` of ``pattern``.

    ``pattern`` is in upper case if case does not count, ``raw`` is as it was sent: names of classes are in lower case.
    """

    __slots__ = ("_pattern", "_raw", "place")

    def __init__(self, pattern: bytes, raw: bytes, place: int) -> None:
        self._pattern = pattern
        self._raw = raw
        self.place = place

    def read(self, *, newline: bool) -> int:
        """The set; ``place`` is behind its `]` then. ``newline``: a set of all others has no newline. Raises WireError."""
        negated = self._peek() == _HAT
        self.place += negated
        found = 1 << ord("\n") if negated and newline else 0
        first = True
        while first or self._peek() != _CLOSE:
            found |= self._member(first=first)
            first = False
        self.place += 1
        return ~found & ALL if negated else found

    def _member(self, *, first: bool) -> int:
        start = self._element(hyphen=first)
        if start.byte is None or not self._is_range():
            return start.accepted
        self.place += 1
        end = self._element(hyphen=True)
        if end.byte is None or end.byte < start.byte:
            raise WireError("a range of a regular expression ends before it starts")
        return range_set(start.byte, end.byte)

    def _is_range(self) -> bool:
        return self._peek() == _HYPHEN and self._peek(1) != _CLOSE

    def _element(self, *, hyphen: bool) -> _Element:
        byte = self._peek()
        end = _OPENED.get(self._after()) if byte == _OPEN else None
        if end is not None:
            return self._named(end)
        if byte == _HYPHEN and not hyphen and self._peek(1) != _CLOSE:
            raise WireError("a hyphen of a regular expression stands where a range cannot start")
        self.place += 1
        return _Element(1 << byte, byte)

    def _named(self, end: bytes) -> _Element:
        start = self.place + 2
        stop = self._pattern.find(end, start)
        if stop < 0:
            raise WireError("a bracket of a regular expression that is not closed")
        self.place = stop + 2
        if end[0] == _COLON:
            return _Element(self._class(self._raw[start:stop]), None)
        name = self._pattern[start:stop]
        if len(name) != 1:
            raise WireError("no character has this name in a regular expression")
        byte = name[0]
        return _Element(1 << byte, None if end[0] == _EQUAL else byte)

    def _class(self, name: bytes) -> int:
        found = CLASSES.get(name)
        if found is None:
            raise WireError("no class of characters has this name in a regular expression")
        if self._pattern is not self._raw and name in {b"lower", b"upper"}:
            return CLASSES[b"alpha"]
        return found

    def _peek(self, ahead: int = 0) -> int:
        """The next byte, or one after it. Raises WireError at the end of the pattern."""
        place = self.place + ahead
        if place >= len(self._pattern):
            raise WireError("a bracket of a regular expression that is not closed")
        return self._pattern[place]

    def _after(self) -> int:
        place = self.place + 1
        return self._pattern[place] if place < len(self._pattern) else 0
