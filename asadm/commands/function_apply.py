"""``function apply``: bring every primary, and so its replicas, to the libraries of a directory or of a plan file, and verify it."""

from __future__ import annotations

from asadm.commands import udf_apply
from asadm.commands.function_words import of_functions
from asadm.commands.udf_apply import check, run
from asadm.fleet.change.options import NO_LINT

__all__ = ["NOTES", "OPTIONS", "check", "run"]

OPTIONS = of_functions(option for option in udf_apply.OPTIONS if option is not NO_LINT)

NOTES = """\
Each primary gets one FUNCTION RESTORE REPLACE with all libraries that it or a replica of it lacks: all of them or none, in
a payload of version 10, which every version of server takes. Then WAIT, and all primaries and replicas are read until they
have the new texts. A library that is removed goes last. Nothing is written to a replica; one that does not follow is
reported as late. Where roles move meanwhile (READONLY, or a primary that is gone), the topology is read once more and the
new primary gets what it lacks. A busy primary is waited for, nothing is killed. Run the command again to complete a
change that failed on some nodes.
A plan file ('function plan --out FILE') is applied only while the nodes are as they were when it was made. The old text
of each library is recorded in the history, so that 'function rollback' can bring it back.

Exit codes: 0 every node is as it should be, 1 a node is not, 2 the command line or a library is wrong and nothing was
sent, 3 with --dry-run: changes are pending, 130 stopped by Ctrl-C.

Examples:
  asadm function apply functions             show the plan, ask, apply
  asadm fn apply functions --dry-run         only show the plan
  asadm fn apply functions --yes --verify    for a CI job: do not ask, read every library back
  asadm fn apply plan.json --yes             just what was reviewed
  asadm fn apply functions --prune --wait 120   remove libraries that the directory does not have"""
