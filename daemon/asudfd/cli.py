"""asudfd: the command line of the daemon.

Exit codes: 0 stopped by a signal, 1 the node cannot start or a recovery lost something, 2 usage or configuration error.
Messages go to standard error.
"""

from __future__ import annotations

import sys

from asinfo.errors import ConfigError, Error, UsageError
from asinfo.terminal.options import PORT_MAX, Option, Values, recognise, whole
from asudfd import commands, flags

TYPE_CHECKING = False  # on the start-up path: typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asudfd.config.schema import Config
    from asudfd.config.schema.network import RespConfig, RespPorts
    from asudfd.lua.worker.zygote import Zygote

OPTIONS = (
    Option("config-file", metavar="FILE", help="Read the configuration from FILE: in the form of aerospike.conf, or as YAML if its name ends in .yaml or .yml. Without it a built-in configuration is used."),
    Option("host", "h", metavar="ADDRESS", aliases=("address",),
           help="Address to listen on, instead of the configuration's; any is every address."),
    Option("port", "p", metavar="PORT[,PORT...]",
           help="Port of the service, or one for each node; 0 lets the system choose."),
    Option("resp-port", metavar="PORT[,PORT...]",
           help="Serve Valkey's protocol, too, on this port, or one for each node; 0 lets the system choose."),
    Option("functions", metavar="PATH",
           help="Load the Valkey libraries of an RDB file, or of the *.lua files of a directory, before clients are served."),
    Option("udf", metavar="DIR",
           help="Register the modules of DIR before clients are served, and again whenever a file there is saved; one that is removed is unregistered. For development: what does not compile, and what asadm udf lint finds, is told in the log."),
    *flags.NODE,
    Option("nodes", metavar="N", help="Run N nodes in this process, on consecutive ports, with one set of modules."),
    Option("node-id", metavar="ID",
           help="Id of the node, or of the first of N, instead of the configuration's; hexadecimal."),
    Option("work-directory", metavar="DIRECTORY",
           help="Directory of all state; default: asudf in the XDG state directory."),
    Option("check-config", metavar="FILE", help="Check a configuration file and exit."),
    Option("completion", kind="choice", choices=("bash", "zsh", "fish"), metavar="SHELL",
           help="Print the completion script of bash, zsh or fish and exit."),
    Option("recover", kind="flag",
           help="Repair the work directory when a damaged file keeps the node from starting: keep all that can be read, print what is lost, and exit."),
    Option("version", "V", "flag", help="Print the version and exit."),
)  # fmt: skip
"""Every option; --help, the manual page, completion and the documentation are made from this table."""

SUMMARY = "A lightweight node for Aerospike user-defined functions."

EXAMPLES = """\
Commands, each with a help of its own:
  asudfd run FILE.lua FUNCTION [ARG]...     call a function on one record, without a node
  asudfd run-with -- COMMAND [ARG]...       run a command beside a node that is there for it alone

Examples:
  asudfd --nodes 3 --port 3000 --work-directory ~/cluster
  asudfd --recover --config-file asudfd.conf     when a file is damaged: save what is whole"""

SWITCH_SECONDS = 0.001
"""After how long a thread of Python gives way to another one. Tuned against `build` beside CONFIG GET of 20,000 patterns, which keeps the
thread of Valkey's protocol in Python: its median is 5.2 ms with Python's own 5 ms, and 1.2 ms with this. The thread that works on large lists
and maps is another such one."""

CROSSING = "asudfd.lua.aerospike.crossing"
"""The module of what runs in workers."""

NO_THREAD = "can't start new thread"
"""The text of Python's own error, which has no class."""

EXIT_CANNOT_START = 1
EXIT_USAGE = 2


