"""``show roles``: which nodes can have roles. They are read over the security protocol, with the vendor's tool."""

from __future__ import annotations

from asadm.commands.enterprise_outcome import edition_outcome
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import enterprise
from asadm.target.aerospike.views.asking import ask

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for their edition."""
    return edition_outcome("roles", ask(info_cluster(session.cluster(arguments)), [enterprise.EDITION]))
