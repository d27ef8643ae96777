"""The flags that several ``udf`` commands share."""

from __future__ import annotations

from asinfo.terminal.options import Option

WAIT_SECONDS = 60.0
"""How long a change may take on all nodes together, when nobody says otherwise."""

YES = Option(
    "yes", "y", "flag", help="Change the cluster without asking; needed where no terminal can answer."
)
DRY_RUN = Option(
    "dry-run", kind="flag", help="Show what would be done, and change nothing; exit code 3 if anything."
)
WAIT = Option(
    "wait",
    kind="seconds",
    default=WAIT_SECONDS,
    help="Seconds for the whole run, from the first look at the nodes on.  [60]",
)
PRUNE = Option("prune", kind="flag", help="Remove modules that the directory does not have.")
VERIFY = Option("verify", kind="flag", help="Read every module back from every node and compare the bytes.")
HISTORY = Option(
    "history",
    metavar="FILE",
    environment="ASADM_HISTORY",
    help="SQLite file of the changes; else asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.",
)
NO_HISTORY = Option(
    "no-history", kind="flag", help="Keep no history of this change: it cannot be rolled back."
)
LOCK = Option(
    "lock",
    metavar="FILE",
    environment="ASADM_LOCK",
    help="Lock file of changes; else one for each node in asudf/locks in $XDG_STATE_HOME or ~/.local/state.",
)
LOCK_WAIT = Option(
    "lock-wait",
    kind="number",
    default=0.0,
    metavar="SECONDS",
    help="Wait so long for another change to end.  [0]",
)

NOTE = Option("note", metavar="TEXT", help="Words for the history: a ticket, a commit, the name of a CI job.")

CHANGE = (YES, DRY_RUN, WAIT, HISTORY, NO_HISTORY, LOCK, LOCK_WAIT)
"""What every command has that changes modules on the nodes."""
