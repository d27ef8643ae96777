"""The completion scripts of asadm, made of its options and commands. Imports all commands."""

from __future__ import annotations

import re

from asadm import commands, placeholders, statement
from asadm.flags import OPTIONS
from asinfo.info_names import NAMES
from asinfo.terminal import completion
from asinfo.terminal.completion import INFO_COMMANDS, Command, Place
from asinfo.terminal.options import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asadm.commands import CommandRow


def script_of(shell: str) -> str:
    """The script of ``shell``: bash, zsh or fish."""
    return completion.script(shell, "asadm", OPTIONS, table(), {INFO_COMMANDS: NAMES})


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
            for keyword in row.keywords
            if placeholders.names_file(placeholders.clause_word(row, keyword))
        ],
        first=placeholders.names_file(placeholders.word_of(row, 0)),
        places=_places(row),
        another="COMMAND" in row.rest,
    )


def _places(row: CommandRow) -> list[Place]:
    """The words of the command for which values are offered."""
    found = [(keyword, placeholders.clause_word(row, keyword)) for keyword in row.keywords]
    for position, name in enumerate(row.names):
        found.append(("*" if "..." in name else str(position), placeholders.word_of(row, position)))
    kinds = [Place(where, placeholders.kind_of(row, word)) for where, word in found]
    return [place for place in kinds if place.kind not in {"", INFO_COMMANDS}]


def _options(row: CommandRow) -> list[Option]:
    """The flags of the command's module; a command that takes the rest of the line names them there."""
    in_rest = [Option(name, kind="flag", help=row.summary) for name in re.findall(r"--([\w-]+)", row.rest)]
    return [*getattr(statement.load(row), "OPTIONS", ()), *in_rest]
