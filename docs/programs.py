"""The reference pages of the three programs, made from the same option and command tables that the programs use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from asadm import cli as asadm_cli
from asadm.commands import TABLE
from asadm.flags import OPTIONS as ASADM_OPTIONS
from asinfo import cli as asinfo_cli
from asudfd import cli as daemon_cli
from asudfd.commands import TABLE as DAEMON_TABLE
from asudfd.commands import module_of
from docs.program import Command, Flag, Program

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asadm.commands import CommandRow
    from asinfo.terminal.options import Option

EXITS = {
    "0": "every node answered without an error",
    "1": "at least one node did not answer, or answered with an error",
    "2": "the command line or a file is wrong; nothing was sent",
    "130": "stopped by Ctrl-C; 143: by SIGTERM (128 plus the number of the signal). Answers that had arrived are shown",
}

FILES = {
    "/etc/aerospike/astools.conf": "settings for all users of the machine (TOML)",
    "~/.aerospike/astools.conf": "settings of the user; they override the file above, and the command line overrides both",
}

HOME = {"HOME": "replaces `~` in the file names below"}

INVENTORY = {
    "asadm.yaml": "the inventory of clusters and nodes in the working directory; asadm uses the first of these three files that exists",
    "~/.config/asudf/asadm.yaml": "the inventory of the user",
    "/etc/asudf/asadm.yaml": "the inventory of the machine",
}

OWN_FILES = {
    "~/.cache/asudf": "a cache of parsed inventories, for a faster start; it has no secrets and may be deleted at any time",
    "~/.local/state/asudf/asadm_history": "the command history of the interactive shell",
    "~/.local/state/asudf/asadm_lines": "the same, where prompt_toolkit is its line editor",
}

ASINFO = """\
Sends info commands to one node and writes its answers to standard output, byte for byte. Messages go to standard error. If `--host`
names several nodes, they are alternatives: asinfo asks the first one that it can reach."""

ASADM = """\
Sends commands to all configured nodes in parallel. Each node gets a row, in the configured order, with its answer or with the reason why
there is none. Commands come from the words of the command line, from `-e`, from a file or from standard input; without any of these, on a
terminal, asadm starts an interactive shell. Command words may be abbreviated as long as they are unambiguous. `;` separates commands:
all are understood before the first is sent, and one that fails does not stop those after it."""

ASUDFD = """\
Serves the info protocol and the record protocol of Aerospike. Modules are registered, compiled, stored, listed, fetched and executed as on
a real node. Without a configuration file it listens on 127.0.0.1:3000 and has the namespaces `test` and `bar`. When it is ready to serve
it prints one line to standard output: `ready` and the address of each node. Everything else goes to standard error or to the log.

The log goes to standard error unless the configuration names files (`logging`); on a terminal warnings are yellow and what is critical red
(`NO_COLOR` turns that off). Without a configuration file it has no ticker, the lines that tell the node's state every `ticker-interval`;
`set-config` with another interval turns it on. What modules write with `info()`, `warn()`, `debug()` and `trace()` has the context `udf`, in
stream functions `aggr`, and names the file and line, module and function that wrote it; `debug` and `trace` are levels that
are not shown until a sink asks for them: `asinfo -v 'log-set:id=0;udf=debug'` (or `detail` for `trace`), or `context udf debug` in the
sink of a configuration file. A call that fails leaves one line of level `WARNING`: module, function, message, the
module's lines on the stack, record and client. The same failure is held back for 12 seconds, and its number told then.
Any other warning that comes again, one of `warn()` too, is written once in ten seconds, with the number of times.
`udf-stats:` counts all of them.

With `--resp-port` each node serves Valkey's protocol, too: keys, scripts and functions; docs/valkey.md is the guide. The line `ready` then has
`resp=HOST:PORT` for each node, after all addresses. This protocol has a thread and Lua of its own; the watchdog is not concerned with it."""

ASUDFD_WATCHDOG = """\
Lua runs in worker processes without files, sockets or memory beyond a limit: a call that has not ended 50 ms after its time limit is killed, and
nobody else notices. With `mod-lua { isolation inline }`, the default where the service listens on loopback, functions that have been quick in a worker run on
the event loop, which is cheaper; that is for code that you trust. `isolation process`, the default for every other address, has all of it in
workers; `inline-modules NAME` names modules that you trust all the same.

