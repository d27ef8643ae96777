"""One line on each command, in our own words: for COMMAND DOCS and the HELP of commands with subcommands."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def _summaries() -> dict[str, str]:
    text = (files(__package__) / "summaries.txt").read_text(encoding="utf-8")
    return dict(line.split(": ", 1) for line in text.splitlines() if line)


def summary(name: str) -> str:
    """What the command does."""
    return _summaries().get(name, "")
