"""``function history``: show the recorded changes, or the text that an entry has. Asks no node."""

from __future__ import annotations

from asadm.commands import udf_history
from asadm.commands.function_words import of_functions
from asadm.commands.udf_history import check, run

__all__ = ["NOTES", "OPTIONS", "check", "run"]

OPTIONS = of_functions(udf_history.OPTIONS)

NOTES = """\
One row for each library of each change, the newest first; on a terminal each cluster has a table of its own. The number of
the change is that of its first entry. The history is that of 'udf history' too. A cluster that has no name in the inventory
is called by the addresses of its nodes. A change that was killed is "unfinished"; 'function rollback' can undo it too. Entries
are never deleted.

Examples:
  asadm function history --module mylib
  asadm fn history show 12                   the text of the entry 12, byte for byte
  asadm fn rollback mylib --to 12            bring it back
  asadm fn rollback --change 9               undo all of the change 9"""
