"""The table of asadm's commands: one row a command, one file a command.

The same rows serve ``-e``, files of commands, standard input, the interactive shell, plain words on the command line
(``asadm cache clear --quiet``), ``help``, completion, the man page and the documentation.

A command's file is imported only when the command is used. It holds

    OPTIONS: tuple[Option, ...]                    its flags (may be left out)
    NOTES: str                                     what ``help`` says behind them instead of the example (may be left out)
    def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome
    def check(arguments: CommandArguments) -> None        refuse bad arguments before anything is sent (may be left out)
    def changing(arguments: CommandArguments) -> bool   for a command that only sometimes needs ``enable`` (may be left out)

A command computes and returns data; ``asadm.display`` shows it and ``asadm.cli`` turns it into the exit code. Adding
a command is one new file and one row here.
"""

from __future__ import annotations

from asadm.commands.function_rows import FUNCTION_ROWS
from asadm.commands.info_rows import INFO_ROWS
from asadm.commands.manage_rows import MANAGE_ROWS
from asadm.commands.row import CommandRow, table
from asadm.commands.show_rows import SHOW_ROWS

__all__ = ["ALIASES", "REPEAT_SECONDS", "SHORT_FUNCTION", "TABLE", "CommandRow", "table"]

SHORT_FUNCTION = "fn"
"""What may be typed for ``function``, of which it is no beginning."""

ALIASES = {"stats": "statistics"}
"""Words of the vendor's asadm that are no beginnings of ours."""

REPEAT_SECONDS = 2.0
"""Seconds between two runs of a command that is repeated, when the user names none: as long as watch(1) waits."""


