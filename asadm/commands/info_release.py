"""``info release``: which build each node is, and for which machine."""

from __future__ import annotations

from asadm.commands.table_outcome import tables_outcome
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import release
from asadm.target.aerospike.views.asking import answers, ask

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes, and those that are older in the words that they know."""
    found = ask(info_cluster(session.cluster(arguments)), release.COMMANDS, release.follow)
    return tables_outcome(answers(found), [release.table(found)])
