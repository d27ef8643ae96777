"""``function check``: report differing and missing libraries, and nodes that cannot run functions, to a person, cron or a monitoring system."""

from __future__ import annotations

from asadm.commands import udf_check
from asadm.commands.function_words import of_functions
from asadm.commands.udf_check import check, run

__all__ = ["NOTES", "OPTIONS", "check", "run"]

OPTIONS = of_functions(udf_check.OPTIONS)

NOTES = """\
What is checked, and how severe a finding is:
  critical  unreachable  a node did not tell its libraries: silent, busy, loading, not allowed, a replica out of touch
  critical  drift        nodes have different texts of a library, or some lack it
  critical  poisoned     every script and function of a primary fails (Valkey 9.1.2 after one cross-slot call): restart it
  warning   directory    with DIR: a node differs from the directory ('function plan DIR' shows how)

Exit codes: 0 all is well, 1 a node could not be read, 3 all were read and something was found, 2 the command line or a
file is wrong, 130 stopped by Ctrl-C. With --format nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (a file is wrong, or
the check was stopped); a flag that is not understood exits with 2 there too.

Examples:
  asadm function check                                  do all nodes have the same libraries?
  asadm fn check functions --quiet                      from cron: silent unless a node is not as in the directory
  asadm fn check functions --format nagios              a plugin for Nagios, Icinga, Sensu
  asadm fn check functions --quiet --metrics-file /var/lib/prometheus/node-exporter/functions.prom
  asadm fn check --format json | jq '.findings[]'"""
