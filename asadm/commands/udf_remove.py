"""``udf remove``: remove modules, and see that no node lists them any more."""

from __future__ import annotations

import os

from asadm.fleet.change import confirm
from asadm.fleet.change.options import CHANGE, NOTE
from asadm.fleet.change.settings import ChangeSettings
from asadm.fleet.plan.of_modules import wish
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.fleet.observed.survey import Survey
    from asadm.fleet.plan.plan import FleetPlan
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = (*CHANGE, NOTE)

NOTES = """\
The removal is sent to one node of each cluster, which passes it on. Then all nodes are asked until none lists the
modules; a node that still lists one is sent the removal itself. The content is recorded in the history first, so that
'udf rollback' can bring it back. A module that no node lists is no error.

Examples:
  asadm udf remove counter.lua               show where it is, ask, remove
  asadm udf remove a.lua b.lua --yes
  asadm udf remove counter.lua --dry-run"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a name that cannot be sent."""
    for name in arguments.names:
        arguments.rules.sendable(os.fsencode(name))
    arguments.prepared = ChangeSettings.of(arguments.options)
    confirm.require(arguments.prepared)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Survey, show, confirm, remove."""
    from asadm.fleet.change.planned import ChangeSpec, carry_out

    names = list(dict.fromkeys(map(os.fsencode, arguments.names)))
    cluster = session.cluster(arguments)

    def plan(seen: Survey) -> FleetPlan:
        return wish("the command line", (), names, seen)

    spec = ChangeSpec(
        "remove",
        plan,
        question=f"Remove {', '.join(map(text, names))} from {cluster.name or 'these nodes'}?",
        nothing=f"no node that was read lists {', '.join(map(text, names))}: nothing to remove",
    )
    return carry_out(session, arguments.prepared, cluster, spec)
