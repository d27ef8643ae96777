"""The option rows of asadm: those that all tools share, and its own."""

from __future__ import annotations

from asinfo import flags
from asinfo.terminal.options import Option

KINDS = (  # those that a keyword or a position has come before namespaces, which any word may be
    "clusters", "hosts", "nodes", "modules", "libraries", "functions", "parameters", "statistics", "config-contexts",
    "statistics-contexts", "namespaces",
)  # fmt: skip
"""What --offer prints: kinds of `asinfo.terminal.completion`, which is not imported for it."""

OWN = (
    Option(
        "execute",
        "e",
        kind="list",
        metavar="COMMANDS",
        help="Run COMMANDS, separated by ';', and exit. If COMMANDS is the name of a file, run the commands in it. Repeatable.",
    ),
    Option("file", "f", metavar="FILE", help="Run the commands in FILE ('-': standard input) and exit."),
    Option(
        "enable", kind="flag", help="Allow commands that change the cluster, as the command 'enable' does."
    ),
    Option(
        "json",
        "j",
        "flag",
        help="Print the result of each command as one JSON document, with status, answer, error and milliseconds of every node.",
    ),
    Option("out-file", "o", metavar="FILE", help="Write the output to FILE instead of standard output."),
    Option(
        "no-color", kind="flag", help="Print no colours. The environment variable NO_COLOR does the same."
    ),
    Option(
        "timeout",
        kind="seconds",
        help="Time limit in seconds for each node in each command: connect, login and answer.  [5]",
    ),
    Option(
        "completion",
        kind="choice",
        choices=("bash", "zsh", "fish"),
        metavar="SHELL",
        help="Print the completion script for SHELL.",
    ),
    Option(
        "offer",
        kind="choice",
        choices=KINDS,
        hidden=True,
        help="For completion scripts: print what is known of this kind for the words behind --. Asks no node.",
    ),
    Option("version", "V", "flag", help="Print the version."),
)

TARGETS = (
    Option(
        "inventory",
        metavar="FILE",
        panel="Nodes",
        environment="ASADM_INVENTORY",
        help="YAML file that lists clusters and their nodes; default: asadm.yaml in this directory, in ~/.config/asudf or in /etc/asudf.",
    ),
    Option(
        "cluster",
        metavar="CLUSTER",
        panel="Nodes",
        environment="ASADM_CLUSTER",
        help="Work on the cluster CLUSTER of the inventory, instead of its default cluster.",
    ),
    Option(
        "discover",
        kind="flag",
        panel="Nodes",
        help="Also work on nodes that are not listed: ask the listed ones for the other nodes of their cluster, and add these.",
    ),
    Option(
        "single-node",
        kind="flag",
        panel="Nodes",
        hidden=True,
        help="Accepted: asadm asks no node that is not named.",
    ),
    flags.ALTERNATE,
)

_ONLINE = "this asadm asks nodes, and reads neither archives nor log files"

VENDOR = (
    Option(
        "services-alumni", "s", "flag", ignored="--discover adds the peers of now, never nodes that have left"
    ),
    Option("collectinfo", "c", "flag", refused=_ONLINE),
    Option("log-analyzer", "l", "flag", aliases=("log-analyser",), refused=_ONLINE),
    Option("log-path", metavar="PATH", refused=_ONLINE),
    Option("asinfo-mode", kind="flag", refused="the program asinfo does that"),
    Option("line-separator", kind="flag", ignored="the command asinfo has -l for it"),
    Option("pmap", kind="flag", ignored="it is about archives, which this asadm does not make"),
    Option("debug", kind="flag", ignored="there is no more to tell"),
    Option("profile", kind="flag", ignored="there is no profiler"),
    flags.BLACKLIST,
)
"""Options of the vendor's asadm that do nothing here, and those that cannot: none may look like a slip of the finger."""

OPTIONS = (*OWN, *flags.CONNECTION, *TARGETS, *flags.FILES, *VENDOR)

_TYPED = "it has to be typed"

FILE_KEYS = (
    *(row for row in VENDOR if row is not flags.BLACKLIST),
    *(row for row in TARGETS if row.name in {"single-node", "services-alternate"}),
    Option("log-analyser", kind="flag", refused=_ONLINE),
    Option("no-color", kind="flag", ignored=f"{_TYPED}, or NO_COLOR set"),
    *(Option(name, kind="flag", ignored=_TYPED) for name in ("json", "enable", "execute", "help", "version")),
    Option("out-file", ignored=_TYPED),
)
"""Keys that the vendor's asadm knows in its own section of astools.conf, beside ``timeout``.

The file is read when the nodes are first needed, which is too late for what changes the output.
"""
