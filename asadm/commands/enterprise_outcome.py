"""What a command gives that is about the Enterprise Edition: its table, or the line that says who has no such thing."""

from __future__ import annotations

from asadm.commands.table_outcome import tables_outcome
from asadm.outcome import FAILED, CommandOutcome
from asadm.target.aerospike.views import enterprise
from asadm.target.aerospike.views.asking import answers

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.tables.shared import SharedTable
    from asadm.target.aerospike.views.asking import NodeInfo


def enterprise_outcome(
    what: str,
    command: str,
    found: Sequence[NodeInfo],
    table: Callable[[Sequence[NodeInfo], str], SharedTable],
) -> CommandOutcome:
    """The table of nodes that have ``what``; where none has, a line on standard error and exit code 1."""
    without = enterprise.without(found, command)
    line = enterprise.only(what, without, found)
    if without and len(without) == sum(info.good for info in found):
        return tables_outcome(answers(found), [], nothing=line)
    made = table(found, line)
    if not made.rows and not line:
        made.note = f"there are no {what}"
    return tables_outcome(answers(found), [made], code=FAILED if without else None)


def edition_outcome(what: str, found: Sequence[NodeInfo]) -> CommandOutcome:
    """Says which nodes have no ``what``, and what reads those of the others."""
    without = enterprise.communities(found)
    others = [info.answer for info in found if info.good and info.answer not in without]
    lines = [enterprise.only(what, without, found)] if without else []
    if others:
        lines.append(enterprise.elsewhere(what, others))
    return tables_outcome(answers(found), [], nothing="; ".join(lines))
