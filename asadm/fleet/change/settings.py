"""Settings of commands that change modules, read once from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from asadm.fleet.change.options import WAIT_SECONDS
from asadm.time_budget import TimeBudget

if TYPE_CHECKING:
    from asadm.target.interface import Target
    from asinfo.terminal.options import Values


class ChangeSettings(NamedTuple):
    """Settings of a change; see `asadm.fleet.change.options.CHANGE`.

    ``yes``        change the nodes without asking
    ``dry_run``    change nothing
    ``wait``       seconds for the whole run
    ``lock_wait``  seconds to wait for another run that holds a lock
    ``recorded``   whether the change goes into the history
    ``history``    file of the history; empty for that of the user
    ``lock``       file of the lock; empty for one for each node
    ``note``       words of the user for the history
    """

    yes: bool = False
    dry_run: bool = False
    wait: float = WAIT_SECONDS
    lock_wait: float = 0.0
    recorded: bool = True
    history: str = ""
    lock: str = ""
    note: str = ""

    @classmethod
    def of(cls, options: Values) -> Self:
        """What a command line says."""
        return cls(
            yes=options.flag("yes"),
            dry_run=options.flag("dry-run"),
            wait=options.number("wait") or WAIT_SECONDS,
            lock_wait=options.number("lock-wait") or 0.0,
            recorded=not options.flag("no-history"),
            history=options.text("history") or "",
            lock=options.text("lock") or "",
            note=options.text("note") or "",
        )

    def limit(self, cluster: Target) -> TimeBudget:
        """Let all that is asked of ``cluster`` end in ``wait`` seconds, counted from when the command took its nodes."""
        if cluster.budget is None:
            cluster.budget = TimeBudget()
        cluster.budget.limit(self.wait)
        return cluster.budget
