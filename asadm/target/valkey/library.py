"""The first line of a library: ``#!lua name=NAME``."""

from __future__ import annotations

from asinfo.errors import WireError


def library_name(text: bytes) -> bytes:
    """The name that a library gives itself. Raises WireError."""
    line = text.partition(b"\n")[0].removesuffix(b"\r")
    for word in line.split()[1:]:
        key, _, value = word.partition(b"=")
        if key == b"name" and value:
            return value
    raise WireError("Library name was not given")
