"""Help texts are written for lines of `LINE_WIDTH` columns; here they get those that a narrower terminal has."""

from __future__ import annotations

LINE_WIDTH = 118
"""Columns of a help text: the notes of the commands have as many."""

FULL = 0.8 * LINE_WIDTH
"""A line that is longer is followed by one of the same paragraph."""

WIDTH_MIN = 40
"""A terminal that is narrower gets lines of this width: the names of flags would not fit."""

SECOND_COLUMN_MIN = 24
"""The second column of an example goes on below itself where it has so many places; else below the first."""


def terminal_width() -> int:
    """Columns for a help text on this terminal."""
    from shutil import get_terminal_size

    return max(WIDTH_MIN, min(LINE_WIDTH, get_terminal_size().columns))


def reflowed(text: str, width: int) -> list[str]:
    """The lines of ``text`` for a terminal of ``width``: lines that fill a row belong together, indented ones stand alone."""
    if width >= LINE_WIDTH:
        return text.split("\n")
    lines: list[str] = []
    paragraph = ""
    for line in text.split("\n"):
        if line and line[0] != " ":
            paragraph = f"{paragraph} {line}".lstrip()
            if len(line) > FULL:
                continue
        lines += wrapped(paragraph, width)
        paragraph = ""
        if not line or line[0] == " ":
            lines += _indented(line, width) or [""]
    return lines + wrapped(paragraph, width)


def _indented(line: str, width: int) -> list[str]:
    """The lines of an indented one. Its second column, if it has one, goes on below itself, or stands below the first."""
    inner = line.lstrip()
    indent = len(line) - len(inner)
    first, gap, second = inner.partition("  ")
    column = len(line) - len(second.lstrip())
    if gap and len(line) > width and width - column < SECOND_COLUMN_MIN:
        below = " " * (indent + 4) + second.lstrip()
        return [*wrapped(line[:indent] + first, width, indent + 4), *wrapped(below, width, indent + 4)]
    return wrapped(line, width, column if gap else indent + 4)


def wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """``text`` at its words; names such as cluster-name are whole ones. All lines but the first are indented."""
    from textwrap import wrap

    return wrap(text, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)
