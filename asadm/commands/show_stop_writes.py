"""``show stop-writes``: how near every limit is that stops writes."""

from __future__ import annotations

from asadm.commands.modifiers import selection
from asadm.commands.table_outcome import tables_or_nothing, tables_outcome
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import stop_writes
from asadm.target.aerospike.views.asking import answers, ask
from asadm.target.aerospike.views.namespaces import ask_each

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

NOTES = """\
Limits that are not set are left out; the note counts them. `for` with two words shows just sets, whose limits are of each node. Free
space (data_avail_pct) stops writes below its limit: 100% used is when it is there.

Exit codes: 0 all nodes answered, 1 a node did not or nothing matches, 2 a mistake in the command."""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError."""
    arguments.prepared = selection(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for their figures, and those of their namespaces and sets; for those of sets alone where these are wanted."""
    selected = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    if selected.set:
        found = ask(cluster, [stop_writes.SETS])
    else:
        found = ask_each(cluster, stop_writes.COMMANDS, stop_writes.EACH, selected.namespace)
    table = stop_writes.table(found, selected.namespace, selected.set or None)
    if table.note:  # limits that match, of which none may be set
        return tables_outcome(answers(found), [table])
    return tables_or_nothing(answers(found), [table], selected)
