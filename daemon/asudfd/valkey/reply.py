"""Replies that are made in Python, as values (`asinfo.wire.resp_reply`), and what only this side of the wire needs."""

from __future__ import annotations

from typing import Any, NamedTuple

from asinfo.wire import resp_reply
from asinfo.wire.resp_reply import ErrorReply, Map, Push, Set, Status, Verbatim

__all__ = [
    "CROSSSLOT",
    "OK",
    "QUEUED",
    "SYNTAX",
    "CommandFailed",
    "EncodedReply",
    "ErrorReply",
    "NullArray",
    "Push",
    "Set",
    "Status",
    "Verbatim",
    "encode",
]


class EncodedReply(NamedTuple):
    """A reply whose bytes are made already."""

    data: bytes


class NullArray(NamedTuple):
    """The null that RESP2 has for an array."""


class CommandFailed(Exception):  # noqa: N818 - named for what happened
    """A command answers an error; the text begins with its code."""

    def __init__(self, text: str | bytes) -> None:
        super().__init__(text)
        self.reply = ErrorReply(text.encode("latin-1") if isinstance(text, str) else text)


OK = Status(b"OK")
QUEUED = Status(b"QUEUED")
SYNTAX = "ERR syntax error"
CROSSSLOT = "CROSSSLOT Keys in request don't hash to the same slot"
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


def encode(value: Any, resp: int) -> bytes:
    """The bytes of a reply for a client that speaks ``resp``, 2 or 3; a dict is a map."""
    if isinstance(value, EncodedReply):
        return value.data
    if isinstance(value, NullArray):
        return b"_\r\n" if resp == 3 else b"*-1\r\n"
    return resp_reply.encode(_with_maps(value), resp)


def _with_maps(value: Any) -> Any:
    """The value with maps for dicts, and errors in one line, as the real server has them in RESP3, too."""
    if isinstance(value, ErrorReply):
        return ErrorReply(value.text.translate(_ONE_LINE))
    if isinstance(value, dict):
        return Map((key, _with_maps(each)) for key, each in value.items())
    if isinstance(value, list):
        return type(value)(_with_maps(each) for each in value)
    return value
