"""Texts of scripts and libraries: how they are named where they are compiled, and what comes of their check."""

from __future__ import annotations

from typing import NamedTuple

SCRIPT, LIBRARY = b"@user_script", b"@user_function"
"""The names of chunks, as errors in them show them."""

LONG = 16384
"""Bytes above which a text may take long to compile. Up to here it takes 16 ms at most (a chain of `or`, whose jumps are gone through for
each; 8 ms where every name is looked for among all local variables; 23 ms in `bytecode.lua`). A megabyte can take minutes."""

MEMORY = 64 << 20
"""Bytes that a library may take while it is checked. Servers have no limit; one of 190 functions takes 1 MB."""


class LuaText(NamedTuple):
    """A text as a client sends it, and the name of its chunk."""

    chunk: bytes
    code: bytes

    @property
    def compiled(self) -> bytes:
        """What is compiled: without the first line, if that is one for the server, but with its end, so that line numbers stay."""
        return self.code[self.code.find(b"\n") :] if self.code.startswith(b"#!") else self.code


class CheckedText(NamedTuple):
    """What a text was compiled to, or why it was not; or why the body of a library is not to be run."""

    bytecode: bytes | None
    message: bytes = b""
    refusal: bytes = b""


class CommandHeldError(Exception):
    """The command waits for the check of its texts, and is handled anew afterwards."""


class CheckWantedError(Exception):
    """The body of a library did not end soon: it is to be checked first."""
