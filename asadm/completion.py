"""The commands of asadm for the generator of completion scripts. Imports all commands."""

from __future__ import annotations

import re

from asadm import commands, statement
from asinfo.terminal.completion import Command
from asinfo.terminal.options import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asadm.commands import CommandRow

FILE = "PATH"
"""The word of a clause that stands for the name of a file."""

DIRECTORY = "DIR"
"""What the first word of a command begins with when it names a directory, or a file as well."""


def table() -> list[Command]:
    """Every command with its own flags."""
    return [_command(row) for row in commands.TABLE]


def _command(row: CommandRow) -> Command:
    return Command(
        row.name,
        _options(row),
        needs=sum(not name.startswith("[") for name in row.names),
        keywords=row.keywords,
        files=[
            keyword
            for keyword, clause in zip(row.keywords, row.clauses, strict=True)
            if FILE in clause.strip("[]").split()
        ],
        first=any(name.strip("[]").startswith(DIRECTORY) for name in row.names[:1]),
        another="COMMAND" in row.rest,
    )


def _options(row: CommandRow) -> list[Option]:
    """The flags of the command's module; a command that takes the rest of the line names them there."""
    in_rest = [Option(name, kind="flag", help=row.summary) for name in re.findall(r"--([\w-]+)", row.rest)]
    return [*getattr(statement.load(row), "OPTIONS", ()), *in_rest]