TABLE = table(
    [
        CommandRow(
            "asinfo",
            "asadm.commands.asinfo",
            "Send info commands to every node and show every answer.",
            "asinfo -v 'udf-clear-cache:' with 10.0.0.1 10.0.0.2",
            clauses=("[like WORD...]", "[with NODE...]"),
        ),
        CommandRow(
            "show udfs",
            "asadm.commands.show_udfs",
            "List the modules of every node and where they differ, or print the source of one.",
            "show udfs counter.lua",
            names=("[NAME]",),
            clauses=("[like PATTERN...]", "[with NODE...]"),
        ),
        *INFO_ROWS,
        *SHOW_ROWS,
        CommandRow(
            "manage udfs add",
            "asadm.commands.manage_udfs_add",
            "Register a module and wait until every node lists it.",
            "manage udfs add counter.lua path config/udf/counter.lua",
            names=("NAME",),
            clauses=("path PATH", "[with NODE...]"),
            privileged=True,
        ),
        CommandRow(
            "manage udfs remove",
            "asadm.commands.manage_udfs_remove",
            "Remove a module and wait until no node lists it.",
            "manage udfs remove counter.lua",
            names=("NAME",),
            clauses=("[with NODE...]",),
            privileged=True,
        ),
        *MANAGE_ROWS,
        CommandRow(
            "udf plan",
            "asadm.commands.udf_plan",
            "Show which modules of a directory would be created, updated or removed on which nodes. Changes nothing.",
            "udf plan config/udf --diff",
            names=("DIR",),
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "udf apply",
            "asadm.commands.udf_apply",
            "Register the modules of a directory or a plan file on every node, and wait until every node lists them.",
            "udf apply config/udf --yes --verify",
            names=("DIR|PLANFILE",),
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "udf rollback",
            "asadm.commands.udf_rollback",
            "Undo the latest change of modules, or bring back an earlier version from the history.",
            "udf rollback counter.lua --to 12 --yes",
            names=("[MODULE]",),
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "udf run",
            "asadm.commands.udf_run",
            "Call a UDF on a record, at the node that owns it, and show what it returned and changed.",
            "udf run counter.increment test.demo/k count 5",
            names=("MODULE.FUNCTION", "[NS[.SET]/KEY]", "[ARG...]"),
            clauses=("[-- ARG...]",),
            privileged=True,
        ),
        CommandRow(
            "udf aggregate",
            "asadm.commands.udf_aggregate",
            "Run a stream UDF on all records of a set, and show the value that it comes to.",
            "udf aggregate test.demo stats.average count",
            names=("NS[.SET]", "MODULE.FUNCTION", "[ARG...]"),
            clauses=("[-- ARG...]",),
        ),
        CommandRow(
            "record get",
            "asadm.commands.record_get",
            "Read one record.",
            "record get test.demo/k",
            names=("NS[.SET]/KEY", "[BIN...]"),
        ),
        CommandRow(
            "record put",
            "asadm.commands.record_put",
            "Write bins of one record.",
            "record put test.demo/k count=0",
            names=("NS[.SET]/KEY", "BIN=VALUE..."),
            privileged=True,
        ),
        CommandRow(
            "record delete",
            "asadm.commands.record_delete",
            "Delete one record.",
            "record delete test.demo/k",
            names=("NS[.SET]/KEY",),
            privileged=True,
        ),
        CommandRow(
            "udf history",
            "asadm.commands.udf_history",
            "List the changes of modules: what, when and by whom; or print the source that an entry recorded.",
            "udf history --module counter.lua",
            clauses=("[show ID]",),
            local=True,
        ),
        CommandRow(
            "udf status",
            "asadm.commands.udf_status",
            "Show which node has which version of which module, once or repeatedly.",
            "udf status --watch 2",
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "udf get",
            "asadm.commands.udf_get",
            "Print the source of a module, checked against the hash that the node lists.",
            "udf get counter.lua -o counter.lua",
            names=("NAME",),
        ),
        CommandRow(
            "udf diff",
            "asadm.commands.udf_diff",
            "Show how a module differs between two nodes.",
            "udf diff counter.lua 10.0.0.1 10.0.0.2",
            names=("NAME", "NODE", "NODE"),
        ),
        CommandRow(
            "udf check",
            "asadm.commands.udf_check",
            "Check that every node answers and has the right modules; output for people, cron, Nagios or Prometheus.",
            "udf check config/udf --format nagios",
            names=("[DIR]",),
            clauses=("[with NODE...]",),
            local=True,  # it resolves the nodes itself, so that a wrong inventory is UNKNOWN for Nagios
        ),
        CommandRow(
            "udf repair",
            "asadm.commands.udf_repair",
            "Register the right version of a module on nodes that miss it or have another one.",
            "udf repair --dir config/udf --dry-run",
            names=("[NAME...]",),
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "udf rewarm",
            "asadm.commands.udf_rewarm",
            "Turn the Lua cache of real Aerospike servers on again, which udf-clear-cache leaves off.",
            "udf rewarm --yes",
            names=("[NAME...]",),
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "udf remove",
            "asadm.commands.udf_remove",
            "Remove modules, and wait until no node lists them.",
            "udf remove counter.lua --yes",
            names=("NAME...",),
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "udf init",
            "asadm.commands.udf_init",
            "Write a repository of Lua modules to start from, with a test, an inventory and checks. Asks no node.",
            "udf init modules",
            names=("DIR",),
            local=True,
        ),
        CommandRow(
            "udf lint",
            "asadm.commands.udf_lint",
            "Check Lua modules in files: what a node would refuse, and what is likely a mistake. Asks no node.",
            "udf lint config/udf",
            names=("DIR|FILE...",),
            local=True,
        ),
        *FUNCTION_ROWS,
        CommandRow(
            "cache clear",
            "asadm.commands.cache",
            "Clear the Lua cache of every node; can be run by cron or systemd.",
            "cache clear --quiet --lock /run/lock/asudf.lock --splay 30 --retries 2",
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "bundle",
            "asadm.commands.bundle",
            "Put every answer of every node into one archive for support, without secrets.",
            "bundle -o support.tar.gz",
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "check all",
            "asadm.commands.check_all",
            "Check every cluster of the inventory, Aerospike and Valkey, in one table with one exit code.",
            "check all --quiet",
            local=True,  # it resolves the clusters itself
        ),
        CommandRow(
            "check config",
            "asadm.commands.check_config",
            "Check that all nodes have the same configuration, or that of a file; output for people, cron, Nagios or Prometheus.",
            "check config --ignore 'proto-fd-*'",
            clauses=("[with NODE...]",),
            local=True,  # as udf check
        ),
        CommandRow(
            "schedule print",
            "asadm.commands.schedule",
            "Print a cron file or systemd units that run 'cache clear' or a check at regular times. Installs nothing.",
            "schedule print --cron --every 1h --user asudf --lock /run/lock/asudf.lock",
            names=("[COMMAND...]",),
            clauses=("[with NODE...]",),
            local=True,
        ),
        CommandRow(
            "top",
            "asadm.commands.top",
            "Show which functions of modules are called just now, how often, how long they take and how many fail.",
            "top --sort errors --interval 5",
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "watch",
            "asadm.commands.watch",
            "Repeat a command every PAUSE seconds (default 2), N times (default: until Ctrl-C), and mark what changed.",
            "watch 1 10 show udfs",
            rest="[--no-diff] [PAUSE [N]] COMMAND",
        ),
        CommandRow(
            "enable", "asadm.commands.enable", "Allow commands that change the cluster.", "enable", local=True
        ),
        CommandRow(
            "disable",
            "asadm.commands.disable",
            "Refuse commands that change the cluster.",
            "disable",
            local=True,
        ),
        CommandRow(
            "help",
            "asadm.commands.help",
            "List the commands, or explain one.",
            "help manage udfs add",
            rest="[COMMAND]",
            local=True,
        ),
        CommandRow(
            "exit", "asadm.commands.exit", "End asadm; commands after it do not run.", "exit", local=True
        ),
        CommandRow(
            "quit", "asadm.commands.exit", "End asadm; commands after it do not run.", "quit", local=True
        ),
    ]
)
