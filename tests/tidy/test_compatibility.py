"""The page about compatibility names every info command of the node, and no other."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

from asudfd.aerospike.info.absent import ENTERPRISE
from asudfd.aerospike.info.families import table
from asudfd.errors import Code
from tests.each import for_each

PAGE = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text(encoding="utf-8")

CELL_WORDS_MAX = 25
"""A cell that says more is a paragraph: it belongs below its table, with a link."""

COMMANDS = sorted(name.decode() for name in table().rows)


def rows() -> list[tuple[list[str], str]]:
    """Names in the first column, and what the second says of them."""
    section = PAGE.partition("## Info commands")[2].partition("\n## ")[0]
    columns = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return [(re.findall(r"`([^`]+)`", first), " | ".join(rest)) for first, *rest in columns]


PATTERNS = [pattern for names, _ in rows() for pattern in names]


@for_each(COMMANDS)
def test_every_command_is_named(command: str) -> None:
    assert any(fnmatchcase(command, pattern) for pattern in PATTERNS)


@for_each(PATTERNS)
def test_what_is_named_is_answered(pattern: str) -> None:
    assert any(fnmatchcase(command, pattern) for command in COMMANDS)


def test_a_name_stands_once() -> None:
    assert len(set(PATTERNS)) == len(PATTERNS)


def test_nothing_that_is_answered_is_called_missing() -> None:
    assert not [names for names, text in rows() if "not emulated" in text]


def test_the_enterprise_commands_are_those() -> None:
    (named,) = (names for names, text in rows() if f"ERROR:{Code.ENTERPRISE_ONLY:d}:" in text)
    for name in ENTERPRISE:
        assert any(fnmatchcase(name.decode(), pattern) for pattern in named), name
    others = set(COMMANDS) - {name.decode() for name in ENTERPRISE}
    assert not [name for name in others for pattern in named if fnmatchcase(name, pattern)]


def test_no_cell_of_a_table_is_a_paragraph() -> None:
    cells = [
        cell for line in PAGE.splitlines() if line.startswith("|") for cell in line.strip("|").split(" | ")
    ]
    assert not [cell for cell in cells if len(cell.split()) > CELL_WORDS_MAX]
