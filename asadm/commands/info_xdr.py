"""``info xdr``: of the Enterprise Edition alone, which the command says."""

from __future__ import annotations

from asadm.commands.table_outcome import tables_outcome

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

MESSAGE = "XDR is of the Enterprise Edition: nodes of the Community Edition have none, and of others 'show statistics xdr' shows it"


def run(_session: CommandSession, _arguments: CommandArguments) -> CommandOutcome:
    """Ask nobody."""
    return tables_outcome([], [], messages=[MESSAGE])
