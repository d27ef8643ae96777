"""``function rollback``: undo a change with the texts of the history; the rollback is recorded as a change too."""

from __future__ import annotations

from asadm.commands import udf_rollback
from asadm.commands.function_words import of_functions
from asadm.commands.udf_rollback import check, run

__all__ = ["NOTES", "OPTIONS", "check", "run"]

OPTIONS = of_functions(udf_rollback.OPTIONS)

NOTES = """\
Without LIBRARY the latest change of this cluster is undone as a whole: its libraries get their text from before it, and
those that it created are removed. With LIBRARY only that one. All of it is one command a primary, so that a function that
moved from one library to another moves back. If a node could not be reached, run the command again: it completes the same
rollback. After a complete one, the next run undoes the change before that.
With --change an earlier change is undone as a whole; what was changed later in its libraries goes, too, and is told before.
With --to the library gets the text that the entry recorded.

Examples:
  asadm function rollback                    undo the latest change: show it, ask, do it
  asadm fn rollback mylib --yes
  asadm fn rollback --change 9               undo the change 9 of the history
  asadm fn rollback --to 12 --dry-run        what it would be to go back to the entry 12
  asadm fn history                           what there is to go back to"""
