"""``manage config mod-lua``: says that no node changes that while it runs."""

from __future__ import annotations

from asadm.commands.manage_config import OPTIONS, prepare
from asinfo.errors import UsageError

__all__ = ["NOTES", "OPTIONS", "check", "run"]

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

NOTES = """\
Neither asudfd nor a real server changes a parameter of mod-lua while it runs. Write it into the section mod-lua of the
configuration file of each node, and restart the nodes one after the other."""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for words that could not be sent."""
    arguments.prepared = prepare(arguments, "mod-lua")


def run(_session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Raises UsageError: nothing is sent."""
    settings = arguments.prepared
    raise UsageError(
        "manage config mod-lua: no node changes it while it runs: write 'mod-lua { "
        f"{settings.parameter.name} {settings.value} }}' into the configuration file and restart the node"
    )
