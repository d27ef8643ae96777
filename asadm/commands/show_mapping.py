"""``show mapping``: which node has which id and which addresses."""

from __future__ import annotations

from asadm.commands.modifiers import one_of
from asadm.commands.table_outcome import tables_outcome
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import mapping
from asadm.target.aerospike.views.asking import answers, ask

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

NOTES = """\
'ip' and 'node', which the vendor's asadm takes, are both in the table."""

WORDS = ("ip", "node")


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for another word than the vendor's asadm takes."""
    for word in arguments.names:
        one_of(word, WORDS, "mapping")


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes at once."""
    found = ask(info_cluster(session.cluster(arguments)), mapping.COMMANDS)
    return tables_outcome(answers(found), [mapping.table(found)])
