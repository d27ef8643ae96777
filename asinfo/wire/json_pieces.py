"""JSON texts, looked through in pieces: no call takes longer for a large text than for a small one.

It is `json.loads` that says what JSON is, but for three things: a number may have any number of digits, lists and objects may be
nested to any depth up to a limit of our own, and a text is in UTF-8.
"""

from __future__ import annotations

import re
from json import JSONDecoder

from asinfo.errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PIECE = 4096
"""Characters that one call looks at: 0.1 ms, and 1.3 ms if they are thousands of small values. A single number is looked at as a whole: 2 ms for 1 MiB."""

DEPTH_MAX = 2048
"""Levels of lists and objects in each other: geo JSON has seven."""

VALUE_SIZE = 64
"""What a value that is looked at by itself counts for beside its characters: it takes as long as so many characters of numbers in a
row."""

# Groups are repeated without `*+`: up to Python 3.11.4 that fails for a group that may be matched in several ways.
_BLANKS = r"[ \t\n\r]*+"
_NUMBER = r"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?+[0-9]++)?"
_SCALAR = rf"{_NUMBER}|true|false|null|NaN|-?Infinity"
_STRING = r'"[^"\\\x00-\x1f]*+"'
"""One without escapes."""


def _closed(begin: str, item: str, end: str) -> str:
    """A pattern for such items with commas between them, and brackets around."""
    between = rf"(?:,(?!{_BLANKS}{end})|(?={end}))"
    return rf"{begin}{_BLANKS}(?:{_BLANKS}{item}{_BLANKS}{between})*{end}"


def _small_value(levels: int) -> str:
    """A pattern for a value with so many levels of lists in each other, and objects of one level."""
    fields = _closed(r"\{", rf"{_STRING}{_BLANKS}:{_BLANKS}(?:{_SCALAR}|{_STRING})", r"\}")
    lists = _closed(r"\[", _small_value(levels - 1), r"\]") if levels else r"\[\]"
    return rf"(?:{_SCALAR}|{_STRING}|{fields}|{lists})"


_blanks = re.compile(_BLANKS).match
_number = re.compile(_NUMBER).match
_scalar = re.compile(_SCALAR).match
_characters = re.compile(r'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*').match
_items = re.compile(rf"(?:{_BLANKS}{_small_value(3)}{_BLANKS},)*").match
"""Small values in a row, as a list has them: each with the comma behind it, so that none is cut where a piece ends. Three levels are a
polygon among several."""

_place = rf"\[{_BLANKS}{_NUMBER}(?:{_BLANKS},{_BLANKS}{_NUMBER})+{_BLANKS}\]"
_places = re.compile(rf"(?:{_BLANKS}{_place}{_BLANKS}(?:,|(?=\])))*").match
"""Places in a row: each with the comma behind it, or the bracket after the last."""

_STRING_MAX = 128
_short_string = re.compile(r'"(?:[^"\\]|\\.)*"').match
_decode = JSONDecoder().decode
_decode_places = JSONDecoder(parse_int=float).raw_decode

_NONE: frozenset[str] = frozenset()
_CLOSERS = {"[": "]", "{": "}"}


class JsonError(WireError):
    """A text that is no JSON, or something else than what was looked for."""


