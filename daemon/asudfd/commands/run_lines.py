"""What `asudfd run` shows of lines: a trace as they run, the locals where a function failed, a profile."""

from __future__ import annotations

import os
import sys

from asudfd.commands.run_output import tell

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.lua.line_watch import FailedFrame, LineWatch

SIZE_MAX = 1 << 20
"""Bytes of a module: a node takes no larger one."""

TRACE_MAX = 10_000
"""Lines that a trace shows: nobody reads more, and a loop may run a million."""

PROFILE_MAX = 40
"""Lines that a profile shows, those that took longest."""


class SourceLines:
    """The lines of modules by their place, from the files that Lua's chunk names name."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}

    def at(self, path: str, line: int) -> str:
        """The text of a line; empty where it cannot be read."""
        lines = self._files.get(path)
        if lines is None:
            lines = self._files[path] = _lines_of(path)
        return lines[line - 1] if 0 < line <= len(lines) else ""


def _lines_of(path: str) -> list[str]:
    from asinfo.files import FileError, read_file

    try:
        return read_file(path, SIZE_MAX).decode("utf-8", "backslashreplace").split("\n")
    except FileError:
        return []


class LineTrace:
    """Shows each line as it runs, TRACE_MAX of them."""

    def __init__(self) -> None:
        self._sources = SourceLines()
        self._count = 0

    def show(self, path: str, line: int) -> None:
        """A line runs."""
        self._count += 1
        if self._count <= TRACE_MAX:
            tell(f"{_place(path, line):<24} {self._sources.at(path, line)}".replace("\t", "    "))
        elif self._count == TRACE_MAX + 1:
            tell(f"more than {TRACE_MAX} lines: the rest is not shown")


def _place(path: str, line: int) -> str:
    return f"{os.path.basename(path)}:{line}"  # noqa: PTH119 - pathlib would be a part of the start-up time


def show_failure(frames: Sequence[FailedFrame]) -> None:
    """The functions that ran where the last error was raised, with their locals."""
    for frame in frames:
        name = f" in {frame.function}" if frame.function else ""
        tell(f"at {_place(frame.chunk, frame.line)}{name}")
        for variable, value in frame.variables.items():
            tell(f"    {variable} = {value}")


def show_profile(watch: LineWatch) -> None:
    """The lines that took longest."""
    from asinfo.terminal.render import Cell, Sheet, show

    sources = SourceLines()
    lines = sorted(watch.lines(), key=lambda line: -line.microseconds)
    whole = sum(line.microseconds for line in lines) or 1
    rows: list[list[Cell | str | float | None]] = [
        [
            _place(line.chunk, line.line),
            line.calls,
            line.microseconds,
            f"{line.microseconds * 100 / whole:.0f} %",
            sources.at(line.chunk, line.line).strip(),
        ]
        for line in lines[:PROFILE_MAX]
    ]
    note = f"the {PROFILE_MAX} of {len(lines)} lines that took longest" if len(lines) > PROFILE_MAX else ""
    if sys.stderr is not None:
        show(Sheet("", ["Line", "Count", "Microseconds", "Share", "Source"], rows, note), sys.stderr)
