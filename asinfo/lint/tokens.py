"""The tokens of a Lua 5.4 text, found by one regular expression."""

from __future__ import annotations

import re
from typing import NamedTuple

from asinfo.lint.syntax import Comment

KEYWORDS = frozenset(
    [
        "and",
        "break",
        "do",
        "else",
        "elseif",
        "end",
        "false",
        "for",
        "function",
        "goto",
        "if",
        "in",
        "local",
        "nil",
        "not",
        "or",
        "repeat",
        "return",
        "then",
        "true",
        "until",
        "while",
    ]
)

_LINE_ENDS = r"\r\n|\n\r|[\n\r]"
_ESCAPE = (
    rf"\\(?:[abfnrtv\\\"']|{_LINE_ENDS}|x[0-9a-fA-F]{{2}}|z[ \t\r\n\f\v]*+|2[0-4]\d|25[0-5]|[01]\d\d|\d\d?(?!\d)"
    r"|u\{0*+(?:[0-7][0-9a-fA-F]{7}|[0-9a-fA-F]{0,7})(?<!\{)\})"
)
_PATTERN = re.compile(
    rf"""[ \t\r\n\f\v]*+(?:
    (?P<name>[A-Za-z_][A-Za-z0-9_]*+)
  | (?P<comment>--\[(?P<of_comment>=*+)\[(?s:.*?)\](?P=of_comment)\]|--(?!\[=*+\[)[^\n\r]*+)
  | (?P<number>(?:0[xX](?:[0-9a-fA-F]++\.?[0-9a-fA-F]*+|\.[0-9a-fA-F]++)(?:[pP][+-]?\d++)?
      |(?!0[xX])(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?)(?![\w.]))
  | (?P<operator>\.\.\.|\.\.|\.(?!\d)|==|~=|<=|>=|//|::|<<|>>|\[(?!=*+\[)|[-+*/%^\#&~|<>=(){{}}\];:,])
  | (?P<string>"(?:[^"\\\n\r]++|{_ESCAPE})*"|'(?:[^'\\\n\r]++|{_ESCAPE})*'
      |\[(?P<of_string>=*+)\[(?s:.*?)\](?P=of_string)\])
  | (?P<end_of_text>\Z)
  | (?P<bad>.)
)""",
    re.VERBOSE | re.ASCII,
)


class LuaSyntaxError(Exception):
    """The text is no Lua 5.4; ``at`` is the offset of what was not expected."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


class Tokens(NamedTuple):
    """Kinds, texts and places, and at the end a token of the kind ``end_of_text``. A keyword or an operator is its own kind."""

    kinds: list[str]
    texts: list[str]
    places: list[int]
    comments: list[Comment]


def tokens(text: str) -> Tokens:
    """All of ``text``, in which a character stands for a byte. Raises LuaSyntaxError."""
    kinds: list[str] = []
    texts: list[str] = []
    places: list[int] = []
    comments: list[Comment] = []
    line_end = 0  # of the token or comment before
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup
        assert kind is not None
        at, end = match.span(kind)
        found = text[at:end]
        if kind == "comment":
            if match["of_comment"] is None:
                before = text[line_end:at]
                comments.append(Comment(at, found[2:], not line_end or "\n" in before or "\r" in before))
            line_end = end
            continue
        if kind == "bad":
            raise LuaSyntaxError(at, f"{found!r} is not expected here")
        kinds.append(found if kind == "operator" or found in KEYWORDS else kind)
        texts.append(found)
        places.append(at)
        line_end = end
        if kind == "end_of_text":
            break
    return Tokens(kinds, texts, places, comments)


_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPES = re.compile(
    rf"\\(?:x([0-9a-fA-F]{{2}})|u\{{([0-9a-fA-F]+)\}}|(\d{{1,3}})|(z[ \t\r\n\f\v]*)|({_LINE_ENDS})|(.))",
    re.DOTALL,
)


def string_value(literal: str) -> str:
    """The bytes that a string token stands for, each as a character."""
    if literal[0] == "[":
        level = literal.index("[", 1) + 1
        return re.sub(rf"\A(?:{_LINE_ENDS})", "", literal[level:-level])
    inner = literal[1:-1]
    return _ESCAPES.sub(_escaped, inner) if "\\" in inner else inner


def _escaped(match: re.Match[str]) -> str:
    byte, point, decimal, blank, line, letter = match.groups()
    if byte is not None:
        return chr(int(byte, 16))
    if point is not None:
        value = int(point, 16)
        return chr(value).encode("utf-8", "surrogatepass").decode("latin-1") if value < 0x110000 else "?"
    if decimal is not None:
        return chr(int(decimal))
    if blank is not None:
        return ""
    return "\n" if line is not None else _SIMPLE.get(letter, letter)