class JsonPieces:
    """A place in a JSON text, and what reads on from there.

    ``charge`` gets how much is being looked at, in characters, before the next piece. Everything raises JsonError for
    what is not there, and what that raises.
    """

    __slots__ = ("_charge", "_charged", "_text", "at")

    def __init__(self, text: str, charge: Callable[[int], None], at: int = 0) -> None:
        self._text = text
        self._charge = charge
        self._charged = at
        self.at = at

    def go_to(self, at: int) -> None:
        """Read on from another place."""
        self.at = self._charged = at

    # ---- any value

    def members(self, wanted: frozenset[str]) -> dict[str, int]:
        """Go behind the value that is here; where the values of its ``wanted`` names are: of the same name twice, the last one."""
        found: dict[str, int] = {}
        closers: list[str] = []
        while True:
            if closers and closers[-1] == "}":
                name = self._name()
                if len(closers) == 1 and name in wanted:
                    found[name] = self.at
            elif closers:
                self._pass_items()
            closer = self._begin()
            if closer and not self._skip(closer):
                closers.append(closer)
                if len(closers) > DEPTH_MAX:
                    raise JsonError(f"JSON of more than {DEPTH_MAX} levels")
                continue
            while closers and not self._skip(","):
                self._need(closers.pop())
            if not closers:
                return found

    def end(self) -> None:
        """Make sure that this is the end of the text."""
        if self._blank() != len(self._text):
            raise _no_json()

    def string(self, at: int) -> str | None:
        """The string at a place; None for a long one, and for another value."""
        self.go_to(at)
        return self._string(self._blank())

    def _string(self, start: int) -> str | None:
        found = _short_string(self._text, start, start + _STRING_MAX)
        if found is None:
            return None
        return _decode(found[0]) if "\\" in found[0] else found[0][1:-1]

    def _name(self) -> str | None:
        """Go behind the name of a member and the colon; the name, None for a long one."""
        self._need('"')
        start = self.at - 1
        self._pass_string()
        end = self.at
        self._need(":")
        return self._string(start) if end - start <= _STRING_MAX else None

    def _begin(self) -> str:
        """Go behind a string, number or word, or behind the bracket that opens a list or object: what closes that."""
        start = self._blank()
        character = self._text[start : start + 1]
        closer = _CLOSERS.get(character, "")
        if closer or character == '"':
            self.at += 1
            if not closer:
                self._pass_string()
        else:
            self.at = _span(_scalar, self._text, start)
        self._pay(VALUE_SIZE)
        return closer

    def _pass_string(self) -> None:
        """Go behind a string, the first mark of which is passed."""
        while self._advance(_characters):
            pass
        if not self._text.startswith('"', self.at):
            raise _no_json()
        self.at += 1

    def _pass_items(self) -> None:
        while self._advance(_items):
            pass

    # ---- places: lists of two numbers and more

    def open(self) -> None:
        """Go behind the bracket that opens a list."""
        self._need("[")

    def close(self) -> None:
        """Go behind the bracket that closes a list."""
        self._need("]")

    def more(self) -> bool:
        """Go behind a comma, if there is one; whether there is."""
        return self._skip(",")

    def number(self) -> float:
        """Go behind a number."""
        start = self._blank()
        self.at = _span(_number, self._text, start)
        self._pay(VALUE_SIZE)
        return float(self._text[start : self.at])

    def place(self) -> list[float]:
        """Go behind a list that begins with one or two numbers, and give those; a third number is 0 and says that there is more."""
        self.open()
        found = [self.number()]
        if self.more():
            found.append(self.number())
        while self.more():
            self.members(_NONE)
            found[2:] = [0.0]
        self.close()
        return found

    def places(self) -> Iterator[list[list[float]]]:
        """Go behind a list of places, and give some of them at a time: as `place` does, or all numbers of each."""
        self.open()
        while True:
            start = self.at
            if self._advance(_places):
                piece = self._text[start : self.at]
                yield _decode_places(f"[{piece.removesuffix(',')}]")[0]
                if not piece.endswith(","):
                    break
            else:
                yield [self.place()]
                if not self.more():
                    break
        self.close()

    # ---- characters

    def _blank(self) -> int:
        """Go behind blanks; where that is."""
        while self._advance(_blanks):
            pass
        return self.at

    def _skip(self, mark: str) -> bool:
        """Go behind ``mark``, if it comes next; whether it does."""
        text = self._text
        if not text.startswith(mark, self.at) and not text.startswith(mark, self._blank()):
            return False
        self.at += 1
        return True

    def _need(self, mark: str) -> None:
        if not self._skip(mark):
            raise _no_json()

    def _advance(self, pattern: Callable[[str, int, int], re.Match[str] | None]) -> bool:
        """Go behind what fits within the next piece; whether that is anything."""
        start = self.at
        self.at = _span(pattern, self._text, start, start + PIECE)
        if self.at == start:
            return False
        self._pay(0)
        return True

    def _pay(self, more: int) -> None:
        """Charge for the characters since the last time, and for so many more."""
        self._charge(self.at - self._charged + more)
        self._charged = self.at


def _span(pattern: Callable[..., re.Match[str] | None], text: str, *places: int) -> int:
    """Where what fits a pattern ends."""
    found = pattern(text, *places)
    if found is None:
        raise _no_json()
    return found.end()


def _no_json() -> JsonError:
    return JsonError("not JSON")
