"""``function diff``: one library as two nodes have it, line by line."""

from __future__ import annotations

from asadm.commands.udf_diff import check, run

__all__ = ["NOTES", "check", "run"]

NOTES = """\
Exit codes: 0 both nodes have the same, 3 they differ (also when just one has the library), 1 a node could not be read
or neither has the library, 2 usage, 130 stopped by Ctrl-C.

Example:
  asadm function diff mylib 10.0.0.1:6379 10.0.0.2:6379"""
