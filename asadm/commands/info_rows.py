"""The commands that show figures of nodes: ``info``, ``show``, ``summary``, ``features``."""

from __future__ import annotations

from asadm.commands.row import FOR, FOR_NAMESPACE, WITH, CommandRow

INFO_ROWS = (
    CommandRow(
        "info",
        "asadm.commands.info",
        "Show an overview of the nodes, and the usage and objects of their namespaces.",
        "info",
        clauses=(WITH,),
        group=True,
    ),
    CommandRow(
        "info network",
        "asadm.commands.info_network",
        "Show an overview of the nodes: id, build, migrations, cluster, connections, uptime.",
        "info network",
        clauses=(WITH,),
    ),
    CommandRow(
        "info namespace",
        "asadm.commands.info_namespace",
        "Show the usage and the objects of each namespace on each node.",
        "info namespace for test",
        clauses=(FOR_NAMESPACE, WITH),
        group=True,
    ),
    CommandRow(
        "info namespace object",
        "asadm.commands.info_namespace_object",
        "Show records, tombstones, expirations and migrations of each namespace on each node.",
        "info namespace object",
        clauses=(FOR_NAMESPACE, WITH),
    ),
    CommandRow(
        "info namespace usage",
        "asadm.commands.info_namespace_usage",
        "Show memory, indexes and storage of each namespace on each node, and the limits that they are near.",
        "info namespace usage",
        clauses=(FOR_NAMESPACE, WITH),
    ),
    CommandRow(
        "info set",
        "asadm.commands.info_set",
        "Show records, storage and quotas of each set on each node.",
        "info set for test users",
        clauses=(FOR, WITH),
    ),
    CommandRow(
        "info sindex",
        "asadm.commands.info_sindex",
        "Show the secondary indexes of each node, with their entries and the memory that they use.",
        "info sindex for test",
        clauses=("[like INDEX...]", FOR, WITH),
    ),
    CommandRow(
        "info release",
        "asadm.commands.info_release",
        "Show edition, version, operating system and architecture of the build of each node.",
        "info release",
        clauses=(WITH,),
    ),
    CommandRow(
        "info transactions",
        "asadm.commands.info_transactions",
        "Say that transactions are of the Enterprise Edition alone.",
        "info transactions",
        names=("[monitors|provisionals]",),
        local=True,
    ),
    CommandRow(
        "info xdr",
        "asadm.commands.info_xdr",
        "Say that XDR is of the Enterprise Edition alone.",
        "info xdr",
        local=True,
    ),
    CommandRow(
        "summary",
        "asadm.commands.summary",
        "Show what the nodes of the cluster come to, and each namespace: sizes, memory, storage, features.",
        "summary",
        clauses=(WITH,),
    ),
    CommandRow(
        "features",
        "asadm.commands.features",
        "Show what each node is used for, told by its counters since its start and by its configuration.",
        "features like Query",
        clauses=("[like FEATURE...]", WITH),
    ),
)
