"""`info network`: what each node is, and what it says of its cluster."""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.table import Column, Table, TableRow
from asinfo.text import number

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.tables.table import Value
    from asadm.target.aerospike.views.asking import NodeInfo

COMMANDS = ("node", "build", "release", "statistics", "cluster-name")
"""What the table needs."""

EDITIONS = {
    "Aerospike Community Edition": "C-",
    "Aerospike Enterprise Edition": "E-",
    "Aerospike Federal Edition": "F-",
}
"""The edition as the vendor's asadm shortens it, before the build."""

COLUMNS = (
    Column("id", "Node ID", detail=3),
    Column("address", "Address", detail=1),
    Column("build", "Build"),
    Column("migrations", "Migrations", units.COUNT, detail=5),
    Column("cluster_name", "Name", group="Cluster", detail=6),
    Column("cluster_size", "Size", units.NUMBER, group="Cluster"),
    Column("cluster_key", "Key", group="Cluster", detail=2),
    Column("cluster_integrity", "Integrity", units.FLAG, group="Cluster", detail=7),
    Column("principal", "Principal", group="Cluster", detail=4),
    Column("client_connections", "Clients", units.NUMBER),
    Column("uptime", "Uptime", units.SECONDS),
)
COMPARED = ("cluster_name", "cluster_size", "cluster_key", "cluster_integrity", "principal")
"""What all nodes of a cluster say alike; a value that is not the commonest stands out."""

NO_STORE = "its metadata store is away: modules cannot be changed"
"""Said of an asudfd without its etcd."""


def table(found: Sequence[NodeInfo]) -> Table:
    """One row a node. Addresses have a column only where nodes have names of their own."""
    answers = [each.answer for each in found]
    rows = [TableRow(each.answer, _values(each)) for each in found if each.good]
    for name in COMPARED:
        _mark_odd(rows, name)
    for row in rows:
        if row.values["migrations"]:
            row.marks = {**row.marks, "migrations": "changed"}
    named = any(answer.node.name != answer.node.address for answer in answers)
    columns = [column for column in COLUMNS if column.name != "address" or named]
    stores = [
        each.answer.node.name for each in found if each.fields("statistics").get("smd_connected") == "false"
    ]
    note = f"{', '.join(stores)}: {NO_STORE}" if stores else ""
    return Table("network", "Network", columns, answers, rows, note=note)


def _values(info: NodeInfo) -> dict[str, Value]:
    statistics = info.fields("statistics")
    name = info.text("cluster-name")
    integrity = statistics.get("cluster_integrity")
    return {
        "id": info.text("node"),
        "address": info.answer.node.address,
        "build": build(info),
        "migrations": number(statistics.get("migrate_partitions_remaining", "")),
        "cluster_name": None if name == "null" else name,
        "cluster_size": number(statistics.get("cluster_size", "")),
        "cluster_key": statistics.get("cluster_key"),
        "cluster_integrity": None if integrity is None else integrity == "true",
        "principal": statistics.get("paxos_principal") or statistics.get("cluster_principal"),
        "client_connections": number(statistics.get("client_connections", "")),
        "uptime": number(statistics.get("uptime", "")),
    }


def build(info: NodeInfo) -> str | None:
    """The build with its edition before it: ``C-8.1.2.0``."""
    said = info.text("build")
    return said and EDITIONS.get(info.fields("release").get("edition", ""), "") + said


def _mark_odd(rows: Sequence[TableRow], name: str) -> None:
    values = [row.values[name] for row in rows]
    usual = max(values, key=values.count, default=None)
    for row in rows:
        if row.values[name] != usual:
            row.marks = {**row.marks, name: "bad"}
