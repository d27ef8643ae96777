"""``manage recluster``: the nodes form their cluster anew."""

from __future__ import annotations

from asadm.commands.manage_options import ONLY_SHOWN
from asadm.outcome import FAILED, PENDING, CommandOutcome, exit_code
from asadm.target.aerospike.changes.recluster import recluster
from asadm.target.aerospike.cluster import info_cluster

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = ONLY_SHOWN

NOTES = """\
Every node is told, and the principal of the cluster does it: it answers ok, the others ignored-by-non-principal. The exit code
is 1 where no node of a cluster said ok, and where a node did not answer. A principal that was told less than two seconds ago
refuses ("unknown"). 'info network' shows the cluster.

Example:
  asadm --enable manage recluster"""


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Look who is in which cluster, tell all, show what they say."""
    dry_run = arguments.options.flag("dry-run")
    found = recluster(info_cluster(session.cluster(arguments)), dry_run=dry_run)
    messages, code = [], exit_code(found.answers)
    if dry_run:
        code = code or PENDING
    elif found.told is not None:
        messages = [
            f"no node of the cluster {key} said ok: nothing was formed anew" for key in found.unmoved()
        ]
        if messages or not found.moved:
            code = code or FAILED
    table = found.table()
    return CommandOutcome(
        found.answers,
        [table.sheet()],
        messages=messages,
        code=code,
        extra={"tables": [table.document()]},
        told=True,
    )
