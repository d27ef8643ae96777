"""``show pmap``: how many partitions of each namespace each node has."""

from __future__ import annotations

from asadm.commands.modifiers import selection
from asadm.commands.table_outcome import tables_or_nothing
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import partition_map
from asadm.target.aerospike.views.asking import answers
from asadm.target.aerospike.views.namespaces import ask_each, statistics

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments


def check(arguments: CommandArguments) -> None:
    """Raises UsageError."""
    arguments.prepared = selection(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for every partition; that is half a megabyte a node and namespace."""
    selected = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    found = ask_each(cluster, partition_map.COMMANDS, [statistics], selected.namespace)
    return tables_or_nothing(answers(found), [partition_map.table(found, selected.namespace)], selected)