def main() -> None:
    """Run asudfd with the arguments of the process; ends the process with its exit status."""
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Run asudfd with ``argv``; returns its exit status. Errors go to stderr."""
    try:
        if argv and argv[0] in commands.TABLE:
            return commands.perform(argv[0], argv[1:])
        values = recognise(argv, OPTIONS)
        if values is not None:
            return act(values)
        from asinfo.terminal import application  # typer: only for help

        return application.explain("asudfd", argv, OPTIONS, summary=SUMMARY, examples=EXAMPLES)
    except Error as error:
        from asinfo.terminal.usage import complain

        complain("asudfd", error)
        return EXIT_USAGE if isinstance(error, UsageError | ConfigError) else EXIT_CANNOT_START


def act(values: Values) -> int:
    """Do what ``values`` ask for. Raises UsageError, ConfigError or StartError."""
    _refuse_nonsense(values)
    if values.flag("version"):
        from asinfo import __version__

        return _print(f"asudfd {__version__}\n")
    if shell := values.text("completion"):
        return _print(completion_script(shell))
    if path := values.text("check-config"):
        from asudfd.config.load import check

        for warning in check(path):
            _tell(f"warning: {warning}")
        return _print(f"{path}: ok\n")
    if values.flag("recover"):
        from asudfd.recover import recover

        return recover(_config(values), sys.stdout)
    zygotes: list[Zygote] = []
    try:
        return _serve(values, zygotes)
    except RuntimeError as error:
        if str(error) != NO_THREAD:
            raise
        from asudfd.errors import StartError

        raise StartError(
            "no thread can be started: this user has as many processes and threads as it may (ulimit -u)"
        ) from None
    finally:
        for zygote in zygotes:
            zygote.close()


def _serve(values: Values, zygotes: list[Zygote]) -> int:
    """Serve until a signal comes. Raises UsageError, ConfigError or StartError. ``zygotes`` gets the process that forks workers."""
    sys.setswitchinterval(SWITCH_SECONDS)
    if values.text("resp-port"):
        zygotes += _zygote()
        _make_keyspace_beside()  # while the configuration is read
    config = _config(values)
    ports = plan_ports(config.network.service.port, values.text("port") or "", values.text("nodes") or "")
    resp_ports = plan_resp_ports(config.network.resp, values.text("resp-port") or "", len(ports))
    _refuse_doubles(config, ports, resp_ports or ())
    if values.text("functions") and resp_ports is None:
        raise _wrong("--functions needs --resp-port, or a port of network/resp in the configuration")
    if not zygotes:
        zygotes += _zygote()
    if resp_ports is not None:
        _make_keyspace_beside()
    from asudfd.process.daemon import run as serve  # asyncio and Lua: not for --version

    serve(config, ports, resp_ports, *zygotes)
    return 0


def completion_script(shell: str) -> str:
    """What a shell reads to complete the words of asudfd."""
    from asinfo.terminal import completion

    rows = [completion.Command(name, commands.module_of(name).OPTIONS, first=True) for name in commands.TABLE]
    return completion.script(shell, "asudfd", OPTIONS, rows)


def _zygote() -> list[Zygote]:
    """The process that forks workers, where there can be one; to be made before there is a thread. What it imports, a node imports anyway."""
    from asudfd.lua.worker import zygote

    made = zygote.start(CROSSING)
    return [] if made is None else [made]


def _make_keyspace_beside() -> None:
    """Begin to make what the first keyspace needs, in a thread of its own."""
    from asudfd.lua.valkey.keyspace_state import make_beside

    make_beside()


def _refuse_nonsense(values: Values) -> None:
    """Raise UsageError for words without an option, and for an empty value: an unset variable in a script, mostly."""
    if values.words:
        word = values.words[0]
        hint = f", did you mean --config-file {word}?" if word.endswith(".conf") or "/" in word else ""
        raise _wrong(f"unexpected {word!r}{hint}")
    for name, value in values.given.items():
        if value == "" or (isinstance(value, list) and "" in value):
            raise _wrong(f"--{name}: the value is empty")


def _config(values: Values) -> Config:
    path, directory = values.text("config-file"), values.text("work-directory")
    config = flags.configuration(values, path, directory or ("" if path else default_work_directory()))
    if text := values.text("node-id"):
        from asudfd.config.schema.service import node_id

        config.service.node_id = _checked("node-id", node_id, text)
    if text := values.text("host"):
        from asudfd.config.schema.address import address

        config.network.service.address = _checked("host", address, text)
    config.resp.functions = values.text("functions") or config.resp.functions
    if text := values.text("udf"):
        from pathlib import Path

        config.udf_directory = text
        if not Path(text).is_dir():
            raise _wrong(f"--udf: {text!r} is no directory")
    return config


def _checked(name: str, check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except ValueError as error:
        raise _wrong(f"--{name}: {error}") from error


def default_work_directory() -> str:
    """Where state belongs that was given no place. Raises UsageError where there is no home directory."""
    from asinfo.directories import state_directory

    found = state_directory()
    if not found:
        raise UsageError("there is no home directory: set XDG_STATE_HOME, or give --work-directory")
    return found


def plan_ports(configured: int, ports: str, nodes: str) -> list[int]:
    """The port of each node: as given, or counting on from the first. Raises UsageError."""
    from asudfd.config.schema.service import PROCESS_NODES_MAX

    given = [_number("--port", text, 0, PORT_MAX) for text in ports.split(",")] if ports else [configured]
    count = _number("--nodes", nodes, 1, PROCESS_NODES_MAX) if nodes else len(given)
    if count > PROCESS_NODES_MAX:
        raise _wrong(f"--port names {count} ports; one process has up to {PROCESS_NODES_MAX} nodes")
    if len(given) == count:
        return given
    if len(given) > 1:
        raise _wrong(f"--port names {len(given)} ports for {count} nodes")
    return _consecutive("--port", given[0], count)


def plan_resp_ports(configured: RespConfig, given: str, count: int) -> list[RespPorts] | None:
    """The ports of each of ``count`` nodes for Valkey's protocol; None if nobody asks for it. Raises UsageError."""
    from asudfd.config.schema.network import RespPorts

    if not given and not configured.is_asked_for:
        return None
    ports = [configured.port]
    if given:
        ports = [_number("--resp-port", text, 0, PORT_MAX) for text in given.split(",")]
    if len(ports) == 1:
        ports = _consecutive("--resp-port", ports[0], count)
    if len(ports) != count:
        raise _wrong(f"--resp-port names {len(ports)} ports for {count} nodes")
    return [
        RespPorts(*pair)
        for pair in zip(ports, _consecutive("tls-port", configured.tls_port, count), strict=True)
    ]


