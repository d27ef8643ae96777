"""The option rows that every tool shares: where the nodes are, who logs in, TLS, and which configuration files count."""

from __future__ import annotations

from asinfo.options import Option

CONNECTION = (
    Option(
        "host",
        "h",
        metavar="HOST[:TLSNAME][:PORT],...",
        panel="Nodes",
        help="Nodes to ask; [v6]:port for IPv6.",
    ),
    Option("port", "p", "port", panel="Nodes", help="Port of hosts that name none.  [3000]"),
)
"""Rows for the tools' tables; asadm takes them as they are."""

FILES = (
    Option(
        "config-file", metavar="FILE", panel="Configuration files", help="Read FILE after the default files."
    ),
    Option("only-config-file", metavar="FILE", panel="Configuration files", help="Read FILE and no other."),
    Option("no-config-file", kind="flag", panel="Configuration files", help="Read no file."),
    Option(
        "instance",
        metavar="NAME",
        panel="Configuration files",
        help="Read [cluster_NAME] in place of [cluster].",
    ),
)
