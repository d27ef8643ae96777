"""``function remove``: remove libraries, and see that no node has them any more."""

from __future__ import annotations

from asadm.commands import udf_remove
from asadm.commands.function_words import of_functions
from asadm.commands.udf_remove import check, run

__all__ = ["NOTES", "OPTIONS", "check", "run"]

OPTIONS = of_functions(udf_remove.OPTIONS)

NOTES = """\
The removal is sent to each primary; then all nodes are read until none has the libraries. The text is recorded in the
history first, so that 'function rollback' can bring it back. A library that no node has is no error.

Examples:
  asadm function remove mylib                show where it is, ask, remove
  asadm fn remove a b --yes
  asadm fn remove mylib --dry-run"""
