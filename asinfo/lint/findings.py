"""What a check finds: a code, a place in a module, and words for its author."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

ERROR, WARNING = "error", "warning"
"""An error is what a node refuses when the module is registered; a warning is what likely fails, or surprises, later."""


LINE_MAX = 1000
"""Bytes of a line of a module that a finding keeps, and characters of its message: a longer one is no line for people."""


class FindingCode(NamedTuple):
    """A kind of finding, as docs/lint.md tells it.

    ``level``    `ERROR` or `WARNING`
    ``title``    one line
    ``text``     why it is found
    ``wrong``    a module that has it, and ``right`` the same without; both in Lua
    """

    name: str
    level: str
    title: str
    text: str
    wrong: str = ""
    right: str = ""


class LintFinding(NamedTuple):
    """One finding; ``line`` and ``column`` count from 1, and are 0 where it is about the file as such."""

    code: str
    level: str
    path: str
    line: int
    column: int
    message: str
    source: str = ""
    """The line of the module."""

    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.path}{place}: {self.level}: {self.message} [{self.code}]".replace("\n", "\\n")


class Lines:
    """The lines of a text, by offset."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._starts = [0]
        at = content.find(b"\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = content.find(b"\n", at + 1)

    def number(self, at: int) -> int:
        """The line, from 1, that has the byte at ``at``."""
        return bisect_right(self._starts, at)

    def text(self, line: int) -> str:
        """The line with that number, as far as it is kept."""
        start = self._starts[line - 1]
        end = self.content.find(b"\n", start, start + LINE_MAX)
        return (
            self.content[start : end if end >= 0 else start + LINE_MAX]
            .decode("utf-8", "replace")
            .rstrip("\r")
        )

    def column(self, at: int) -> int:
        """The column, from 1, of the byte at ``at`` in its line: in characters, behind what is kept of it in bytes."""
        start = self._starts[self.number(at) - 1]
        kept = min(at, start + LINE_MAX)
        return len(self.content[start:kept].decode("utf-8", "replace")) + at - kept + 1

    def __len__(self) -> int:
        return len(self._starts)


def in_order(findings: Iterable[LintFinding]) -> list[LintFinding]:
    """By place, within the order of files that they have."""
    files: dict[str, list[LintFinding]] = {}
    for finding in findings:
        files.setdefault(finding.path, []).append(finding)
    return [
        each for found in files.values() for each in sorted(found, key=lambda one: (one.line, one.column))
    ]
