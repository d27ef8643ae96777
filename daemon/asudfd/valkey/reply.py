"""Replies that are made in Python, as values, and their bytes in RESP2 and RESP3.

bytes: a bulk string; int: an integer; None: null; bool, float: boolean and double; a list: an array; a dict: a map; and
the types here.
"""

from __future__ import annotations

from typing import NamedTuple


class Status(NamedTuple):
    """A simple string."""

    text: bytes


class Failure(NamedTuple):
    """An error, with its code first."""

    text: bytes


class Elements(NamedTuple):
    """A set."""

    items: list[object]


class Push(NamedTuple):
    """A message that no request asked for."""

    items: list[object]


class EncodedReply(NamedTuple):
    """Bytes that are encoded already."""

    data: bytes


class Verbatim(NamedTuple):
    """A text for people: of three letters its format."""

    format: bytes
    text: bytes


class NullArray(NamedTuple):
    """The null of an array."""


class CommandFailed(Exception):  # noqa: N818 - named for what happened
    """A command answers an error; the text begins with its code."""

    def __init__(self, text: str | bytes) -> None:
        super().__init__(text)
        self.reply = Failure(text.encode("latin-1") if isinstance(text, str) else text)


OK = Status(b"OK")
QUEUED = Status(b"QUEUED")
SYNTAX = "ERR syntax error"
_LINE = bytes.maketrans(b"\r\n", b"  ")


def encode(value: object, resp: int) -> bytes:
    """The bytes of a reply for a client that speaks ``resp``, 2 or 3."""
    out: list[bytes] = []
    _append(out, value, resp)
    return b"".join(out)


def _append(out: list[bytes], value: object, resp: int) -> None:  # noqa: C901, PLR0912 - one branch for each type
    match value:
        case bytes():
            out.append(b"$%d\r\n%s\r\n" % (len(value), value))
        case bool():
            out.append((b"#t\r\n" if value else b"#f\r\n") if resp == 3 else b":%d\r\n" % value)
        case int():
            out.append(b":%d\r\n" % value)
        case None:
            out.append(b"_\r\n" if resp == 3 else b"$-1\r\n")
        case Status(text):
            out.append(b"+%s\r\n" % text)
        case Failure(text):
            out.append(b"-%s\r\n" % text.translate(_LINE))
        case EncodedReply(data):
            out.append(data)
        case NullArray():
            out.append(b"_\r\n" if resp == 3 else b"*-1\r\n")
        case Verbatim(kind, text):
            if resp == 3:
                out.append(b"=%d\r\n%s:%s\r\n" % (len(text) + 4, kind, text))
            else:
                _append(out, text, resp)
        case dict():
            out.append((b"%%%d\r\n" if resp == 3 else b"*%d\r\n") % (len(value) * (1 if resp == 3 else 2)))
            for key, each in value.items():
                _append(out, key, resp)
                _append(out, each, resp)
        case Elements(items):
            _append_all(out, b"~" if resp == 3 else b"*", items, resp)
        case Push(items):
            _append_all(out, b">" if resp == 3 else b"*", items, resp)
        case list():
            _append_all(out, b"*", value, resp)
        case float():
            text = repr(value).encode()
            out.append(b",%s\r\n" % text if resp == 3 else b"$%d\r\n%s\r\n" % (len(text), text))
        case _:
            raise TypeError(f"no reply: {value!r}")


def _append_all(out: list[bytes], mark: bytes, items: list[object], resp: int) -> None:
    out.append(b"%s%d\r\n" % (mark, len(items)))
    for each in items:
        _append(out, each, resp)
