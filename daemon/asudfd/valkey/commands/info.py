"""INFO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.info_sections import NOT_BY_DEFAULT, SECTIONS
from asudfd.valkey.reply import Verbatim

if TYPE_CHECKING:
    from asudfd.valkey.request import CommandRequest

ALL = frozenset({"all", "everything"})


def info(request: CommandRequest) -> object:
    """INFO [section...]."""
    words = {each.decode("latin-1").lower() for each in request.arguments[1:]} or {"default"}
    chosen = [
        name
        for name in SECTIONS
        if name in words or words & ALL or ("default" in words and name not in NOT_BY_DEFAULT)
    ]
    parts = []
    for name in chosen:
        title, fields = SECTIONS[name]
        lines = "".join(f"{field}:{value}\r\n" for field, value in fields(request.state).items())
        parts.append(f"# {title}\r\n{lines}")
    return Verbatim(b"txt", "\r\n".join(parts).encode("latin-1"))


HANDLERS = {"info": info}
