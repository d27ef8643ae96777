"""``info network``: an overview of the nodes, one row each, the silent ones with their reason."""

from __future__ import annotations

from asadm.commands.table_outcome import tables_outcome
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import cluster_facts
from asadm.target.aerospike.views.asking import answers, ask

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for everything in one request each."""
    found = ask(info_cluster(session.cluster(arguments)), cluster_facts.COMMANDS)
    return tables_outcome(answers(found), [cluster_facts.table(found)])
