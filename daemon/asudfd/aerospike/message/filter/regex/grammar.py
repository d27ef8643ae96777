r"""The grammar of POSIX regular expressions, basic and extended, with all that the GNU C library makes of it.

That is what the real server has. It differs from the standard, which leaves much open: `\+` `\?` `\|` in basic ones,
`\w` `\W` `\s` `\S` `\<` `\>` `\b` `\B` and the two ends of the text in both, what a `*` means that follows
nothing, and which braces and brackets stand for themselves. Texts are bytes, as in its locale C.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from asinfo.errors import WireError
from asinfo.wire.expression import Unsupported
from asudfd.aerospike.message.filter.regex.brackets import CLASSES, WORD, Bracket
from asudfd.aerospike.message.filter.regex.tree import (
    ALL,
    Anchor,
    Assertion,
    ByteSet,
    Node,
    bytes_set,
    choice,
    repeat,
    sequence,
)

DEPTH_MAX = 60
"""Groups within each other; ours: each takes five calls of Python's own stack, which holds a thousand in all, and a
filter may have taken half of them before."""

COUNT_MAX = 32_767
"""Most times that a counted repetition may ask for: the library's own limit."""

_LOWER, _UPPER = CLASSES[b"lower"], CLASSES[b"upper"]
_SPACE = CLASSES[b"space"]


class _TokenKind(Enum):
    END = auto()
    CHARACTER = auto()
    ANY = auto()
    BRACKET = auto()
    SET = auto()
    POINT = auto()
    OPEN = auto()
    CLOSE = auto()
    ALTERNATIVE = auto()
    STAR = auto()
    PLUS = auto()
    OPTIONAL = auto()
    OPEN_COUNT = auto()
    CLOSE_COUNT = auto()
    REFERENCE = auto()
    LONE_BACKSLASH = auto()


class _PatternToken(NamedTuple):
    kind: _TokenKind
    byte: int


_OPERATORS = {
    ord("("): _TokenKind.OPEN,
    ord(")"): _TokenKind.CLOSE,
    ord("|"): _TokenKind.ALTERNATIVE,
    ord("+"): _TokenKind.PLUS,
    ord("?"): _TokenKind.OPTIONAL,
    ord("{"): _TokenKind.OPEN_COUNT,
    ord("}"): _TokenKind.CLOSE_COUNT,
}
"""These take a backslash in basic expressions, and none in extended ones."""

_SETS = {ord("w"): WORD, ord("W"): ALL & ~WORD, ord("s"): _SPACE, ord("S"): ALL & ~_SPACE}

_HAT, _DOLLAR, _BACKSLASH, _COMMA = b"^$\\,"

_POINTS = {
    _HAT: Assertion.LINE_START,
    _DOLLAR: Assertion.LINE_END,
    ord("<"): Assertion.WORD_START,
    ord(">"): Assertion.WORD_END,
    ord("b"): Assertion.WORD_EDGE,
    ord("B"): Assertion.NO_WORD_EDGE,
    ord("`"): Assertion.TEXT_START,
    ord("'"): Assertion.TEXT_END,
}

_PLAIN = {
    ord("*"): _TokenKind.STAR,
    ord("."): _TokenKind.ANY,
    ord("["): _TokenKind.BRACKET,
    _HAT: _TokenKind.POINT,
    _DOLLAR: _TokenKind.POINT,
}

_ESCAPED = {
    **dict.fromkeys(b"123456789", _TokenKind.REFERENCE),
    **dict.fromkeys(_SETS, _TokenKind.SET),
    **dict.fromkeys(b"<>bB`'", _TokenKind.POINT),
}

_LIMITS = {_TokenKind.STAR: (0, None), _TokenKind.PLUS: (1, None), _TokenKind.OPTIONAL: (0, 1)}
_REPETITIONS = {*_LIMITS, _TokenKind.OPEN_COUNT}


