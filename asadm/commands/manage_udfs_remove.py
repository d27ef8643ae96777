"""``manage udfs remove``: remove a module, and see that no node lists it any more."""

from __future__ import annotations

import os

from asadm.commands.manage_udfs_add import WAIT, report
from asadm.modules import LIST, Change, listed, sendable
from asadm.outcome import FAILED, Outcome
from asinfo.wire.info import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.session import Session
    from asadm.statement import Arguments
    from asinfo.wire.udf import Module

OPTIONS = (WAIT,)


def check(arguments: Arguments) -> None:
    """Raises UsageError for a name that cannot be sent."""
    sendable(os.fsencode(arguments.names[0]))


def run(session: Session, arguments: Arguments) -> Outcome:
    """Tell one node that lists it, wait until it is gone from all, tell those that keep it.

    A node says ``ok`` to the removal of what it never had, so an unknown name is found out before.
    """
    name = os.fsencode(arguments.names[0])

    def gone(modules: Sequence[Module]) -> bool:
        return all(module.filename != name for module in modules)

    cluster = session.cluster(arguments)
    wait = arguments.options.number("wait") or 10.0
    change = Change(cluster, b"udf-remove:filename=" + name, gone, wait=wait)
    lists = change.ask(LIST, cluster.nodes)
    holders = [answer.node for answer in lists if not gone(listed(answer))]
    if not holders:
        return Outcome(lists, messages=[f"no node lists a module {text(name)}"], code=FAILED)
    change.run(holders)
    return report(change, f"UDF {text(name)}", f"{text(name)} removed", [], {"name": text(name)})