The watchdog restarts the daemon when one operation blocks its event loop for `watchdog-seconds` of CPU time (5 by default; 0 disables
it), for example a single Lua instruction that no limit can interrupt. The log names the operation and the client. The restart keeps
the process, the command line and the listening sockets, so new connections wait and are not refused. Open connections are closed, and records
in memory are lost; modules, and records in files, are kept. Only the first start prints the line `ready`. The function that blocked the event
loop is *demoted*: it runs only in workers, also after restarts, until its module changes or `udf-clear-cache:` is sent;
`udf-cache-stats:` shows it as `demoted`. The fifth restart within a minute is logged as critical, and the daemon continues. If C code holds
Python's global interpreter lock, the process ends by SIGPROF and writes its Python stack to standard error. The watchdog measures CPU time: a
stopped process, or a machine that sleeps or is busy, does not trigger it, and neither does a disk that hangs. For a hanging disk use
systemd's `WatchdogSec=`, which the daemon supports. [asudfd.service](../config/systemd/asudfd.service) is a unit file with all of this."""

RECOVER = """\
The daemon never starts with a damaged file and never overwrites one. It names the file and the position of the damage, and exits with 1.
Then run `asudfd --recover` with the same `--config-file` and `--work-directory`. It saves the intact data, keeps the damaged files under
their names plus `.damaged-` and the time, and reports what was saved and what was lost. It does not serve clients, and it does
nothing while a daemon runs in the work directory. If nothing is damaged it changes nothing."""


def programs() -> list[Program]:
    """asinfo, asadm and asudfd."""
    return [asinfo(), asadm(), asudfd()]


def asinfo() -> Program:
    """asinfo, which sends info commands to one node."""
    return Program(
        name="asinfo",
        synopsis="asinfo [OPTIONS] [-v COMMAND]...",
        summary=asinfo_cli.SUMMARY,
        description=(ASINFO,),
        flags=panels(asinfo_cli.OPTIONS),
        exits=EXITS,
        environment=HOME,
        files=FILES,
        examples=examples("asinfo", asinfo_cli.EXAMPLES),
    )


def asadm() -> Program:
    """asadm, which sends commands to all nodes."""
    return Program(
        name="asadm",
        synopsis="asadm [OPTIONS] [COMMAND]...\nasadm [OPTIONS] -e COMMANDS\nasadm [OPTIONS] -f FILE",
        summary=asadm_cli.SUMMARY,
        description=(ASADM, "Privileged commands need `--enable`, or `enable` before them."),
        flags=panels(ASADM_OPTIONS),
        exits={**EXITS, "3": "changes are pending, or versions differ; only `udf` commands that document it"},
        environment={
            **variables(ASADM_OPTIONS),
            **variables(option for row in TABLE for option in _options(row)),
            "NO_COLOR": "disables colours, as `--no-color` does",
            "PAGER": "what shows on a terminal what is longer than the screen: `less` without it, `cat` for no pager",
            "ASADM_EDITOR": "`readline` for the shell without prompt_toolkit, where that is installed",
            "XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_STATE_HOME": "replace `~/.config`, `~/.cache` and `~/.local/state`",
            **HOME,
        },
        files={**INVENTORY, **FILES, **OWN_FILES},
        examples=examples("asadm", asadm_cli.EXAMPLES),
        commands=tuple(command(row) for row in TABLE),
    )