class PatternReader:
    """Reads one pattern."""

    __slots__ = (
        *("_closed", "_extended", "_fold", "_groups", "_newline", "_pattern", "_place", "_raw", "_token"),
        *("_escaped", "_plain"),
    )

    def __init__(self, pattern: bytes, *, extended: bool, fold: bool, newline: bool) -> None:
        """``fold``: case does not count. ``newline``: `.` and `[^x]` do not take a newline."""
        self._raw = pattern
        self._pattern = pattern.upper() if fold else pattern
        self._extended, self._fold, self._newline = extended, fold, newline
        self._plain = {**_PLAIN, **_OPERATORS} if extended else _PLAIN
        self._escaped = _ESCAPED if extended else {**_ESCAPED, **_OPERATORS}
        self._place = 0
        self._groups = 0
        self._closed: set[int] = set()
        self._token = _PatternToken(_TokenKind.END, 0)

    def read(self) -> Node:
        """The whole pattern. Raises WireError for one that is none, Unsupported for one that is not offered."""
        self._advance(anchors=True)
        return self._alternatives(0)

    # ---- tokens

    def _advance(self, *, anchors: bool = False) -> None:
        """Take the next token; ``anchors``: a `^` is one here, even in a basic expression."""
        self._token = self._next(anchors)

    def _next(self, anchors: bool) -> _PatternToken:
        place = self._place
        if place == len(self._pattern):
            return _PatternToken(_TokenKind.END, 0)
        byte = self._pattern[place]
        self._place = place + 1
        if byte == _BACKSLASH:
            return self._next_escaped()
        kind = self._plain.get(byte, _TokenKind.CHARACTER)
        if kind is _TokenKind.POINT and not self._extended and not self._is_anchor(byte, place, anchors):
            kind = _TokenKind.CHARACTER
        return _PatternToken(kind, byte)

    def _next_escaped(self) -> _PatternToken:
        if self._place == len(self._pattern):
            return _PatternToken(_TokenKind.LONE_BACKSLASH, _BACKSLASH)
        byte = self._raw[self._place]
        self._place += 1
        kind = self._escaped.get(byte, _TokenKind.CHARACTER)
        return _PatternToken(kind, byte)

    def _is_anchor(self, byte: int, place: int, anchors: bool) -> bool:
        """Whether a `^` or `$` of a basic expression is one: at the start or end of a branch."""
        if byte == _HAT:
            return anchors or place == 0
        return place + 1 == len(self._pattern) or self._pattern.startswith((b"\\)", b"\\|"), place + 1)

    # ---- expressions

    def _alternatives(self, depth: int) -> Node:
        parts = [self._branch(depth)]
        while self._token.kind is _TokenKind.ALTERNATIVE:
            self._advance(anchors=True)
            parts.append(self._branch(depth))
        return choice(parts)

    def _branch(self, depth: int) -> Node:
        ends = (
            {_TokenKind.ALTERNATIVE, _TokenKind.END, _TokenKind.CLOSE}
            if depth
            else {_TokenKind.ALTERNATIVE, _TokenKind.END}
        )
        parts: list[Node] = []
        while self._token.kind not in ends:
            parts.append(self._item(depth))
        return sequence(parts)

    def _item(self, depth: int) -> Node:
        """An atom and what repeats it; nothing repeats an anchor."""
        kind, byte = self._token
        if kind is _TokenKind.POINT:
            self._advance()
            return Anchor(_POINTS[byte])
        node = self._atom(kind, byte, depth)
        self._advance()
        while self._token.kind in _REPETITIONS:
            node = self._repeated(node)
            if not self._extended and self._token.kind in {_TokenKind.STAR, _TokenKind.OPEN_COUNT}:
                raise WireError("a regular expression repeats what is repeated already")
        return node

    def _atom(self, kind: _TokenKind, byte: int, depth: int) -> Node:
        match kind:
            case _TokenKind.CHARACTER | _TokenKind.CLOSE_COUNT:
                return self._leaf(1 << byte)
            case _TokenKind.ANY:
                return self._leaf(ALL & ~bytes_set(b"\n") if self._newline else ALL)
            case _TokenKind.SET:
                return self._leaf(_SETS[byte])
            case _TokenKind.BRACKET:
                return self._bracket()
            case _TokenKind.OPEN:
                return self._group(depth + 1)
            case _TokenKind.REFERENCE:
                if byte - ord("0") in self._closed:
                    raise Unsupported("regular expressions that refer back are not supported")
            case _TokenKind.CLOSE if self._extended:
                return self._leaf(1 << byte)
            case _TokenKind.STAR | _TokenKind.PLUS | _TokenKind.OPTIONAL if not self._extended:
                return self._leaf(1 << byte)
        raise WireError("not a regular expression")

    def _leaf(self, accepted: int) -> ByteSet:
        """One byte of ``accepted``. Without regard to case the text's letters count as capitals, as in the library."""
        if self._fold:
            accepted = accepted & ~_LOWER | (accepted & _UPPER) << 32  # small letters are 32 behind capitals
        return ByteSet(accepted)

    def _bracket(self) -> ByteSet:
        bracket = Bracket(self._pattern, self._raw, self._place)
        accepted = bracket.read(newline=self._newline)
        self._place = bracket.place
        return self._leaf(accepted)

    def _group(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise Unsupported(f"more than {DEPTH_MAX} groups in each other in a regular expression")
        self._groups += 1
        number = self._groups
        self._advance(anchors=True)
        node = self._alternatives(depth)
        if self._token.kind is not _TokenKind.CLOSE:
            raise WireError("a group of a regular expression that is not closed")
        self._closed.add(number)
        return node

    # ---- repetitions

    def _repeated(self, node: Node) -> Node:
        low, high = self._counts() if self._token.kind is _TokenKind.OPEN_COUNT else _LIMITS[self._token.kind]
        self._advance()
        return repeat(node, low, high)

    def _counts(self) -> tuple[int, int | None]:
        first = self._number()
        if self._token.kind is _TokenKind.CLOSE_COUNT:
            low, high = first, first
        else:
            low, high = first or 0, self._number()
        if (
            low is None
            or self._token.kind is not _TokenKind.CLOSE_COUNT
            or not low <= (COUNT_MAX if high is None else high) <= COUNT_MAX
        ):
            raise WireError("a counted repetition of a regular expression is wrong")
        return low, high

    def _number(self) -> int | None:
        """The digits up to a comma or the closing brace; None if there are none."""
        found = None
        while True:
            self._advance()
            kind, byte = self._token
            if kind is _TokenKind.CLOSE_COUNT or (kind is not _TokenKind.END and byte == _COMMA):
                return found
            if kind is not _TokenKind.CHARACTER or not ord("0") <= byte <= ord("9"):
                raise WireError("a counted repetition of a regular expression is wrong")
            found = min((found or 0) * 10 + byte - ord("0"), COUNT_MAX + 1)
