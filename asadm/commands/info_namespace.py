"""``info namespace``: usage and objects of each namespace on each node, asked in one conversation a node."""

from __future__ import annotations

from asadm.commands.modifiers import selection
from asadm.commands.table_outcome import tables_or_nothing
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import namespace_objects, namespace_usage
from asadm.target.aerospike.views.asking import answers
from asadm.target.aerospike.views.namespaces import ask_each, statistics

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a pattern that is none."""
    arguments.prepared = selection(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for the statistics of themselves and of each namespace that is wanted."""
    wanted = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    found = ask_each(
        cluster, [*namespace_usage.COMMANDS, *namespace_objects.COMMANDS], [statistics], wanted.namespace
    )
    tables = [each.table(found, wanted.namespace) for each in (namespace_usage, namespace_objects)]
    return tables_or_nothing(answers(found), tables, wanted)
