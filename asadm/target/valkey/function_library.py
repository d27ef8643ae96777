"""A function library as text: its name, which is what its first line says, ``#!lua name=NAME``."""

from __future__ import annotations

from asinfo.errors import WireError
from asinfo.text import text as shown
from asinfo.wire.shebang import library_header

FIRST_LINE = "the first line of a library is #!lua name=NAME"

SIZE_MAX = 4 << 20
"""Bytes of a library. Servers break off a load that takes 500 ms, and Lua compiles some 3 MB in that time."""


class LibrarySource:
    """A library in a file: its ``name``, the ``path`` of the file and its whole ``text``."""

    __slots__ = ("name", "path", "text")

    def __init__(self, name: bytes, path: str, text: bytes) -> None:
        self.name = name
        self.path = path
        self.text = text


def library_name(text: bytes) -> bytes:
    """The name that a library's first line gives it. Raises WireError with the reason, as servers word it."""
    try:
        return library_header(text).name
    except WireError as error:
        reason = shown(str(error).encode("utf-8", "surrogateescape"))
        raise WireError(reason) from None
