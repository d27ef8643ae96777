"""asudfd: the command line of the daemon.

The plain forms are read from the table below by a few lines of code, because start-up time counts and typer costs
60 ms of it. Help and everything that is not understood go to typer, which is the authority and words the errors.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asinfo.errors import ConfigError, UsageError
from asinfo.text import visible
from asudfd.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.config.schema import Config

SUMMARY = "A lightweight node for Aerospike user-defined functions."

EXAMPLES = """\
\b
Examples:
  asudfd --nodes 3 --port 3000 --work-directory ~/cluster
  asudfd --recover --config-file asudfd.conf     when a file is damaged: save what is whole"""

EXIT_CANNOT_START = 1
EXIT_USAGE = 2

SHELLS = ("bash", "zsh", "fish")

PORT_MAX = 65535
NODES_MAX = 64


@dataclass(slots=True)
class Arguments:
    """The command line as the user meant it; the texts are still unchecked."""

    config_file: str = ""
    port: str = ""
    nodes: str = ""
    node_id: str = ""
    work_directory: str = ""
    check_config: str = ""
    completion: str = ""
    recover: bool = False
    version: bool = False


OPTIONS = {
    "config_file": ("FILE", "Configuration in the form of aerospike.conf, or YAML if FILE ends so."),
    "port": ("PORT[,PORT...]", "Port of the service, or one for each node; 0 lets the system choose."),
    "nodes": ("N", "Run N nodes in this process, on consecutive ports, with one set of modules."),
    "node_id": ("ID", "Id of the node, or of the first of N, instead of the configuration's; hexadecimal."),
    "work_directory": ("DIRECTORY", "Directory of all state; default: asudf in the XDG state directory."),
    "check_config": ("FILE", "Check a configuration file and exit."),
    "completion": ("SHELL", "Print the completion script of bash, zsh or fish and exit."),
    "recover": ("", "Save what is whole of damaged files in the work directory, say what is lost, and exit."),
    "version": ("", "Print the version and exit."),
}
"""What each option takes and does, by its attribute in Arguments."""


def main() -> None:
    """Run asudfd with the arguments of the process; ends the process with its exit status."""
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Run asudfd with ``argv``; returns its exit status."""
    arguments = recognise(argv)
    if arguments is None:
        from asudfd import usage  # typer: only for help and for what is not plain

        return usage.run(argv)
    return attempt(arguments)


def attempt(arguments: Arguments) -> int:
    """Do what ``arguments`` ask for; errors go to stderr and become an exit status."""
    try:
        return execute(arguments)
    except (ConfigError, UsageError) as error:
        return _fail(error, EXIT_USAGE)
    except StartError as error:
        return _fail(error, EXIT_CANNOT_START)


def recognise(argv: Sequence[str]) -> Arguments | None:
    """``argv`` as Arguments, or None unless every word of it is understood."""
    arguments = Arguments()
    words = iter(argv)
    for word in words:
        flag, equals, value = word.partition("=")
        attribute = flag[2:].replace("-", "_")
        if flag != f"--{attribute.replace('_', '-')}" or attribute not in OPTIONS:
            return None
        if not OPTIONS[attribute][0]:
            if equals:
                return None
            setattr(arguments, attribute, True)
            continue
        text = value if equals else next(words, "")
        if not text or text.startswith("-"):
            return None
        setattr(arguments, attribute, text)
    return arguments


def execute(arguments: Arguments) -> int:
    """Do what ``arguments`` ask for. Raises UsageError, ConfigError or StartError."""
    if arguments.version:
        from asinfo import __version__

        sys.stdout.write(f"asudfd {__version__}\n")
        return 0
    if arguments.completion:
        sys.stdout.write(_completion(arguments.completion))
        return 0
    if arguments.check_config:
        from asudfd.config.load import check

        for warning in check(arguments.check_config):
            sys.stderr.write(f"warning: {visible(str(warning))}\n")
        return 0
    config = _config(arguments)
    if arguments.recover:
        from asudfd.recover import recover

        return recover(config, sys.stdout)
    ports = plan_ports(config.network.service.port, arguments.port, arguments.nodes)
    from asudfd.process.daemon import run as serve  # asyncio and Lua: not for --version

    serve(config, ports)
    return 0


def _completion(shell: str) -> str:
    """The script that `make docs` has generated: the generator belongs to the tools, which the daemon does not import."""
    if shell not in SHELLS:
        raise UsageError(f"--completion: {shell!r} is not one of {', '.join(SHELLS)}")
    return (Path(__file__).parent / "completion" / shell).read_text(encoding="utf-8")


def _config(arguments: Arguments) -> Config:
    from asudfd.config.load import embedded, load

    if arguments.config_file:
        config = load(arguments.config_file, arguments.work_directory or None)
    else:
        config = embedded(arguments.work_directory or default_work_directory())
    if arguments.node_id:
        config.service.node_id = _node_id(arguments.node_id)
    return config


def _node_id(text: str) -> str:
    from asudfd.config.schema.service import node_id

    try:
        return node_id(text)
    except ValueError as error:
        raise UsageError(f"--node-id {error}") from error


def default_work_directory() -> str:
    """Where state belongs that was given no place: the XDG base directory specification says so."""
    state = os.environ.get("XDG_STATE_HOME", "")
    return f"{state if state.startswith('/') else os.path.expanduser('~/.local/state')}/asudf"  # noqa: PTH111 - pathlib would raise without a home


def plan_ports(configured: int, ports: str, nodes: str) -> list[int]:
    """The port of each node: as given, or counting on from the first. Raises UsageError."""
    given = [_number("--port", text, 0, PORT_MAX) for text in ports.split(",")] if ports else [configured]
    count = _number("--nodes", nodes, 1, NODES_MAX) if nodes else len(given)
    if count > NODES_MAX:
        raise UsageError(f"--port names {count} ports; one process has up to {NODES_MAX} nodes")
    if len(given) == count:
        return given
    if len(given) > 1:
        raise UsageError(f"--port names {len(given)} ports for {count} nodes")
    first = given[0]
    if first and first + count - 1 > PORT_MAX:
        raise UsageError(f"{count} nodes from port {first} on would pass port {PORT_MAX}")
    return [first + number if first else 0 for number in range(count)]


def _number(flag: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high):
        raise UsageError(f"{flag}: {text!r} is not a number from {low} to {high}")
    return int(text)


def _fail(error: Exception, status: int) -> int:
    for line in map(visible, str(error).split("\n")):
        sys.stderr.write(f"{line}\n" if isinstance(error, ConfigError) else f"asudfd: {line}\n")
    return status


if __name__ == "__main__":
    main()
