"""``features``: what each node is used for, told by counters and parameters."""

from __future__ import annotations

from asadm.commands.modifiers import FLIP_OPTIONS, flipped, selection
from asadm.commands.table_outcome import tables_outcome
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import features
from asadm.target.aerospike.views.asking import answers

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments


OPTIONS = FLIP_OPTIONS

NOTES = """\
A feature is used where one of its counters is not 0, which begin anew with the node, or where its parameters are set. Scan
is a query of the primary index, Query one of a secondary index. What a node does not tell is neither yes nor no, and a node
that did not answer has its reason.

Exit codes: 0 every node was read, 1 a node was not, or no feature has such a name, 2 usage, 130 stopped by Ctrl-C.

Example:
  asadm features like Query TLS"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a pattern that is none."""
    arguments.prepared = selection(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for their statistics, those of their namespaces, and the parameters that tell of features."""
    wanted = arguments.prepared
    found = features.ask_features(info_cluster(session.cluster(arguments)))
    table = features.table(found, wanted.like)
    table.flipped = flipped(arguments)
    read = any(info.good for info in found)
    return tables_outcome(answers(found), [table] if table.names or not read else [], nothing=wanted.nothing)
