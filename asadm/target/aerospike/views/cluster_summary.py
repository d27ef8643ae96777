"""`summary`: what the nodes of a cluster come to, and each namespace. A figure is of the nodes that were read, and says of how many."""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.overview import Overview, OverviewList
from asadm.tables.table import Column, TableRow, count_column, rows_numbers, size_column
from asadm.tables.totals import (
    alike,
    any_true,
    average,
    distinct,
    distinct_numbers,
    how_many,
    percentage,
    share,
)
from asadm.tables.value import figure
from asadm.target.aerospike.views import features
from asadm.target.aerospike.views.cluster_facts import build
from asadm.target.aerospike.views.namespace_objects import NAMESPACE
from asadm.target.aerospike.views.namespaces import ask_each, every, statistics

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asadm.tables.table import Table, Value
    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo

COMMANDS = ("build", "release", "cluster-name", *features.COMMANDS)
"""What is asked beside the statistics of each namespace."""

DEVICES = ("storage-engine.device[", "storage-engine.file[")
"""How the parameter that names a device or a file of a namespace begins; it ends with the bracket."""

KINDS = {
    "mem": "Memory", "memory": "Memory", "shmem": "Shmem", "pmem": "Pmem", "flash": "Flash", "device": "Device",
}  # fmt: skip
"""Types of indexes and of storage that have figures of their own, and how they are called; all others are one."""
OTHER = "other"
ALL_KINDS = tuple(dict.fromkeys([*(kind.lower() for kind in KINDS.values()), OTHER]))


def ask_summary(cluster: AerospikeCluster) -> list[NodeInfo]:
    """Ask every node for all of it."""
    return ask_each(cluster, COMMANDS, [statistics], every)


# ---- a namespace on a node


def _namespace(fields: Mapping[str, str]) -> dict[str, Value]:
    """The figures of a namespace on a node; those that no column has are for the totals."""
    used, total = figure(fields.get("data_used_bytes")), figure(fields.get("data_total_bytes"))
    avail_pct, ratio = figure(fields.get("data_avail_pct")), figure(fields.get("data_compression_ratio"))
    copies = figure(fields.get("effective_replication_factor"))
    plain = None if used is None else used / ratio if ratio else used
    return {
        "devices": sum(name.endswith("]") for name in fields if name.startswith(DEVICES)),
        "index_type": fields.get("index-type"),
        "index_used_bytes": figure(fields.get("index_used_bytes")),
        "set_index_used_bytes": figure(fields.get("set_index_used_bytes")),
        "sindex_type": fields.get("sindex-type"),
        "sindex_used_bytes": figure(fields.get("sindex_used_bytes")),
        "data_type": fields.get("storage-engine"),
        "data_used_bytes": used,
        "data_total_bytes": total,
        "data_used_pct": percentage(used, total),
        "data_avail_pct": avail_pct,
        "data_avail_bytes": None if total is None or avail_pct is None else total * avail_pct / 100,
        "replication_factor": copies,
        "master_objects": figure(fields.get("master_objects")),
        "compression_ratio": ratio,
        "uncompressed_bytes": plain,
        "unique_data_bytes": plain / copies if plain is not None and copies else None,
        "migrations": figure(fields.get("migrate_tx_partitions_remaining")),
    }


def _ratio(rows: Sequence[TableRow]) -> float | None:
    """Of all data of a namespace; where there is none, what the nodes have set."""
    used, plain = sum(rows_numbers(rows, "data_used_bytes")), sum(rows_numbers(rows, "uncompressed_bytes"))
    found = rows_numbers(rows, "compression_ratio")
    if not found:
        return None
    return used / plain if plain else sum(found) / len(found)


NAMESPACE_COLUMNS = (
    count_column("devices", "Total", "Devices", detail=7),
    Column("devices_per_node", "Per-Node", units.NUMBER, group="Devices", total=average("devices"), detail=8),
    Column("index_type", "Type", group="Index", total=distinct("index_type"), detail=10),
    size_column("index_used_bytes", "Used", "Index", detail=2),
    size_column("set_index_used_bytes", "Used", "Set Index", detail=9),
    size_column("sindex_used_bytes", "Used", "Sindex", detail=3),
    Column("data_type", "Type", group="Data", total=distinct("data_type"), detail=6),
    size_column("data_total_bytes", "Total", "Data"),
    Column(
        "data_used_pct",
        "Used%",
        units.PERCENT,
        group="Data",
        total=share("data_used_bytes", "data_total_bytes"),
    ),
    Column(
        "data_avail_pct",
        "Avail%",
        units.PERCENT,
        group="Data",
        total=share("data_avail_bytes", "data_total_bytes"),
    ),
    Column(
        "replication_factor",
        "Factors",
        units.NUMBER,
        group="Repl",
        total=distinct_numbers("replication_factor"),
    ),
    count_column("master_objects", "Objects", "Master"),
    Column("compression_ratio", "Ratio", units.NUMBER, group="Compression", total=_ratio, detail=5),
    size_column("unique_data_bytes", "Data", "Unique", detail=1),
)


def tables(found: Sequence[NodeInfo], *, listed: bool = False) -> tuple[Table, Table]:
    """What all nodes come to, and a line for each namespace; ``listed``: one for each of its figures."""
    nodes, spaces = [], []
    for info in found:
        if info.good:
            said = {
                name: info.fields(statistics(name)) for name in info.namespaces
            }  # large, so they are read once
            used = features.active(info, said.values())
            figures = {name: _namespace(fields) for name, fields in said.items()}
            nodes.append(TableRow(info.answer, {**_node(info, figures), "features": used}))
            spaces += [TableRow(info.answer, {"namespace": name, **each}) for name, each in figures.items()]
    answers = [info.answer for info in found]
    kind = OverviewList if listed else Overview
    return (
        OverviewList("cluster_summary", "Cluster Summary", _columns(nodes), answers, nodes),
        kind("namespace_summary", "Namespace Summary", NAMESPACE_COLUMNS, answers, spaces, keys=[NAMESPACE]),
    )


