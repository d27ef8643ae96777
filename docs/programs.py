"""The three programs, from the tables that they themselves read."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from asadm import cli as asadm_cli
from asadm.commands import TABLE
from asadm.flags import OPTIONS as ASADM_OPTIONS
from asinfo import cli as asinfo_cli
from asinfo.terminal.completion import script
from asinfo.terminal.options import Option
from asudfd import cli as daemon_cli
from docs.program import Command, Flag, Program

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asadm.commands import CommandRow

EXITS = {
    "0": "every node answered well",
    "1": "a node gave no answer, or answered with an error",
    "2": "the command line or a file is wrong; nothing was sent",
    "130": "stopped by Ctrl-C, 143 by SIGTERM: 128 and the signal; the nodes that had answered are shown",
}

FILES = {
    "/etc/aerospike/astools.conf": "settings for all users of the machine (TOML)",
    "~/.aerospike/astools.conf": "settings of the user; later files win, the command line last",
}

HOME = {"HOME": "where `~` in the names of files below is"}

INVENTORY = {
    "asadm.yaml": "the inventory of clusters and nodes, in the working directory; the first of these three that is there",
    "~/.config/asudf/asadm.yaml": "the same, of the user",
    "/etc/asudf/asadm.yaml": "the same, of the machine",
}

OWN_FILES = {
    "~/.cache/asudf": "inventories as they were understood last, to start sooner; no secrets, and nothing is lost with it",
    "~/.local/state/asudf/asadm_history": "the lines of the interactive shell",
}

ASINFO = """\
Sends info commands to one node and writes its answers to standard output, byte for byte; messages go to standard error. Several
nodes in `--host` are alternatives: the first one that can be reached is asked."""

ASADM = """\
Asks every configured node at once. Each gets a row, in the configured order: its answer, or the reason it has none. Without a
command and with a terminal it is an interactive shell; otherwise commands come from `-e`, from a file, from standard input or from
the words of the command line. Words of commands may be shortened as long as they stay unambiguous; `;` separates commands."""

ASUDFD = """\
Serves the info protocol of Aerospike: modules are registered, compiled, stored, listed and fetched as on a real node. Without a
configuration file it listens on 127.0.0.1:3000 and has the namespaces `test` and `bar`. Once it serves it prints one line, `ready`
and an address a node, to standard output; everything else goes to standard error or to the log."""

ASUDFD_WATCHDOG = """\
When one thing holds its event loop for `watchdog-seconds` of the processor (5; 0 is for ever), such as a single instruction of Lua that
no limit can interrupt, the daemon says in the log what it was and for which client, and starts itself anew: the same process, the
same command line, the same listening sockets, so that clients wait and are not refused. Connections end, and what is in namespaces
in memory is lost; modules, and records in files, are there. The line `ready` is printed once, by the first start. The function is
*demoted*: it runs in threads only, over restarts too, until its module changes or `udf-clear-cache:`; `udf-cache-stats:` shows it as
`demoted`. The fifth restart within a minute is logged as critical, and the daemon goes on. C code that holds Python's lock ends
the process by SIGPROF, with its Python stack on standard error. Both are measured in processor time: a process that is stopped, or a
machine that sleeps or is busy, costs nothing. Nor does a disk that hangs: that is for systemd, whose `WatchdogSec=` the daemon
answers. [asudfd.service](../config/systemd/asudfd.service) is a unit with all of this."""

RECOVER = """\
A damaged file is never started with, and never overwritten: the node says which file it is and where, and ends with 1. Then
`asudfd --recover`, with the same `--config-file` and `--work-directory`, saves what is whole, leaves the damaged files beside with
`.damaged-` and the time after their names, and says what was saved and what was not. It serves nobody, and does nothing while a
daemon runs in the work directory. Where nothing is damaged it changes nothing."""


def programs() -> list[Program]:
    """asinfo, asadm and asudfd."""
    return [asinfo(), asadm(), asudfd()]


def asinfo() -> Program:
    """The program that asks one node."""
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
    """The program that asks all nodes."""
    return Program(
        name="asadm",
        synopsis="asadm [OPTIONS] [COMMAND]...\nasadm [OPTIONS] -e COMMANDS\nasadm [OPTIONS] -f FILE",
        summary=asadm_cli.SUMMARY,
        description=(ASADM, "Privileged commands need `--enable`, or `enable` before them."),
        flags=panels(ASADM_OPTIONS),
        exits={**EXITS, "3": "changes are pending, or versions differ; only of `udf` commands that say so"},
        environment={
            **variables(ASADM_OPTIONS),
            **variables(option for row in TABLE for option in _options(row)),
            "NO_COLOR": "no colours, as `--no-color`",
            "XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_STATE_HOME": "used in place of `~/.config`, `~/.cache` and `~/.local/state`",
            **HOME,
        },
        files={**INVENTORY, **FILES, **OWN_FILES},
        examples=examples("asadm", asadm_cli.EXAMPLES),
        commands=tuple(command(row) for row in TABLE),
    )


def asudfd() -> Program:
    """The node."""
    rows = {f"--{name.replace('_', '-')}": row for name, row in daemon_cli.OPTIONS.items()}
    return Program(
        name="asudfd",
        synopsis="asudfd [OPTIONS]",
        summary=daemon_cli.SUMMARY,
        description=(ASUDFD, ASUDFD_WATCHDOG, RECOVER),
        flags={"Options": tuple(Flag((name,), metavar, text) for name, (metavar, text) in rows.items())},
        exits={
            "0": "stopped by SIGTERM or SIGINT; the file that was checked is good; `--recover` lost nothing",
            "1": (
                "it cannot start: the port is taken; a file is damaged; the work directory cannot be written, may be written by "
                "others, or belongs to another daemon; or it had to leave at once, as the log says; or `--recover` could not "
                "save everything"
            ),
            "2": "the command line or a configuration file is wrong; nothing was started",
        },
        environment={
            "XDG_STATE_HOME": "where the directory of all state is made; `~/.local/state` otherwise",
            "NOTIFY_SOCKET, WATCHDOG_USEC": "set by systemd: it is told of readiness, restarts, and that the event loop turns",
        },
        files={
            "$XDG_STATE_HOME/asudf": "all state, unless `--work-directory` or the configuration file says otherwise",
            "asudfd.pid": "in the work directory, which only its owner may write (`chmod go-w`): the process id; who has it locked owns the directory",
            "smd/UDF.smd": "in the work directory: the modules, as system metadata; a log, so that copies of it may be taken at any time",
            "smd/UDF.mark": "says that there is such a file, so that a lost one is not taken for a new node; belongs to it when it is moved",
            "smd/UDF.smd.json": "the modules as the first version had kept them: carried over, and not read any more",
            "asudfd.files": "in the work directory: the files of records and of metadata that there are; when one is gone the start is refused, and who deletes its line starts without it",
            "demoted-functions": "in the work directory: the functions that held the event loop",
            "NAME, NAME.journal0, NAME.journal1, NAME-lock": "in the work directory, unless the configuration names another: the "
            "records of a namespace with `storage-engine device` and `file NAME`",
            "*.damaged-*": "beside the files that `--recover` found damaged: these files as they were",
        },
        examples=examples("asudfd", daemon_cli.EXAMPLES),
    )


def asudfd_completion(shell: str) -> str:
    """The completion script of the node, which ships it as a file."""
    kinds = {"": "flag", "SHELL": "choice"}
    options = [
        Option(
            name.replace("_", "-"),
            kind=kinds.get(metavar, "text"),
            metavar=metavar,
            help=text,
            choices=daemon_cli.SHELLS if metavar == "SHELL" else (),
        )
        for name, (metavar, text) in daemon_cli.OPTIONS.items()
    ]
    return script(shell, "asudfd", options)


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
    """An option as the pages see it: the short and the documented long spelling."""
    short = (f"-{option.short}",) if option.short else ()
    return Flag((*short, f"--{option.name}"), option.metavar, " ".join(option.described.split()))


def command(row: CommandRow) -> Command:
    """A command of asadm with the options of its module."""
    summary = row.summary + (" Privileged." if row.privileged else "")
    flags = tuple(flag(option) for option in _options(row) if not option.hidden)
    notes: str = getattr(importlib.import_module(row.module), "NOTES", "")
    return Command(row.name, row.grammar, summary, row.example, flags, notes)


def variables(options: Iterable[Option]) -> dict[str, str]:
    """The environment variables that stand for options, and the options."""
    return {option.environment: f"as `--{option.name}`" for option in options if option.environment}


def _options(row: CommandRow) -> Sequence[Option]:
    found: Sequence[Option] = getattr(importlib.import_module(row.module), "OPTIONS", ())
    return found
