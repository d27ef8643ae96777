"""``show distribution``: how the records of each namespace spread over times to live and object sizes."""

from __future__ import annotations

from asadm.commands.modifiers import one_of, selection
from asadm.commands.table_outcome import tables_or_nothing
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import distribution
from asadm.target.aerospike.views.asking import answers
from asadm.target.aerospike.views.namespaces import ask_each
from asinfo.errors import UsageError
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = (
    Option("bytes", "b", "flag", help="Of object_size: count the records between powers of two."),
    Option("buckets", "k", "integer", ignored="nodes since release 4.2 choose the ranges themselves"),
)

NOTES = """\
A node makes its histograms now and then (nsup-hist-period, an hour by default), of the copies that it has: a figure is of one node.
Percentiles are upper edges of buckets. Records that never expire have a column; those of a node that does not tell how many they are
count as the shortest time, and the note says so.

Exit codes: 0 all nodes answered, 1 a node did not or nothing matches, 2 a mistake in the command.

Examples:
  asadm show distribution
  asadm show distribution time_to_live for test
  asadm show distribution object_size -b"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError."""
    kinds = [one_of(word, distribution.KINDS, "distribution") for word in arguments.names]
    if arguments.options.flag("bytes") and kinds != [distribution.SIZE]:
        raise UsageError("--bytes goes with object_size")
    arguments.prepared = (kinds or list(distribution.KINDS), selection(arguments))


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for the histograms of their namespaces."""
    kinds, selected = arguments.prepared
    wanted, powers = selected.namespace, arguments.options.flag("bytes")
    each = [make for kind in kinds for make in distribution.commands(kind, powers=powers)]
    found = ask_each(info_cluster(session.cluster(arguments)), [], each, wanted)
    tables = distribution.tables(found, kinds, wanted, powers=powers)
    return tables_or_nothing(answers(found), tables, selected)
