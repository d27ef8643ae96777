"""The flags that several ``udf`` commands share."""

from __future__ import annotations

from asinfo.terminal.options import Option

WAIT_SECONDS = 60.0
"""How long a change may take on all nodes together, when nobody says otherwise."""

YES = Option(
    "yes",
    "y",
    "flag",
    help="Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer.",
)
DRY_RUN = Option(
    "dry-run",
    kind="flag",
    help="Show what would be changed and exit without changing anything; exit code 3 if there is something to change.",
)
WAIT = Option(
    "wait",
    kind="seconds",
    default=WAIT_SECONDS,
    help="Time limit in seconds for the whole run: reading the nodes, changing them and waiting until they list the change.  [60]",
)
PRUNE = Option(
    "prune",
    kind="flag",
    help="Also remove modules that nodes list and the directory does not have. Without it they stay.",
)
NO_LINT = Option(
    "no-lint",
    kind="flag",
    help="Do not check the modules that would be sent. Without it they are compiled and checked as 'udf lint' does, and an error stops the run.",
)
VERIFY = Option(
    "verify",
    kind="flag",
    help="After the change, read every module back from every node and compare its bytes.",
)
HISTORY = Option(
    "history",
    metavar="FILE",
    environment="ASADM_HISTORY",
    help="SQLite file that records all changes, for 'udf history' and 'udf rollback'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.",
)
NO_HISTORY = Option(
    "no-history", kind="flag", help="Do not record this change. 'udf rollback' cannot undo it then."
)
LOCK = Option(
    "lock",
    metavar="FILE",
    environment="ASADM_LOCK",
    help="Lock file that keeps two runs on this machine from changing modules at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.",
)
LOCK_WAIT = Option(
    "lock-wait",
    kind="number",
    default=0.0,
    metavar="SECONDS",
    help="If another run is changing modules, wait up to SECONDS for it to end; 0: fail at once.  [0]",
)

NOTE = Option(
    "note",
    metavar="TEXT",
    help="Text to record with the change in the history, such as a ticket, a commit or the name of a CI job.  [the commit of the git work tree that the command runs in]",
)

CHANGE = (YES, DRY_RUN, WAIT, HISTORY, NO_HISTORY, LOCK, LOCK_WAIT)
"""What every command has that changes modules on the nodes."""
