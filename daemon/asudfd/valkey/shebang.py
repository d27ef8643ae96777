"""The first line of libraries and scripts: `#!lua name=LIBRARY`, `#!lua flags=FLAG,FLAG`."""

from __future__ import annotations

import re
from typing import NamedTuple

from asinfo.wire.words import split_quoted
from asudfd.valkey.reply import CommandFailed

NAME = re.compile(rb"[A-Za-z0-9_]+\Z")
"""Names of libraries and functions."""

BAD_NAME = "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"

SCRIPT_FLAGS = {
    b"no-writes": b"no_writes",
    b"allow-oom": b"allow_oom",
    b"allow-stale": b"allow_stale",
    b"no-cluster": b"no_cluster",
    b"allow-cross-slot-keys": b"allow_cross_slot",
}
"""Flags of scripts, and the names of the fields that Lua keeps them in."""


class LibraryHeader(NamedTuple):
    """What the first line of a library says."""

    name: bytes
    engine: bytes


def library_header(code: bytes, *, words_end_at_quotes: bool = False) -> LibraryHeader:
    """Read the first line of a library; up to Valkey 8.1 a closing quote ends a word. Raises CommandFailed."""
    if not code.startswith(b"#!"):
        raise CommandFailed("ERR Missing library metadata")
    line, newline, _ = code.partition(b"\n")
    words = split_quoted(line, words_end_at_quotes=words_end_at_quotes)
    if not newline or not words:
        raise CommandFailed("ERR Invalid library metadata")
    name = None
    for word in words[1:]:
        if word[:5].lower() != b"name=":
            raise CommandFailed(b"ERR Invalid metadata value given: %s" % word)
        if name is not None:
            raise CommandFailed("ERR Invalid metadata value, name argument was given multiple times")
        name = word[5:]
    if name is None:
        raise CommandFailed("ERR Library name was not given")
    if not NAME.match(name):
        raise CommandFailed(BAD_NAME)
    engine = words[0][2:]
    if engine.lower() != b"lua":
        raise CommandFailed(b"ERR Engine '%s' not found" % engine)
    return LibraryHeader(name, engine)


def script_header(code: bytes) -> list[bytes]:
    """The flags in the first line of a script, as Lua's fields. Raises CommandFailed."""
    line, newline, _ = code.partition(b"\n")
    if not newline:
        raise CommandFailed("ERR Invalid script shebang")
    words = split_quoted(line)
    if words is None:
        raise CommandFailed("ERR Invalid engine in script shebang")
    engine = words[0][2:]
    if engine.lower() not in {b"lua", b""}:
        raise CommandFailed(b"ERR Could not find scripting engine '%s'" % engine)
    flags: list[bytes] = []
    for word in words[1:]:
        if word[:6].lower() != b"flags=":
            raise CommandFailed(b"ERR Unknown lua shebang option: %s" % word)
        for flag in word[6:].split(b",") if len(word) > len(b"flags=") else ():
            if flag not in SCRIPT_FLAGS:
                raise CommandFailed(b"ERR Unexpected flag in script shebang: %s" % flag)
            flags.append(SCRIPT_FLAGS[flag])
    return flags