# ---- a node


def _node(info: NodeInfo, each: Mapping[str, Mapping[str, Value]]) -> dict[str, Value]:
    """The figures of a node, of which ``each`` are those of its namespaces."""
    service, release = info.fields("statistics"), info.fields("release")
    free, name = figure(service.get("system_free_mem_pct")), info.text("cluster-name")
    left = [rest for said in each.values() if isinstance(rest := said["migrations"], int)]
    devices = sum(count for said in each.values() if isinstance(count := said["devices"], int))
    active = [name for name, said in each.items() if said["master_objects"]]
    values: dict[str, Value] = {
        "migrations": any(left) if left else None,
        "cluster_name": None if name == "null" else name,
        "server_version": build(info),
        "os": release.get("os"),
        "cluster_size": figure(service.get("cluster_size")),
        "devices": devices,
        "devices_per_node": devices,
        "devices_equal": None,
        "memory_used_pct": None if free is None else 100 - free,
        "memory_avail_pct": free,
        "unique_data_bytes": _sum(each.values(), "unique_data_bytes"),
        "namespaces_active": len(active),
        "namespaces": len(each),
        "active_names": active,
        "names": list(each),
    }
    for said in each.values():
        _add_kinds(values, said)
    return values | _shares(values)


def _sum(found: Iterable[Mapping[str, Value]], name: str) -> float | None:
    numbers = [value for said in found if isinstance(value := said.get(name), (int, float))]
    return sum(numbers) if numbers else None


BY_KIND = (
    ("index_type", "index", ("index_used_bytes", "set_index_used_bytes")),
    ("sindex_type", "sindex", ("sindex_used_bytes",)),
    ("data_type", "data", ("data_total_bytes", "data_used_bytes", "data_avail_bytes")),
)
"""Figures of namespaces that are summed for each type of index or storage: the type, and their names."""


def _kind(said: object) -> str:
    return KINDS.get(str(said), OTHER).lower()


def _add_kinds(values: dict[str, Value], said: Mapping[str, Value]) -> None:
    """Add the figures of a namespace to those of its node, by the type of its indexes and storage."""
    for type_, _, names in BY_KIND:
        for name in names:
            value, key = said[name], f"{name.removesuffix('_bytes')}_{_kind(said[type_])}_bytes"
            if isinstance(value, (int, float)):
                before = values.get(key)
                values[key] = value + before if isinstance(before, (int, float)) else value


def _shares(values: Mapping[str, Value]) -> dict[str, Value]:
    """How much of each type of storage of a node is used, and available."""
    found: dict[str, Value] = {}
    for kind in ALL_KINDS:
        total = _sum([values], f"data_total_{kind}_bytes")
        for what in ("used", "avail"):
            found[f"data_{what}_{kind}_pct"] = percentage(_sum([values], f"data_{what}_{kind}_bytes"), total)
    return found


def _columns(rows: Sequence[TableRow]) -> list[Column]:
    """The columns; those of a type of index or storage where a node has it."""
    return [*_FIRST, *_kind_columns(rows), *_LAST]


_MEMORY = "System Memory"
_FIRST = (
    Column("migrations", "Migrations", units.FLAG, total=any_true("migrations")),
    Column("cluster_name", "Cluster Name", total=distinct("cluster_name")),
    Column("server_version", "Server Version", total=distinct("server_version")),
    Column("os", "OS Version", total=distinct("os")),
    Column("cluster_size", "Cluster Size", units.NUMBER, total=distinct_numbers("cluster_size")),
    count_column("devices", "Total", "Devices"),
    Column("devices_per_node", "Per-Node", units.NUMBER, group="Devices", total=average("devices")),
    Column("devices_equal", "Equal Across Nodes", units.FLAG, group="Devices", total=alike("devices")),
    Column("memory_used_pct", "Used%", units.PERCENT, group=_MEMORY, total=average("memory_used_pct")),
    Column("memory_avail_pct", "Avail%", units.PERCENT, group=_MEMORY, total=average("memory_avail_pct")),
)
_LAST = (
    size_column("unique_data_bytes", "Data", "Unique"),
    Column("namespaces_active", "Active", units.NUMBER, group="Namespaces", total=how_many("active_names")),
    Column("namespaces", "Total", units.NUMBER, group="Namespaces", total=how_many("names")),
    Column("features", "Active Features", total=distinct("features")),
)


def _kind_columns(rows: Sequence[TableRow]) -> list[Column]:
    columns: list[Column] = []
    for name, title in (("index", "Index"), ("sindex", "Sindex"), ("set_index", "Set-index")):
        for kind in ALL_KINDS:
            key = f"{name}_used_{kind}_bytes"
            if any(row.values.get(key) for row in rows):
                columns.append(size_column(key, "Used", f"{kind.title()} {title}"))
    for kind in ALL_KINDS:
        if rows_numbers(rows, f"data_total_{kind}_bytes"):
            columns += _data_columns(kind)
    return columns


def _data_columns(kind: str) -> list[Column]:
    total, used, avail = (f"data_{what}_{kind}_bytes" for what in ("total", "used", "avail"))
    group = f"Data {kind.title()}"
    return [
        size_column(total, "Total", group),
        size_column(used, "Used", group),
        Column(f"data_used_{kind}_pct", "Used%", units.PERCENT, group=group, total=share(used, total)),
        size_column(avail, "Avail", group),
        Column(f"data_avail_{kind}_pct", "Avail%", units.PERCENT, group=group, total=share(avail, total)),
    ]
