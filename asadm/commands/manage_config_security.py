"""``manage config security``: a parameter of the context `security` gets a value on every node."""

from __future__ import annotations

from asadm.commands.manage_config import NOTES, OPTIONS, prepare, run

__all__ = ["NOTES", "OPTIONS", "check", "run"]

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.statement import CommandArguments


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for words that cannot be sent."""
    arguments.prepared = prepare(arguments, "security")
