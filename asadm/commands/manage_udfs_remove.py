"""``manage udfs remove``: remove a module, and see that no node lists it any more."""

from __future__ import annotations

import os
import time

from asadm.commands.manage_udfs_add import WAIT, bring, report, seconds
from asadm.fleet.observed.node_progress import ModuleChange
from asadm.fleet.observed.survey import coverage, survey
from asadm.outcome import FAILED, CommandOutcome
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = (WAIT,)


class RemoveSettings:
    """The module ``name``, and seconds until no node may list it any more."""

    __slots__ = ("name", "wait")

    def __init__(self, name: bytes, wait: float) -> None:
        self.name = name
        self.wait = wait


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a name that cannot be sent."""
    name = arguments.rules.sendable(os.fsencode(arguments.names[0]))
    arguments.prepared = RemoveSettings(name, seconds(arguments.options))


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Tell one node of each cluster that lists it, wait until it is gone from all, tell those that keep it.

    A node says ``ok`` to the removal of what it never had, so an unknown name is found out before.
    """
    settings: RemoveSettings = arguments.prepared
    name, wait = settings.name, settings.wait
    cluster = session.cluster(arguments)
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
