"""``summary``: what the nodes of a cluster come to, and each namespace."""

from __future__ import annotations

from asadm.commands.table_outcome import tables_outcome
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import cluster_summary
from asadm.target.aerospike.views.asking import answers
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments


OPTIONS = (
    Option("list", "l", "flag", help="Show one figure of a namespace a line, not one namespace a line."),
)

NOTES = """\
Sizes and counts are sums of the nodes that were read; the line Nodes says how many. Memory of the system is an average, and
a share is that of the sums. Unique Data is what one copy of each record takes, uncompressed. Used% and Avail% do not come
to 100: what is free is not all in whole blocks. The JSON document has the figures of every node, too.

Exit codes: 0 every node was read, 1 a node was not, 2 usage, 130 stopped by Ctrl-C.

Example:
  asadm summary -l"""


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for what both tables need, in one conversation each."""
    found = cluster_summary.ask_summary(info_cluster(session.cluster(arguments)))
    cluster, namespaces = cluster_summary.tables(found, listed=arguments.options.flag("list"))
    return tables_outcome(answers(found), [cluster, namespaces])
