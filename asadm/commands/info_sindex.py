"""``info sindex``: the secondary indexes of each node, with their entries and the memory that they use."""

from __future__ import annotations

from asadm.commands.modifiers import selection
from asadm.commands.table_outcome import tables_or_nothing
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import sindex
from asadm.target.aerospike.views.asking import answers

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping

    from asadm.commands.modifiers import FigureSelection
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a pattern that is none."""
    arguments.prepared = selection(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for their indexes, and for the figures of each that is wanted."""
    selected: FigureSelection = arguments.prepared

    def wanted(index: Mapping[str, str]) -> bool:
        return selected.index(index["ns"], index.get("set", ""), index["indexname"])

    found = sindex.ask_indexes(info_cluster(session.cluster(arguments)), wanted)
    return tables_or_nothing(answers(found), [sindex.table(found, wanted)], selected)
