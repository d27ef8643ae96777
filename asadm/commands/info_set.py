"""``info set``: records, storage and quotas of each set on each node."""

from __future__ import annotations

from asadm.commands.modifiers import selection
from asadm.commands.table_outcome import tables_or_nothing
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import sets
from asadm.target.aerospike.views.asking import answers, ask

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

NOTES = """\
Records are counted with their copies. Quotas are of one node, and 0 is none: the share of a quota, over all nodes, is that
of the nodes that have one. A set that was truncated stays, with zeroes. A share of 75% or more is yellow, of 90% red.

Exit codes: 0 every node was read, 1 a node was not, or nothing matches, 2 usage, 130 stopped by Ctrl-C.

Example:
  asadm info set for test users"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a pattern that is none."""
    arguments.prepared = selection(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for all their sets."""
    wanted = arguments.prepared
    found = ask(info_cluster(session.cluster(arguments)), [sets.COMMAND])
    table = sets.table(found, wanted.namespace, wanted.set)
    return tables_or_nothing(answers(found), [table], wanted)
