"""The first line of a function library of Valkey: ``#!lua name=LIBRARY``."""

from __future__ import annotations

from asinfo.errors import WireError
from asinfo.wire.words import split_quoted

BAD_NAME = "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"


class LibraryHeader:  # plain class: `typing` costs as much as a whole run of the tools
    """What the first line says: the library's name and its engine, as they are written."""

    __slots__ = ("engine", "name")

    def __init__(self, name: bytes, engine: bytes) -> None:
        self.name = name
        self.engine = engine


def is_name(name: bytes) -> bool:
    """Whether a library or a function may have this name: ASCII letters, digits and underscores."""
    return name.replace(b"_", b"0").isalnum()


def library_header(code: bytes, *, words_end_at_quotes: bool = False) -> LibraryHeader:
    """Read the first line of a library; up to Valkey 8.1 a closing quote ends a word.

    Raises WireError with the text that a server answers after ``ERR``; bytes that are no UTF-8 stand in it as surrogates.
    """
    if not code.startswith(b"#!"):
        raise WireError("Missing library metadata")
    end = code.find(b"\n")
    words = split_quoted(code[:end], words_end_at_quotes=words_end_at_quotes) if end >= 0 else None
    if not words:
        raise WireError("Invalid library metadata")
    name = None
    for word in words[1:]:
        if word[:5].lower() != b"name=":
            raise WireError(f"Invalid metadata value given: {_text(word)}")
        if name is not None:
            raise WireError("Invalid metadata value, name argument was given multiple times")
        name = word[5:]
    if name is None:
        raise WireError("Library name was not given")
    if not is_name(name):
        raise WireError(BAD_NAME)
    engine = words[0][2:]
    if engine.lower() != b"lua":
        raise WireError(f"Engine '{_text(engine)}' not found")
    return LibraryHeader(name, engine)


def _text(word: bytes) -> str:
    return word.decode("utf-8", "surrogateescape")
