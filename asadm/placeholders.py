"""What the words stand for that the grammar of a command has in the place of what is typed; completion goes by it."""

from __future__ import annotations

from asadm.target.types import FUNCTION
from asinfo.terminal.completion import (
    CONFIG_CONTEXTS,
    LIBRARIES,
    MODULES,
    NAMESPACES,
    PARAMETERS,
    PLACEHOLDERS,
    STATISTICS,
    STATISTICS_CONTEXTS,
)

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.commands.row import CommandRow

_OF_FIGURES: dict[tuple[str, ...], dict[str, str]] = {
    ("show", "config"): {"CONTEXT": CONFIG_CONTEXTS, "NAME": NAMESPACES, "PATTERN": PARAMETERS},
    ("show", "statistics"): {"CONTEXT": STATISTICS_CONTEXTS, "NAME": NAMESPACES, "PATTERN": STATISTICS},
}
"""What words stand for in commands whose words are not about modules."""

_OF_MODULES = frozenset({"udf", "udfs", "function"})


def word_of(row: CommandRow, position: int) -> str:
    """The placeholder of the word at ``position`` behind the command, without brackets and dots; empty where none may stand."""
    if position >= len(row.names) and not row.many:
        return ""
    return _bare(row.names[min(position, len(row.names) - 1)])


def kind_of(row: CommandRow, placeholder: str) -> str:
    """The kind of what ``placeholder`` of ``row`` stands for; empty where completion knows nothing of it."""
    if (found := _OF_FIGURES.get(row.words[:2])) is not None and placeholder in found:
        return found[placeholder]
    if placeholder == "NAME":
        if not _OF_MODULES.intersection(row.words):
            return ""
        return LIBRARIES if row.family == FUNCTION else MODULES
    return PLACEHOLDERS.get(placeholder, "")


def clause_word(row: CommandRow, keyword: str) -> str:
    """The placeholder of the words behind ``keyword``; empty for none."""
    for clause in row.clauses:
        first, *rest = clause.strip("[]").split()
        if first == keyword and rest:
            return _bare(rest[0])
    return ""


def choices(placeholder: str) -> list[str]:
    """The words that ``placeholder`` has itself, as ``time_to_live|object_size`` has; none where it stands for something."""
    return placeholder.split("|") if placeholder and placeholder.islower() else []


def names_file(placeholder: str) -> bool:
    """Whether a file or a directory is meant."""
    return placeholder.startswith(("DIR", "FILE", "PATH"))


def _bare(name: str) -> str:
    return name.strip("[]").removesuffix("...")
