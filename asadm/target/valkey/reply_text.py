"""Replies of Valkey as its command-line tool shows them on a terminal, and as JSON."""

from __future__ import annotations

from asinfo.text import text as shown
from asinfo.wire.double import double_text
from asinfo.wire.resp_reply import BigNumber, ErrorReply, Map, Set, Status, Verbatim

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import Any

_ESCAPES = {0x22: '\\"', 0x5C: "\\\\", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x07: "\\a", 0x08: "\\b"}
_PRINTABLE = range(0x20, 0x7F)


def lines(value: Any) -> list[str]:
    """The lines that show a reply."""
    if isinstance(value, Map):
        return _numbered([[*lines(key), *lines(each)] for key, each in value], "(empty hash)", "#")
    if isinstance(value, list):
        is_set = isinstance(value, Set)
        empty = "(empty set)" if is_set else "(empty array)"
        return _numbered([lines(each) for each in value], empty, "~" if is_set else ")")
    return [_scalar(value)]


def _scalar(value: Any) -> str:
    if value is None:
        return "(nil)"
    if isinstance(value, Status):
        return shown(value)
    if isinstance(value, bytes):
        return quoted(value)
    if isinstance(value, ErrorReply):
        return f"(error) {shown(value.text)}"
    if isinstance(value, bool):
        return "(true)" if value else "(false)"
    if isinstance(value, int):
        return f"(integer) {value}"
    if isinstance(value, float):
        return f"(double) {shown(double_text(value))}"
    return shown(value.digits) if isinstance(value, BigNumber) else shown(value.text)


def _numbered(items: list[list[str]], empty: str, mark: str) -> list[str]:
    """The lines of an aggregate: each item begins with its number, and its other lines stand below its text."""
    if not items:
        return [empty]
    width = len(str(len(items)))
    found = []
    for number, item in enumerate(items, 1):
        begin = f"{number:>{width}}{mark} "
        found += [begin + item[0], *(" " * len(begin) + line for line in item[1:])]
    return found


def quoted(data: bytes) -> str:
    r"""Bytes in double quotes; what is not printable ASCII as ``\n``, ``\xNN`` and so on."""
    return (
        '"'
        + "".join(
            _ESCAPES.get(each) or (chr(each) if each in _PRINTABLE else f"\\x{each:02x}") for each in data
        )
        + '"'
    )


def as_json(value: Any) -> object:
    r"""A reply for JSON: an error is an object with the member ``error``, other bytes than UTF-8 are ``\xNN``."""
    if isinstance(value, Map):
        return [[as_json(key), as_json(each)] for key, each in value]
    if isinstance(value, list):
        return [as_json(each) for each in value]
    if isinstance(value, ErrorReply):
        return {"error": shown(value.text)}
    if isinstance(value, bytes):
        return shown(value)
    if isinstance(value, float) and value - value != 0:
        return shown(double_text(value))
    if isinstance(value, BigNumber):
        return shown(value.digits)
    return shown(value.text) if isinstance(value, Verbatim) else value
