"""The error of a function: its text, and the line of the library where it was raised."""

from __future__ import annotations

from asinfo.text import number
from asinfo.text import text as shown

_PLACE = b" script: "
_LIBRARY = b"on @user_function:"


class FunctionFailed(Exception):  # noqa: N818 - named for what happened
    """A function has answered an error: its text, and the line of the library where it was raised (0: none)."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def function_failed(text: bytes) -> FunctionFailed:
    """The error ``text`` without the place that a server writes behind it, and before it where Lua raised it.

    REASON script: on @user_function:LINE.            Valkey 9.1
    REASON script: NAME, on @user_function:LINE.      Valkey 8.1, Redis 7.0
    """
    reason, found, place = text.rpartition(_PLACE)
    _, named, digits = place.rpartition(_LIBRARY)
    line = number(digits.rstrip(b"."))
    if not found or not named or line is None:
        return FunctionFailed(shown(text), 0)
    begin = b"ERR user_function:%d: " % line
    return FunctionFailed(shown(reason.removeprefix(begin) if reason.startswith(begin) else reason), line)
