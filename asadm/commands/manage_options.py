"""The flags of the commands that change nodes and are about no module."""

from __future__ import annotations

from asadm.fleet.change.options import DRY_RUN, HISTORY, LOCK, LOCK_WAIT, NO_HISTORY, NOTE, WAIT
from asinfo.terminal.options import Option

_CONFIRM = Option(
    "yes",
    "y",
    "flag",
    aliases=("no-warn",),
    help="Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer. --no-warn is the same.",
)
_NOT_ASKED = Option("yes", "y", "flag", aliases=("no-warn",), ignored="this command asks nothing")

_SHOW_ONLY = DRY_RUN.explained(
    "Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change."
)
_WITHIN = WAIT.explained(
    "Time limit in seconds for the whole run: reading the nodes, changing them and reading them again.  [60]"
)
_RECORD = NO_HISTORY.explained("Do not record this change.")
_LOCKED = LOCK.explained(
    "Lock file that keeps two runs on this machine from changing nodes at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state."
)
_LOCK_WAIT = LOCK_WAIT.explained(
    "If another run is changing nodes, wait up to SECONDS for it to end; 0: fail at once.  [0]"
)

_COMMON = (_SHOW_ONLY, _WITHIN, HISTORY, _RECORD, _LOCKED, _LOCK_WAIT, NOTE)
ASKING = (_CONFIRM, *_COMMON)
"""Of a command that asks, because something is lost."""
PLAIN = (_NOT_ASKED, *_COMMON)
"""Of a command that asks nothing."""
ONLY_SHOWN = (_NOT_ASKED, _SHOW_ONLY)
"""Of one that nothing has to remember."""
