"""``info namespace object``: records, tombstones, expirations and migrations of each namespace on each node."""

from __future__ import annotations

from asadm.commands.modifiers import selection
from asadm.commands.table_outcome import tables_or_nothing
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import namespace_objects
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
    """Ask all nodes for their namespaces and the statistics of each, over one connection a node."""
    wanted = arguments.prepared
    found = ask_each(
        info_cluster(session.cluster(arguments)), namespace_objects.COMMANDS, [statistics], wanted.namespace
    )
    table = namespace_objects.table(found, wanted.namespace)
    return tables_or_nothing(answers(found), [table], wanted)
