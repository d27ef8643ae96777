"""``manage config namespace``: a parameter of a namespace, or of one of its sets, gets a value on every node."""

from __future__ import annotations

from asadm.commands.manage_config import NOTES, prepare, run
from asadm.commands.manage_config import OPTIONS as COMMON
from asinfo.errors import UsageError
from asinfo.terminal.options import Option

__all__ = ["NOTES", "OPTIONS", "check", "run"]

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.statement import CommandArguments

NEW_SET = Option(
    "new-set",
    kind="flag",
    help="The set need not exist yet: nodes set it up with the parameter. Without it a set that no node has is taken for a slip.",
)
OPTIONS = (NEW_SET, *COMMON)


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for words that cannot be sent, and for a context within the namespace and a set at once."""
    namespace, *subs = arguments.names
    sets = arguments.clauses.get("set", [])
    if subs and sets:
        raise UsageError(
            f"manage config namespace: {subs[0]!r} and a set: parameters of sets have no other context"
        )
    settings = prepare(
        arguments, "namespace", sub=subs[0] if subs else "", namespace=namespace, set_=sets[0] if sets else ""
    )
    arguments.prepared = settings._replace(new_set=arguments.options.flag("new-set"))
