"""``function status``: the version of every library on every node, once or repeatedly."""

from __future__ import annotations

from asadm.commands import udf_status
from asadm.commands.function_words import of_functions
from asadm.commands.udf_status import check, run

__all__ = ["NOTES", "OPTIONS", "check", "run"]

OPTIONS = of_functions(udf_status.OPTIONS)

NOTES = """\
On a terminal a table of libraries and nodes, and the role, version and slots of each node. In a pipe one line for each
library and node: library, node, role, state, hash. The states:
  same      the text that most nodes have; with --dir the directory's
  other     another text
  missing   the node does not have the library
  extra     the directory does not have the library (with --dir)
A node that could not be read has one line: "*", the node, its role, the kind of failure, the reason.

Exit codes: 0 all nodes were read and are the same, 1 a node could not be read, 3 all were read and not all are the same,
2 usage. With --watch, Ctrl-C ends the command with the worst of these codes.

Examples:
  asadm function status
  asadm fn status --watch 5 --dir functions
  asadm --json fn status | jq '.nodes[] | {node, role, version, lag}'"""
