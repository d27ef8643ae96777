"""``show masking``: the rules that mask values; the Enterprise Edition alone has them."""

from __future__ import annotations

from asadm.commands.enterprise_outcome import enterprise_outcome
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import enterprise
from asadm.target.aerospike.views.asking import ask

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes at once."""
    found = ask(info_cluster(session.cluster(arguments)), [enterprise.MASKING])
    return enterprise_outcome("masking rules", enterprise.MASKING, found, enterprise.masking_table)
