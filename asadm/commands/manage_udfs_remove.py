"""``manage udfs remove``: remove a module, and see that no node lists it any more."""

from __future__ import annotations

import os
import time

from asadm.commands.manage_udfs_add import WAIT, bring, report
from asadm.fleet.observed.coverage import coverage
from asadm.fleet.observed.node_progress import ModuleChange
from asadm.fleet.observed.survey import survey
from asadm.outcome import FAILED, CommandOutcome
from asadm.target.rules import RULES
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = (WAIT,)


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a name that cannot be sent."""
    RULES.sendable(os.fsencode(arguments.names[0]))


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Tell one node of each cluster that lists it, wait until it is gone from all, tell those that keep it.

    A node says ``ok`` to the removal of what it never had, so an unknown name is found out before.
    """
    name = os.fsencode(arguments.names[0])
    cluster = session.cluster(arguments)
    wait = arguments.options.number("wait") or 10.0
    started = time.monotonic()
    if cluster.budget is not None:
        cluster.budget.limit(wait)
    seen = survey(cluster)
    if not any(seen.hashes(name)):
        where = "no node" if seen.complete else f"none of {coverage(seen.read, len(seen.listings))}"
        told = [f"{where} lists a module {text(name)}"] if seen.read else []
        return CommandOutcome(seen.answers, messages=told, code=FAILED)
    rollout = bring(cluster, ModuleChange(name, None, None), seen, started, wait)
    return report(rollout, f"UDF {text(name)}", f"{text(name)} removed", [], {"name": text(name)})
