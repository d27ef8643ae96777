"""The option rows of asadm: those that all tools share, and its own."""

from __future__ import annotations

from asinfo import flags
from asinfo.options import Option

OWN = (
    Option(
        "execute",
        "e",
        metavar="COMMANDS",
        help="Run COMMANDS, separated by ';', or the file of that name, and end.",
    ),
    Option("file", "f", metavar="FILE", help="Run the commands in FILE ('-': standard input), and end."),
    Option("enable", kind="flag", help="Allow commands that change the cluster, as 'enable' does."),
    Option("json", "j", "flag", help="One JSON document a command on standard output."),
    Option("out-file", "o", metavar="FILE", help="Write there what would go to standard output."),
    Option("no-color", kind="flag", help="No colours; NO_COLOR does the same."),
    Option("timeout", kind="seconds", help="Seconds each node has for the whole of a command.  [5]"),
    Option(
        "completion",
        kind="choice",
        choices=("bash", "zsh", "fish"),
        metavar="SHELL",
        help="Print the completion script for SHELL.",
    ),
    Option("version", "V", "flag", help="Print the version."),
)

TARGETS = (
    Option(
        "inventory",
        metavar="FILE",
        panel="Nodes",
        environment="ASADM_INVENTORY",
        help="YAML file of clusters and nodes; else asadm.yaml here, in ~/.config/asudf or in /etc/asudf.",
    ),
    Option(
        "cluster",
        metavar="NAME",
        panel="Nodes",
        environment="ASADM_CLUSTER",
        help="Cluster of the inventory; its default one otherwise.",
    ),
    Option("discover", kind="flag", panel="Nodes", help="Add the peers that the nodes name."),
    Option(
        "single-node",
        kind="flag",
        panel="Nodes",
        hidden=True,
        help="Accepted: asadm asks no node that is not named.",
    ),
)

OPTIONS = (*OWN, *flags.CONNECTION, *TARGETS, *flags.FILES)
