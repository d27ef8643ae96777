"""The page of the info commands, generated from the command table of the node."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING

from asudfd.aerospike.info.families import table
from docs.program import GENERATED

if TYPE_CHECKING:
    from asudfd.aerospike.info.table import InfoCommand

HEADING_NAMES_MAX = 4

HEAD = f"""# Info commands

<!-- {GENERATED} -->

Every info command that `asudfd` supports. The grammar shows the format of a request: `[...]` is optional, words in capitals are
placeholders for values. The first separator may be `:`, `/` or `;`. [compatibility.md](compatibility.md) compares the answers with
those of a real server.
"""


def page() -> str:
    """One section for each family of commands, with one subsection for each handler; it may serve several commands."""
    families: dict[str, dict[object, list[InfoCommand]]] = {}
    for row in table().rows.values():
        family = families.setdefault(row.handler.__module__, {})
        family.setdefault(row.handler, []).append(row)
    sections = [HEAD]
    for module, family in families.items():
        title, _, _ = (inspect.getdoc(importlib.import_module(module)) or "").partition("\n")
        sections += [f"## {title.rstrip('.')}\n", *(_section(rows) for rows in family.values())]
    return "\n".join(sections)


def _section(rows: list[InfoCommand]) -> str:
    first = rows[0]
    names = [row.name.decode() for row in rows]
    heading = ", ".join(names) if len(names) <= HEADING_NAMES_MAX else f"{names[0]} and {len(names) - 1} more"
    grammar, description = parts(first)
    if "COMMAND" in grammar:
        grammar = "\n".join(grammar.replace("COMMAND", name) for name in names)
    facts = [f"Privilege: `{first.privilege}`."] if first.privilege else []
    facts += ["Not listed by `help`, as on the real server."] if all(row.hidden for row in rows) else []
    lines = [f"### {heading}", f"```text\n{grammar}\n```", description, " ".join(facts)]
    return "\n\n".join(line for line in lines if line) + "\n"


def parts(row: InfoCommand) -> tuple[str, str]:
    """Grammar and description of a command: the first line of its docstring, and the rest."""
    grammar, _, description = (inspect.getdoc(row.handler) or "").partition("\n")
    return grammar, description.strip()
