"""``info transactions``: of the Enterprise Edition alone, which the command says."""

from __future__ import annotations

from asadm.commands.modifiers import one_of
from asadm.commands.table_outcome import tables_outcome

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

MESSAGE = (
    "transactions are of the Enterprise Edition: nodes of the Community Edition have none, and the counters of others are in "
    "'show statistics namespace like mrt'"
)

WORDS = ("monitors", "provisionals")


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for another word than the vendor's asadm takes."""
    for word in arguments.names:
        one_of(word, WORDS, "kind of transactions")


def run(_session: CommandSession, _arguments: CommandArguments) -> CommandOutcome:
    """Ask nobody."""
    return tables_outcome([], [], messages=[MESSAGE])
