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

from asadm.target.types import FUNCTION, UDF

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable


class CommandRow:  # plain class: dataclasses cost more to import than the whole run
    """One command.

    ``words``       what is typed: ``manage udfs add``; every word may be shortened while it stays unambiguous
    ``module``      dotted name of the file that runs it
    ``names``       words that follow, in order: ``NAME``, ``[NAME]`` where it may be left out, and last perhaps
                    ``NAME...`` or ``[NAME...]`` for any number of them
    ``clauses``     keywords with their words: ``path PATH`` takes one word, ``[with NODE...]`` may be left out and
                    takes one or more; in any order. ``[-- ARG...]`` takes all that follows, also what looks like a flag
    ``rest``        takes all that follows as it stands, as ``watch`` does; its name in the grammar
    ``privileged``  must be enabled first
    ``local``       is not about any node
    """

    __slots__ = ("clauses", "example", "local", "module", "names", "privileged", "rest", "summary", "words")

    def __init__(
        self,
        words: str,
        module: str,
        summary: str,
        example: str,
        *,
        names: tuple[str, ...] = (),
        clauses: tuple[str, ...] = (),
        rest: str = "",
        privileged: bool = False,
        local: bool = False,
    ) -> None:
        self.words = tuple(words.split())
        self.module = module
        self.summary = summary
        self.example = example
        self.names = names
        self.clauses = clauses
        self.rest = rest
        self.privileged = privileged
        self.local = local

    @property
    def name(self) -> str:
        """All words of the command as one text."""
        return " ".join(self.words)

    @property
    def family(self) -> str:
        """Which types of clusters it is for, see `asadm.target.types`."""
        return FUNCTION if self.words[0] == FUNCTION else UDF

    @property
    def many(self) -> bool:
        """Whether any number of names may follow."""
        return bool(self.names) and "..." in self.names[-1]

    @property
    def keywords(self) -> list[str]:
        """The words that begin its clauses."""
        return [clause.strip("[]").split()[0] for clause in self.clauses]

    @property
    def grammar(self) -> str:
        """How the command is written, without its flags: ``manage udfs add NAME path PATH``."""
        return " ".join([*self.words, *self.names, *self.clauses, *([self.rest] if self.rest else [])])


SHORT_FUNCTION = "fn"
"""What may be typed for ``function``, of which it is no beginning."""

USUAL = {"info": "info network"}
"""What the beginning of a command means alone: `info` is the most frequent line of public scripts."""

REPEAT_SECONDS = 2.0
"""Seconds between two runs of a command that is repeated, when the user names none: as long as watch(1) waits."""


