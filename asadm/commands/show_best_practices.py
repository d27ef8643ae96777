"""``show best-practices``: what of its machine's set-up each node calls bad."""

from __future__ import annotations

from asadm.commands.table_outcome import tables_outcome
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import best_practices
from asadm.target.aerospike.views.asking import answers, ask

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes at once."""
    found = ask(info_cluster(session.cluster(arguments)), [best_practices.COMMAND])
    return tables_outcome(answers(found), [best_practices.table(found)])