def _refuse_doubles(config: Config, ports: Sequence[int], resp_ports: Sequence[RespPorts]) -> None:
    """Raise UsageError if two ports of the process are the same, on addresses that are not surely others."""
    from asudfd.config.fit import overlap

    service, resp = config.network.service.address, config.network.resp.address
    uses = [(port, service, "node", number) for number, port in enumerate(ports, 1)]
    for number, pair in enumerate(resp_ports, 1):
        uses += [(pair.plain, resp, "Valkey's protocol of node", number)]
        uses += [(pair.tls, resp, "Valkey's protocol over TLS of node", number)]
    for at, (port, address, use, number) in enumerate(uses):
        for other_port, other_address, other_use, other_number in uses[:at]:
            if port > 0 and port == other_port and overlap(address, other_address):
                raise _wrong(
                    f"port {port} is given twice: to {other_use} {other_number} and to {use} {number}"
                )


def _consecutive(flag: str, first: int, count: int) -> list[int]:
    """``first`` and those behind it; 0 for all if it is 0, and no port for all if it is none. Raises UsageError."""
    if first > 0 and first + count - 1 > PORT_MAX:
        raise _wrong(f"{flag}: {count} nodes from port {first} on would pass port {PORT_MAX}")
    return [first + number if first > 0 else first for number in range(count)]


def _number(flag: str, text: str, low: int, high: int) -> int:
    try:
        return whole(text, low, high)
    except ValueError as error:
        raise _wrong(f"{flag}: {error}") from None


def _wrong(what: str) -> UsageError:
    from asinfo.terminal.usage import wrong

    return wrong(what, "asudfd --help")


def _print(text: str) -> int:
    """Write ``text`` to standard output; the exit status."""
    from asinfo.terminal import streams

    try:
        if sys.stdout is None:
            raise streams.closed()
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        return streams.lost("asudfd", error)
    return 0


def _tell(message: str) -> None:
    from asinfo.terminal.streams import tell

    tell("asudfd", message)


if __name__ == "__main__":
    main()
