"""``function get``: the text of a library, byte for byte."""

from __future__ import annotations

from asadm.commands import udf_get
from asadm.commands.function_words import of_functions
from asadm.commands.udf_get import check, run

__all__ = ["NOTES", "OPTIONS", "check", "run"]

OPTIONS = of_functions(udf_get.OPTIONS)

NOTES = """\
Exit codes: 0 done, 1 a node could not be read, no node has the library, or the nodes have different texts of it,
2 usage, 130 stopped by Ctrl-C.

Examples:
  asadm function get mylib > mylib.lua
  asadm fn get mylib --node 10.0.0.2:6379 -o mylib.lua"""
