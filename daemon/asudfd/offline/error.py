"""The error of a function that was called without a node: what a node would say, and the line that it is about."""

from __future__ import annotations

import re

from asinfo.errors import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asudfd.offline.source import OfflineSource

_PLACED = re.compile(r"([^:\n]*?([^/:\n]+)\.lua):(\d{1,9}): (.*)", re.DOTALL)
"""Where Lua says that it was: the path as it was given, or its end behind dots, the module's name, the line."""

TEXTS = {
    2: "the record would be left without bins: a function that creates one assigns a bin before",
    4: "record.set_ttl: a time to live is at most ten years",
    12: "a bin was given a record, which no bin can hold",
    21: "a record has at most 512 bins",
}
"""What the answers of a node mean that have no text there, by their result code."""


class CallError(Error):
    """A function has failed, or its module does not load.

    ``message`` is Lua's, without a place. ``file`` and ``line`` say where that was, ``source`` is the text of the line; they
    are empty and 0 where Lua names no line of a module. ``code`` is the result code that a node answers, mostly 100.
    """

    def __init__(
        self, message: str, file: str = "", line: int = 0, source: str = "", code: int = 100
    ) -> None:
        place = f"{file}:{line}: " if file else ""
        super().__init__(f"{place}{message}" + (f"\n    {source}" if source else ""))
        self.message = message
        self.file = file
        self.line = line
        self.source = source
        self.code = code


def call_error(text: str, modules: OfflineSource, code: int = 100) -> CallError:
    """The error with Lua's ``text``, which may begin with a place in one of ``modules``."""
    placed = _PLACED.fullmatch(text)
    if not placed:
        return CallError(text, code=code)
    name, line = placed[2], int(placed[3])
    lines = (modules.known(name) or b"").split(b"\n")
    source = lines[line - 1].decode("utf-8", "backslashreplace").strip() if line <= len(lines) else ""
    return CallError(placed[4], modules.path(name), line, source, code)
