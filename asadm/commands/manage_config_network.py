"""``manage config network``: a parameter of the context `network` gets a value on every node."""

from __future__ import annotations

from asadm.commands.manage_config import NOTES, OPTIONS, prepare, run
from asinfo.errors import UsageError

__all__ = ["NOTES", "OPTIONS", "check", "run"]

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.statement import CommandArguments


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for words that cannot be sent, and without the context within the network."""
    sub = arguments.names[0] if arguments.names else ""
    [name] = arguments.clauses["param"]
    if not sub and "." not in name:
        raise UsageError(
            f"manage config network: {name!r} is of a context within it: give that before 'param' (service, heartbeat, fabric ...)"
        )
    arguments.prepared = prepare(arguments, "network", sub=sub)
