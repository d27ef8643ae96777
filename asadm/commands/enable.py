"""``enable``: allow commands that change the cluster."""

from __future__ import annotations

from asadm.outcome import CommandOutcome
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = (Option("warn", kind="flag", ignored="a command that changes the cluster asks by itself"),)


def run(session: CommandSession, _arguments: CommandArguments) -> CommandOutcome:
    """Privileged from here on."""
    session.privileged = True
    return CommandOutcome()
