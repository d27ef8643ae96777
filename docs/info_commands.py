"""The page of the info commands, from the table that the node answers from."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from docs.program import GENERATED

if TYPE_CHECKING:
    from daemon.table import Row

HEAD = f"""# Info commands

<!-- {GENERATED} -->

Every info command that `asudfd` answers. The grammar shows what a request line may hold; `[...]` may be left out, words in
capitals stand for values. The first separator may be `:`, `/` or `;`. [compatibility.md](compatibility.md) says how the answers
compare with those of a real server.
"""


def page() -> str:
    """One section a command, in the order of their names."""
    rows = sorted(_rows(), key=lambda row: row.name)
    return "\n".join([HEAD, *(_section(row) for row in rows)])


def _section(row: Row) -> str:
    grammar, description = parts(row)
    facts = [f"Privilege: `{row.privilege}`."] if row.privilege else []
    facts += ["Not listed by `help`, as on the real server."] if row.hidden else []
    lines = [f"## {row.name.decode()}", f"```text\n{grammar}\n```", description, " ".join(facts)]
    return "\n\n".join(line for line in lines if line) + "\n"


def parts(row: Row) -> tuple[str, str]:
    """Grammar and description of a command: the first line of its docstring, and the rest."""
    grammar, _, description = (inspect.getdoc(row.handler) or "").partition("\n")
    return grammar, description.strip()
