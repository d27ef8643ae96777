"""``show sindex``: the secondary indexes, and where nodes differ in them."""

from __future__ import annotations

from asadm.commands.modifiers import selection
from asadm.commands.table_outcome import tables_or_nothing
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import indexes, sindex_list
from asadm.target.aerospike.views.asking import answers, ask

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.commands.modifiers import FigureSelection
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

NOTES = """\
Every node is asked: an index that all have alike is one line. The second word of `for` is a set or an index.

Exit codes: 0 all nodes answered, 1 a node did not or nothing matches, 2 a mistake in the command."""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError."""
    arguments.prepared = selection(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes at once."""
    selected: FigureSelection = arguments.prepared
    found = ask(info_cluster(session.cluster(arguments)), [indexes.LIST])
    return tables_or_nothing(answers(found), [sindex_list.table(found, selected.index)], selected)
