"""``function plan``: what has to change so that every primary, and its replicas, have the libraries of a directory. Changes nothing."""

from __future__ import annotations

from asadm.commands import udf_plan
from asadm.commands.function_words import of_functions
from asadm.commands.udf_plan import check, run
from asadm.fleet.change.options import NO_LINT

__all__ = ["NOTES", "OPTIONS", "check", "run"]

OPTIONS = of_functions(option for option in udf_plan.OPTIONS if option is not NO_LINT)

NOTES = """\
Every *.lua file in DIR whose first line is '#!lua name=NAME' is a library of that name; other files are none. Each node
is read with one FUNCTION DUMP, replicas too, and libraries are compared by the SHA-256 of their text. Before that is
shown, all libraries of DIR are loaded in a sandbox here: what servers of the versions that were read would refuse is an
error (see 'function lint'). The file functions.yaml in DIR can set more:
  exclude: ["test_*.lua"]                  files and libraries that are none of ours
  keep: ["legacy_*"]                       libraries that --prune never removes
  clusters: [sessions]                     refuse any other cluster of the inventory

Exit codes: 0 nothing to change, 3 changes are pending, 1 a node could not be read, 2 the command line, the directory
or a library is wrong and nothing was sent, 130 stopped by Ctrl-C.

Examples:
  asadm function plan functions              what 'function apply functions' would do
  asadm fn plan functions --diff             with the lines that change
  asadm fn plan functions --prune --out plan.json   review it, then: asadm fn apply plan.json
  asadm -h 10.0.0.1 --discover fn plan functions    without an inventory"""
