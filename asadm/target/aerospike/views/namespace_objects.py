"""`info namespace object`: records, tombstones, expirations and migrations of each namespace on each node."""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.table import Column, Table, TableRow, count_column
from asadm.target.aerospike.views.asking import pairs
from asadm.target.aerospike.views.namespaces import statistics
from asinfo.text import number

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.tables.table import Value
    from asadm.target.aerospike.views.asking import NodeInfo

RACKS = "rack-ids"
COMMANDS = (RACKS,)
"""What the table needs beside the statistics of each namespace: the Enterprise Edition tells there in which rack a node is now."""

NAMESPACE = Column("namespace", "Namespace")

COUNTERS = {
    "expirations": "expired_objects",
    "master_objects": "master_objects",
    "prole_objects": "prole_objects",
    "non_replica_objects": "non_replica_objects",
    "master_tombstones": "master_tombstones",
    "prole_tombstones": "prole_tombstones",
    "non_replica_tombstones": "non_replica_tombstones",
    "migrations_tx": "migrate_tx_partitions_remaining",
    "migrations_rx": "migrate_rx_partitions_remaining",
}
"""Columns that are statistics of the namespace."""

RECORDS = tuple(name for name in COUNTERS if name.endswith(("_objects", "_tombstones")))


COLUMNS = (
    Column("rack_id", "Rack ID", units.NUMBER, detail=9),
    Column("replication_factor", "Repl Factor", units.NUMBER, detail=4),
    count_column("expirations", "Expirations", detail=10),
    count_column("total_records", "Records", "Total"),
    count_column("master_objects", "Master", "Objects"),
    count_column("prole_objects", "Prole", "Objects", detail=1),
    count_column("non_replica_objects", "Non-Replica", "Objects", detail=8),
    count_column("master_tombstones", "Master", "Tombstones", detail=5),
    count_column("prole_tombstones", "Prole", "Tombstones", detail=6),
    count_column("non_replica_tombstones", "Non-Replica", "Tombstones", detail=7),
    count_column("migrations_tx", "Tx", "Pending Migrates", detail=2),
    count_column("migrations_rx", "Rx", "Pending Migrates", detail=3),
)


def table(found: Sequence[NodeInfo], wanted: Callable[[str], bool]) -> Table:
    """A row for each namespace of each node that was read."""
    rows: list[TableRow] = []
    for info in found:
        racks = pairs(info.text(RACKS) or "", ";", ":")
        for name in filter(wanted, info.namespaces):
            values = _values(info.fields(statistics(name)))
            values["rack_id"] = number(racks.get(name, "")) if name in racks else values["rack_id"]
            rows.append(TableRow(info.answer, {"namespace": name, **values}))
    answers = [info.answer for info in found]
    return Table("namespace_object", "Namespace Objects", COLUMNS, answers, rows, keys=[NAMESPACE])


def _values(fields: dict[str, str]) -> dict[str, Value]:
    values: dict[str, Value] = {name: number(fields.get(source, "")) for name, source in COUNTERS.items()}
    counted = [value for name in RECORDS if isinstance(value := values[name], int)]
    values["total_records"] = sum(counted) if counted else None
    values["rack_id"] = number(fields.get("rack-id", ""))
    values["replication_factor"] = number(fields.get("effective_replication_factor", ""))
    return values
