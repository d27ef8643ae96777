"""The first line of libraries and scripts: `#!lua name=LIBRARY`, `#!lua flags=FLAG,FLAG`."""

from __future__ import annotations

from asinfo.errors import WireError
from asinfo.wire.shebang import LibraryHeader
from asinfo.wire.shebang import library_header as read_header
from asinfo.wire.words import split_quoted
from asudfd.valkey.reply import CommandFailed

SCRIPT_FLAGS = {
    b"no-writes": b"no_writes",
    b"allow-oom": b"allow_oom",
    b"allow-stale": b"allow_stale",
    b"no-cluster": b"no_cluster",
    b"allow-cross-slot-keys": b"allow_cross_slot",
}
"""Flags of scripts, and the names of the fields that Lua keeps them in."""


def library_header(code: bytes, *, words_end_at_quotes: bool = False) -> LibraryHeader:
    """Read the first line of a library; up to Valkey 8.1 a closing quote ends a word. Raises CommandFailed."""
    try:
        return read_header(code, words_end_at_quotes=words_end_at_quotes)
    except WireError as error:
        raise CommandFailed(b"ERR %s" % str(error).encode("utf-8", "surrogateescape")) from None


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
