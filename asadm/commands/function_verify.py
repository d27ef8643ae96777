"""``function verify``: read primaries and replicas, and compare them with a directory or with each other."""

from __future__ import annotations

from asadm.commands import udf_check
from asadm.commands.function_words import of_functions
from asadm.commands.udf_check import check, run

__all__ = ["NOTES", "OPTIONS", "check", "run"]

OPTIONS = of_functions(udf_check.OPTIONS)

NOTES = """\
The same as 'function check', under the name that people look for behind 'apply'.

Exit codes: 0 all is well, 1 a node could not be read, 3 something was found, 2 a file is wrong, 130 stopped by Ctrl-C.

Examples:
  asadm function verify functions
  asadm fn verify                            with each other"""
