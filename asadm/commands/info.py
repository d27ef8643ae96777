"""``info``: the nodes, and usage and objects of their namespaces, asked in one conversation a node."""

from __future__ import annotations

from asadm.commands.table_outcome import tables_outcome
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import cluster_facts, namespace_objects, namespace_usage
from asadm.target.aerospike.views.asking import answers
from asadm.target.aerospike.views.namespaces import ask_each, every, statistics

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for what the three tables need."""
    commands = dict.fromkeys(
        [*cluster_facts.COMMANDS, *namespace_usage.COMMANDS, *namespace_objects.COMMANDS]
    )
    found = ask_each(info_cluster(session.cluster(arguments)), list(commands), [statistics], every)
    tables = [
        cluster_facts.table(found),
        namespace_usage.table(found, every),
        namespace_objects.table(found, every),
    ]
    return tables_outcome(answers(found), tables)
