"""The commands that show figures of nodes: ``info``, ``show``, ``summary``, ``features``."""

from __future__ import annotations

from asadm.commands.row import CommandRow

INFO_ROWS = (
    CommandRow(
        "info",
        "asadm.commands.info_network",
        "Show an overview of the nodes, as info network does.",
        "info",
        clauses=("[with NODE...]",),
        group=True,
    ),
    CommandRow(
        "info network",
        "asadm.commands.info_network",
        "Show an overview of the nodes: id, build, migrations, cluster, connections, uptime.",
        "info network",
        clauses=("[with NODE...]",),
    ),
    CommandRow(
        "info namespace object",
        "asadm.commands.info_namespace_object",
        "Show records, tombstones, expirations and migrations of each namespace on each node.",
        "info namespace object",
        clauses=("[for NAMESPACE]", "[with NODE...]"),
    ),
)
