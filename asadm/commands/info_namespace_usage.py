"""``info namespace usage``: memory, indexes and storage of each namespace on each node, and the limits that they are near."""

from __future__ import annotations

from asadm.commands.modifiers import selection
from asadm.commands.table_outcome import tables_or_nothing
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import namespace_usage
from asadm.target.aerospike.views.asking import answers
from asadm.target.aerospike.views.namespaces import ask_each, statistics

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

NOTES = """\
Red is what has passed a limit of its namespace: a used share its evict or stop limit, an available share its stop limit, an
index 90%, and writes that are stopped.

Exit codes: 0 every node was read, 1 a node was not, or nothing matches, 2 usage, 130 stopped by Ctrl-C.

Example:
  asadm info namespace usage for test"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a pattern that is none."""
    arguments.prepared = selection(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for the statistics of themselves and of each namespace that is wanted."""
    wanted = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    found = ask_each(cluster, namespace_usage.COMMANDS, [statistics], wanted.namespace)
    table = namespace_usage.table(found, wanted.namespace)
    return tables_or_nothing(answers(found), [table], wanted)