def asudfd() -> Program:
    """asudfd, the node."""
    return Program(
        name="asudfd",
        synopsis="\n".join(["asudfd [OPTIONS]", *(row.grammar for row in daemon_commands())]),
        summary=daemon_cli.SUMMARY,
        description=(ASUDFD, ASUDFD_WATCHDOG, RECOVER),
        flags=panels(daemon_cli.OPTIONS),
        exits={
            "0": "stopped by SIGTERM or SIGINT; `--check-config` found no error; `--recover` lost nothing",
            "1": (
                "the daemon cannot start: the port is in use; a file is damaged; the work directory is not writable, is writable by "
                "other users, or is in use by another daemon. Or it had to exit at once; the log has the reason. Or `--recover` "
                "could not save everything"
            ),
            "2": "the command line or a configuration file is wrong; nothing was started",
        },
        environment={
            "NAMESPACE": "the namespace in place of `test` and `bar`, as in the vendor's container image; this and the next five count where no configuration file is given",
            "DEFAULT_TTL, CLUSTER_NAME": "set `--default-ttl` and `--cluster-name`",
            "MEM_GB": "the `data-size` of each namespace, in GiB",
            "SERVICE_ADDRESS, SERVICE_PORT": "the address and the port of the service, as `--host` and `--port`",
            "XDG_STATE_HOME": "the directory in which the state directory `asudf` is created; default: `~/.local/state`",
            "NOTIFY_SOCKET, WATCHDOG_USEC": "set by systemd: the daemon notifies it of readiness, of restarts, and of the liveness of its event loop",
        },
        files={
            "$XDG_STATE_HOME/asudf": "the default work directory; `--work-directory` or the configuration file names another one",
            "asudfd.pid": "in the work directory: the process id. The process that has locked this file owns the directory. Only the "
            "owner of the directory may have write permission (`chmod go-w`)",
            "smd/UDF.smd": "in the work directory: the modules, as system metadata (SMD); an append-only log, so it may be copied at any time",
            "smd/UDF.mark": "records that `UDF.smd` exists, so that a lost file is not mistaken for a new node; move both files together",
            "smd/UDF.smd.json": "the modules in the format of the first version; they were migrated, and the file is no longer read",
            "smd/FUNCTION.smd, smd/FUNCTION.mark": "the same for the libraries of functions of Valkey",
            "valkey-ID.journal": "in the work directory: the keys that clients of Valkey see on the node ID, with `storage file` in `resp`",
            "asudfd.files": "in the work directory: the list of the files of records and metadata. If a listed file is missing, the daemon "
            "does not start; delete its line to start without it",
            "demoted-functions": "in the work directory: the functions that blocked the event loop",
            "NAME, NAME.journal0, NAME.journal1, NAME-lock": "in the work directory, unless the configuration names another directory: the "
            "records of a namespace with `storage-engine device` and `file NAME`",
            "*.damaged-*": "the damaged files as they were, kept by `--recover` beside the repaired ones",
        },
        examples=examples("asudfd", daemon_cli.EXAMPLES),
        commands=tuple(daemon_commands()),
    )


def daemon_commands() -> list[Command]:
    """The commands of asudfd with their options."""
    modules = [(name, module_of(name)) for name in DAEMON_TABLE]
    return [
        Command(
            name,
            module.GRAMMAR,
            module.SUMMARY,
            "",
            tuple(flag(option) for option in module.OPTIONS if not option.hidden),
            module.NOTES,
        )
        for name, module in modules
    ]


def examples(name: str, text: str) -> tuple[str, ...]:
    """The command lines among the lines of a help text."""
    lines = (line.strip().removeprefix("Example: ") for line in text.splitlines())
    return tuple(line for line in lines if line.startswith(f"{name} "))


def panels(options: Sequence[Option]) -> dict[str, tuple[Flag, ...]]:
    """The options that are shown, by panel, in the order of the table."""
    found: dict[str, tuple[Flag, ...]] = {}
    for option in options:
        if not option.hidden:
            found[option.panel] = (*found.get(option.panel, ()), flag(option))
    return found


def flag(option: Option) -> Flag:
    """An option for the pages, with its short and its documented long spelling."""
    short = (f"-{option.short}",) if option.short else ()
    return Flag((*short, f"--{option.name}"), option.metavar, " ".join(option.described.split()))


def command(row: CommandRow) -> Command:
    """A command of asadm with the options of its module."""
    summary = row.summary + (" Privileged." if row.privileged else "")
    flags = tuple(flag(option) for option in _options(row) if not option.hidden)
    notes: str = getattr(importlib.import_module(row.module), "NOTES", "")
    return Command(row.name, row.grammar, summary, row.example, flags, notes)


def variables(options: Iterable[Option]) -> dict[str, str]:
    """The environment variables that set options, each with its option."""
    return {option.environment: f"sets `--{option.name}`" for option in options if option.environment}


def _options(row: CommandRow) -> Sequence[Option]:
    found: Sequence[Option] = getattr(importlib.import_module(row.module), "OPTIONS", ())
    return found
