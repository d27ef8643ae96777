"""`info sindex`: the secondary indexes of each node, with their entries and the memory that they use."""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.table import Column, Table, TableRow, count_column, size_column
from asadm.tables.value import figure
from asadm.target.aerospike.views.asking import ask
from asadm.target.aerospike.views.indexes import LIST, NO_INDEX, figures
from asadm.target.aerospike.views.namespace_objects import NAMESPACE
from asadm.target.aerospike.views.namespaces import configuration
from asadm.target.aerospike.views.sets import SET

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asadm.tables.table import Value
    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo

    Wanted = Callable[[Mapping[str, str]], bool]

INDEX = Column("index", "Index Name")

COLUMNS = (
    Column("bin", "Bin", detail=3),
    Column("bin_type", "Bin Type", detail=4),
    Column("index_type", "Index Type", detail=10),
    Column("index_state", "State"),
    Column("keys", "Keys", units.COUNT, detail=2),
    count_column("entries", "Total", "Entries"),
    Column("entries_per_record", "Avg Per Rec", units.COUNT, group="Entries", detail=6),
    Column("entries_per_value", "Avg Per Bin Val", units.COUNT, group="Entries", detail=5),
    Column("storage_type", "Type", group="Storage", detail=7),
    size_column("used_bytes", "Used", "Storage", detail=1),
    Column("context", "Context", detail=8),
    Column("expression", "Expression", detail=9),
)

WRITE_ONLY = "WO"
BUILDING = "WO (write-only): the index is being built, and queries cannot use it yet"
"""The state beside ``RW``, and what is said of it."""


def listed(info: NodeInfo, wanted: Wanted) -> list[dict[str, str]]:
    """The indexes that a node lists and that are wanted; what has no name is no index."""
    return [
        fields
        for fields in info.entries(LIST)
        if fields.get("ns") and fields.get("indexname") and wanted(fields)
    ]


def ask_indexes(cluster: AerospikeCluster, wanted: Wanted) -> list[NodeInfo]:
    """Ask every node for its indexes, and for the figures of those that are wanted."""

    def follow(info: NodeInfo) -> list[str]:
        found = listed(info, wanted)
        namespaces = dict.fromkeys(fields["ns"] for fields in found)
        return [
            *(figures(fields["ns"], fields["indexname"]) for fields in found),
            *map(configuration, namespaces),
        ]

    return ask(cluster, [LIST], follow)


def table(found: Sequence[NodeInfo], wanted: Wanted) -> Table:
    """A row for each index of each node that was read; the rows of one index stand together."""
    rows = [_row(info, fields) for info in found for fields in listed(info, wanted)]
    answers = [info.answer for info in found]
    note = BUILDING if any(row.values["index_state"] == WRITE_ONLY for row in rows) else ""
    note = note if rows else NO_INDEX
    return Table(
        "sindex", "Secondary Indexes", COLUMNS, answers, rows, keys=[NAMESPACE, SET, INDEX], note=note
    )


def _row(info: NodeInfo, fields: Mapping[str, str]) -> TableRow:
    said = info.fields(figures(fields["ns"], fields["indexname"]))
    entries, per_value = figure(said.get("entries")), figure(said.get("entries_per_bval"))
    state = fields.get("state", "")
    values: dict[str, Value] = {
        "index": fields["indexname"],
        "namespace": fields["ns"],
        "set": _told(fields, "set"),
        "bin": _told(fields, "bin"),
        "bin_type": _told(fields, "type"),
        "index_type": _told(fields, "indextype"),
        "index_state": state or None,
        "keys": None if entries is None or not per_value else entries / per_value,
        "entries": entries,
        "entries_per_record": figure(said.get("entries_per_rec")),
        "entries_per_value": per_value,
        "storage_type": info.fields(configuration(fields["ns"])).get("sindex-type"),
        "used_bytes": figure(said.get("used_bytes")),
        "context": _told(fields, "context"),
        "expression": _told(fields, "exp"),
    }
    return TableRow(info.answer, values, {"index_state": "changed"} if state == WRITE_ONLY else {})


def _told(fields: Mapping[str, str], name: str) -> str | None:
    """A field that is there; a node says ``null`` of what an index has not."""
    value = fields.get(name)
    return None if value in {None, "", "null", "NULL"} else value
