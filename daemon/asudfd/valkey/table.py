"""The table of commands: one row for each command and subcommand, from `commands.json`.

A row tells what clients may ask of a command (COMMAND INFO) and what the server goes by: arity, flags, positions of keys.
What a command does is elsewhere: commands on the keyspace are Lua (`asudfd/lua/valkey/commands/`), those about the
connection and the server are handlers in Python (`asudfd/valkey/commands/`).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


class CommandSpec(NamedTuple):
    """What is known of a command. The fields are those of COMMAND INFO; ``name`` of a subcommand is `config|get`.

    ``arity`` counts the name; negative: at least so many. ``keys``: first, last, step. ``group`` and ``since`` are as in
    COMMAND DOCS.
    """

    name: str
    arity: int
    flags: tuple[str, ...]
    keys: tuple[int, int, int]
    categories: tuple[str, ...]
    tips: tuple[str, ...]
    specs: tuple[dict[str, Any], ...]
    since: str
    group: str


@cache
def command_rows() -> dict[str, CommandSpec]:
    """All rows by name, in the order of the names."""
    rows = json.loads(Path(__file__).with_name("commands.json").read_bytes())
    return {row["name"]: _row(row) for row in rows}


def newer_than_8_1(row: CommandSpec) -> bool:
    """Whether Valkey 8.1 does not know the command."""
    return row.since.startswith("9.")


def _row(row: dict[str, Any]) -> CommandSpec:
    """Written out: there are 400, and a node that starts waits for them."""
    flags, keys, categories = tuple(row["flags"]), tuple(row["keys"]), tuple(row["categories"])
    tips, specs = tuple(row["tips"]), tuple(row["specs"])
    return CommandSpec(
        row["name"], row["arity"], flags, keys, categories, tips, specs, row["since"], row["group"]
    )
