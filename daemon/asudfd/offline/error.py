"""The error of a function that was called without a node: what a node would say, and the line that it is about."""

from __future__ import annotations

import re

from asinfo.errors import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.lua.line_watch import FailedFrame
    from asudfd.offline.source import OfflineSource

_PLACED = re.compile(r"([^:\n]*?([^/:\n]+)\.lua):(\d{1,9}): (.*)", re.DOTALL)
"""Where Lua says that it was: the path as it was given, or its end behind dots, the module's name, the line."""

_GLOBAL_FUNCTION = re.compile(r"^\s*function\s+([A-Za-z_]\w*)\s*\(", re.MULTILINE)

FAILED = 100
"""The result code of a call whose function has failed."""

NOT_FOUND = "function not found"

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
    are empty and 0 where no line of a module was running. ``code`` is the result code that a node answers, mostly 100.
    ``frames`` are the functions of modules that were running, the innermost first, with their locals as texts. ``told`` is what
    the text of the error says in the place of Lua's message.
    """

    def __init__(
        self,
        message: str,
        file: str = "",
        line: int = 0,
        source: str = "",
        *,
        code: int = 100,
        frames: Sequence[FailedFrame] = (),
        told: str = "",
    ) -> None:
        place = f"{file}:{line}: " if file else ""
        super().__init__(f"{place}{told or message}" + (f"\n    {source}" if source else ""))
        self.message = message
        self.file = file
        self.line = line
        self.source = source
        self.code = code
        self.frames = tuple(frames)


def call_error(
    text: str, modules: OfflineSource, code: int = 100, frames: Sequence[FailedFrame] = ()
) -> CallError:
    """The error with Lua's ``text``, which may begin with a place in one of ``modules``; else it is where ``frames`` begin."""
    placed = _PLACED.fullmatch(text)
    if placed:
        name, line, text = placed[2], int(placed[3]), placed[4]
    elif frames and code == FAILED:
        name, line = frames[0].chunk.rpartition("/")[2].removesuffix(".lua"), frames[0].line
    else:
        return CallError(text, code=code)
    lines = (modules.known(name) or b"").split(b"\n")
    source = lines[line - 1].decode("utf-8", "backslashreplace").strip() if line <= len(lines) else ""
    return CallError(text, modules.path(name), line, source, code=code, frames=frames)


def not_found(function: str, modules: OfflineSource) -> CallError:
    """The error of a function that the module does not have; it tells which ones there are, or one that is spelled nearly so."""
    from difflib import get_close_matches  # only a mistake needs it

    name = modules.name
    text = (modules.known(name) or b"").decode("utf-8", "replace")
    names = _GLOBAL_FUNCTION.findall(text)
    if near := get_close_matches(function, names, n=1):
        there = f"did you mean {near[0]}?"
    else:
        there = f"its functions: {', '.join(names)}" if names else "it has no global function"
    return CallError(NOT_FOUND, told=f"{modules.path(name)} has no function {function!r}; {there}")