def table(rows: Iterable[CommandRow]) -> tuple[CommandRow, ...]:
    """``rows`` as they are; raises ValueError when two commands have the same words, or one begins another."""
    kept: dict[tuple[str, ...], CommandRow] = {}
    begun: dict[tuple[str, ...], CommandRow] = {}
    for row in rows:
        beginnings = [row.words[:size] for size in range(1, len(row.words) + 1)]
        other = begun.get(row.words) or next((kept[each] for each in beginnings if each in kept), None)
        if other is not None:
            raise ValueError(f"command {row.name!r} is declared twice, or hides {other.name!r}")
        kept[row.words] = row
        begun.update(dict.fromkeys(beginnings, row))
    return tuple(kept.values())


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
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "info network",
            "asadm.commands.info_network",
            "Show an overview of the nodes: id, build, cluster, modules, connections, uptime.",
            "info network",
            clauses=("[with NODE...]",),
        ),
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
            "function plan",
            "asadm.commands.function_plan",
            "Show which libraries of a directory would be created, updated or removed on which nodes. Changes nothing.",
            "function plan config/fleet-valkey/functions --diff",
            names=("DIR",),
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "function apply",
            "asadm.commands.function_apply",
            "Restore the libraries of a directory or a plan file on every primary, and wait until every node has them.",
            "function apply config/fleet-valkey/functions --yes --verify",
            names=("DIR|PLANFILE",),
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "function verify",
            "asadm.commands.function_verify",
            "Read primaries and replicas, and compare them with a directory or with each other.",
            "function verify config/fleet-valkey/functions",
            names=("[DIR]",),
            clauses=("[with NODE...]",),
            local=True,
        ),
        CommandRow(
            "function check",
            "asadm.commands.function_check",
            "Check that every node answers and has the right libraries; output for people, cron, Nagios or Prometheus.",
            "function check config/fleet-valkey/functions --format nagios",
            names=("[DIR]",),
            clauses=("[with NODE...]",),
            local=True,  # as 'udf check'
        ),
        CommandRow(
            "function status",
            "asadm.commands.function_status",
            "Show which node has which role and which version of which library, once or repeatedly.",
            "function status --watch 2",
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "function get",
            "asadm.commands.function_get",
            "Print the text of a library.",
            "function get mylib -o mylib.lua",
            names=("NAME",),
        ),
        CommandRow(
            "function diff",
            "asadm.commands.function_diff",
            "Show how a library differs between two nodes.",
            "function diff mylib 10.0.0.1:6379 10.0.0.2:6379",
            names=("NAME", "NODE", "NODE"),
        ),
        CommandRow(
            "function rollback",
            "asadm.commands.function_rollback",
            "Undo the latest change of libraries, or bring back an earlier text from the history.",
            "function rollback mylib --to 12 --yes",
            names=("[LIBRARY]",),
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "function history",
            "asadm.commands.function_history",
            "List the changes of libraries: what, when and by whom; or print the text that an entry recorded.",
            "function history --module mylib",
            clauses=("[show ID]",),
            local=True,
        ),
        CommandRow(
            "function remove",
            "asadm.commands.function_remove",
            "Remove libraries, and wait until no node has them.",
            "function remove mylib --yes",
            names=("NAME...",),
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "function dump",
            "asadm.commands.function_dump",
            "Write all libraries of the nodes, of one, or of a file, as a payload that every server takes.",
            "function dump --portable --out libraries.dump",
            names=("[FILE]",),
            clauses=("[with NODE...]",),
            local=True,  # with a file it asks no node
        ),
        CommandRow(
            "function restore",
            "asadm.commands.function_restore",
            "Restore the libraries of a payload or RDB file on every primary.",
            "function restore libraries.dump replace --yes",
            names=("FILE", "[POLICY]"),
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "function stats",
            "asadm.commands.function_stats",
            "Show which function or script runs on which node, and for how long.",
            "function stats",
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "function kill",
            "asadm.commands.function_kill",
            "End functions and scripts that run.",
            "function kill --node 10.0.0.1:6379 --yes",
            clauses=("[with NODE...]",),
        ),
        CommandRow(
            "function lint",
            "asadm.commands.function_lint",
            "Check Valkey function libraries in files, as a server would load them. Asks no node.",
            "function lint config/functions",
            names=("DIR|FILE...",),
            local=True,
        ),
        CommandRow(
            "function run",
            "asadm.commands.function_run",
            "Call a function of a Valkey library in a file, on a keyspace made for it or on a cluster.",
            "function run config/functions/mylib.lua my_hset user:1 -- name Ann",
            names=("FILE|LIBRARY", "FUNCTION", "[KEY...]"),
            clauses=("[-- ARG...]",),
            local=True,
        ),
        CommandRow(
            "function rdb",
            "asadm.commands.function_rdb",
            "Write an RDB file of Valkey function libraries, with which a server starts. Asks no node.",
            "function rdb config/functions --out functions.rdb",
            names=("DIR|FILE...",),
            local=True,
        ),
        CommandRow(
            "cache clear",
            "asadm.commands.cache",
            "Clear the Lua cache of every node; can be run by cron or systemd.",
            "cache clear --quiet --lock /run/lock/asudf.lock --splay 30 --retries 2",
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
            "schedule print",
            "asadm.commands.schedule",
            "Print a cron file or systemd units that run 'cache clear' or a check at regular times. Installs nothing.",
            "schedule print --cron --every 1h --user asudf --lock /run/lock/asudf.lock",
            names=("[COMMAND...]",),
            clauses=("[with NODE...]",),
            local=True,
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
