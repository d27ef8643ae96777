"""The errors of modules outside Lua."""

import re

from asinfo.errors import Error
from asudfd.lua.context import TEXT_MAX

MESSAGE_SIZE_MAX = 1023
"""Bytes of a compile error's message. Source: the info protocol specification, section 3."""

FIRST_LINE_SIZE_MAX = 256
"""Bytes of a message that names no place."""

NULL_MESSAGE = b"(Null error message returned by lua)"

_PLACED = re.compile(rb'\[string "([^"]*)".*?\]:(\d{1,9}): (.*)', re.DOTALL)
_NOT_IN_A_NAME = re.compile(rb"[\x00-\x1f\x7f;]")


class ModuleError(Error):
    """A module does not compile, or its body fails: chunk name, line (0: unknown) and Lua's message."""

    def __init__(self, file: bytes, line: int, message: bytes) -> None:
        super().__init__(f"{file!r}:{line}: {message!r}")
        self.file = file
        self.line = line
        self.message = message


def compile_error(message: bytes | None) -> ModuleError:
    """Lua's message, taken apart as the real server does: file, line and text, or a first line without a place."""
    text = NULL_MESSAGE if message is None else message[:TEXT_MAX]
    placed = _PLACED.match(text)
    if placed:
        # the module may have written the name: a reply stays one line of three fields
        return ModuleError(printable_file(placed[1]), int(placed[2]), placed[3][:MESSAGE_SIZE_MAX])
    return ModuleError(b"", 0, text.partition(b"\n")[0][:FIRST_LINE_SIZE_MAX])


def printable_file(name: bytes) -> bytes:
    """The name of a file in a message, whoever has made it up: a reply stays one line of three fields."""
    return _NOT_IN_A_NAME.sub(b"?", name)
