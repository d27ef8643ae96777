r"""Finds the modules that a Lua text requires, without running it.

Understood are ``require "x"``, ``require 'x'``, ``require("x")`` and ``require[[x]]``, wherever they stand outside of
comments and strings. What is computed when the module runs (``require("x" .. y)``, ``pcall(require, "x")``) is not
looked for: nobody can tell what it will be.
"""

from __future__ import annotations

import re

BUILT_IN = frozenset(
    [
        *(b"_G", b"coroutine", b"debug", b"io", b"math", b"os", b"package", b"string", b"table", b"utf8"),
        *(b"aerospike", b"as", b"stream_ops"),
    ]
)
"""What every node has without a module of that name: Lua's own libraries and those of the server."""


def _literal(prefix: bytes) -> bytes:
    r"""A string that names a module; one with a backslash in it names none."""
    return (
        rb'(?:"(?P<PREFIXdouble>[^"\\\r\n]*)"'
        rb"|'(?P<PREFIXsingle>[^'\\\r\n]*)'"
        rb"|\[(?P<PREFIXlevel>=*)\[(?P<PREFIXlong>[^\]\r\n]*)\](?P=PREFIXlevel)\])"
    ).replace(b"PREFIX", prefix)


_TOKEN = re.compile(
    # Not the field of a table nor a part of a longer name; but a concatenation may end right before it.
    rb"(?<![\w:])(?:(?<!\.)|(?<=\.\.))require\s*(?:"
    + _literal(b"")
    + rb"|\(\s*"
    + _literal(b"in_")
    + rb"\s*\))"
    # What is skipped. A piece without an end takes the rest: so nothing is looked at twice.
    rb"|--\[(?P<comment>=*)\[.*?(?:\](?P=comment)\]|\Z)"
    rb"|--[^\n]*"
    rb'|"(?:[^"\\\n]|\\.)*"?'
    rb"|'(?:[^'\\\n]|\\.)*'?"
    rb"|\[(?P<bracket>=*)\[.*?(?:\](?P=bracket)\]|\Z)",
    re.DOTALL,
)

_NAMES = ("double", "single", "long", "in_double", "in_single", "in_long")


def required(content: bytes) -> tuple[bytes, ...]:
    """The names that ``content`` requires, each once, in the order of the text."""
    if b"require" not in content:
        return ()
    found: dict[bytes, None] = {}
    for token in _TOKEN.finditer(content):
        for name in token.group(*_NAMES):
            if name:
                found[name] = None
    return tuple(found)
