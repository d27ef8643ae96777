"""What the words stand for that the grammar of a command has in the place of what is typed; completion goes by it."""

from __future__ import annotations

from asadm.target.types import FUNCTION
from asinfo.terminal.completion import LIBRARIES, MODULES, PLACEHOLDERS

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.commands.row import CommandRow


def word_of(row: CommandRow, position: int) -> str:
    """The placeholder of the word at ``position`` behind the command, without brackets and dots; empty where none may stand."""
    if position >= len(row.names) and not row.many:
        return ""
    return _bare(row.names[min(position, len(row.names) - 1)])


def kind_of(row: CommandRow, placeholder: str) -> str:
    """The kind of what ``placeholder`` of ``row`` stands for; empty where completion knows nothing of it."""
    if placeholder == "NAME":
        return LIBRARIES if row.family == FUNCTION else MODULES
    return PLACEHOLDERS.get(placeholder, "")


def clause_word(row: CommandRow, keyword: str) -> str:
    """The placeholder of the words behind ``keyword``; empty for none."""
    for clause in row.clauses:
        first, *rest = clause.strip("[]").split()
        if first == keyword and rest:
            return _bare(rest[0])
    return ""


def names_file(placeholder: str) -> bool:
    """Whether a file or a directory is meant."""
    return placeholder.startswith(("DIR", "FILE", "PATH"))


def _bare(name: str) -> str:
    return name.strip("[]").removesuffix("...")
