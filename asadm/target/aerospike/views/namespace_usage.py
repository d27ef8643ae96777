"""`info namespace usage`: memory, indexes and storage of each namespace on each node, and the limits that they are near."""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.table import Column, Table, TableRow, count_column, size_column
from asadm.tables.totals import percentage, share
from asadm.tables.value import figure, flag
from asadm.target.aerospike.views.namespace_objects import NAMESPACE
from asadm.target.aerospike.views.namespaces import statistics

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asadm.tables.table import Value
    from asadm.target.aerospike.views.asking import NodeInfo

COMMANDS = ("statistics",)
"""What the table needs beside the statistics of each namespace."""

FIGURES = {
    "evictions": "evicted_objects",
    "memory_stop_pct": "stop-writes-sys-memory-pct",
    "memory_evict_pct": "evict-sys-memory-pct",
    "index_used_bytes": "index_used_bytes",
    "sindex_used_bytes": "sindex_used_bytes",
    "data_used_bytes": "data_used_bytes",
    "data_total_bytes": "data_total_bytes",
    "data_evict_pct": "storage-engine.evict-used-pct",
    "data_used_stop_pct": "storage-engine.stop-writes-used-pct",
    "data_avail_pct": "data_avail_pct",
    "data_avail_stop_pct": "storage-engine.stop-writes-avail-pct",
}
"""Columns that are statistics or parameters of the namespace; the total of the data is for the share alone."""

INDEX_FULL_PCT = 90
"""From here on an index stands out, as in the vendor's table."""

_MEMORY, _INDEX, _SINDEX, _DATA = "System Memory", "Primary Index", "Secondary Index", "Storage Engine"


def _percent(name: str, title: str, group: str, *, detail: int = 0) -> Column:
    return Column(name, title, units.PERCENT, group=group, detail=detail)


COLUMNS = (
    count_column("evictions", "Evictions", detail=5),
    Column("stop_writes", "Stop Writes", units.FLAG),
    _percent("memory_avail_pct", "Avail%", _MEMORY, detail=3),
    _percent("memory_evict_pct", "Evict%", _MEMORY, detail=16),
    _percent("memory_stop_pct", "Stop%", _MEMORY, detail=14),
    Column("index_type", "Type", group=_INDEX, detail=18),
    size_column("index_used_bytes", "Used", _INDEX, detail=2),
    _percent("index_used_pct", "Used%", _INDEX, detail=6),
    _percent("index_evict_pct", "Evict%", _INDEX, detail=15),
    Column("sindex_type", "Type", group=_SINDEX, detail=19),
    size_column("sindex_used_bytes", "Used", _SINDEX, detail=4),
    _percent("sindex_used_pct", "Used%", _SINDEX, detail=7),
    _percent("sindex_evict_pct", "Evict%", _SINDEX, detail=17),
    Column("data_type", "Type", group=_DATA, detail=13),
    size_column("data_used_bytes", "Used", _DATA, detail=1),
    Column(
        "data_used_pct",
        "Used%",
        units.PERCENT,
        group=_DATA,
        total=share("data_used_bytes", "data_total_bytes"),
    ),
    _percent("data_evict_pct", "Evict%", _DATA, detail=12),
    _percent("data_used_stop_pct", "Used Stop%", _DATA, detail=10),
    _percent("data_avail_pct", "Avail%", _DATA),
    _percent("data_avail_stop_pct", "Avail Stop%", _DATA, detail=11),
)


def table(found: Sequence[NodeInfo], wanted: Callable[[str], bool]) -> Table:
    """A row for each namespace of each node that was read."""
    rows: list[TableRow] = []
    for info in found:
        free = figure(info.fields("statistics").get("system_free_mem_pct"))
        names = filter(wanted, info.namespaces)
        rows += [_row(info, name, info.fields(statistics(name)), free) for name in names]
    answers = [info.answer for info in found]
    return Table("namespace_usage", "Namespace Usage", COLUMNS, answers, rows, keys=[NAMESPACE])


def _row(info: NodeInfo, namespace: str, fields: Mapping[str, str], free: float | None) -> TableRow:
    figures = {name: figure(fields.get(source)) for name, source in FIGURES.items()}
    indexes = {
        "index_used_pct": _index_share(fields, "index"),
        "index_evict_pct": _index_limit(fields, "index"),
        "sindex_used_pct": _index_share(fields, "sindex"),
        "sindex_evict_pct": _index_limit(fields, "sindex"),
    }
    numbers = {**figures, **indexes, "memory_avail_pct": free}
    numbers["data_used_pct"] = percentage(figures["data_used_bytes"], figures["data_total_bytes"])
    stopped = flag(fields.get("stop_writes"))
    values: dict[str, Value] = {
        "namespace": namespace,
        "stop_writes": stopped,
        "index_type": fields.get("index-type"),
        "sindex_type": fields.get("sindex-type"),
        "data_type": fields.get("storage-engine"),
        **numbers,
    }
    marks = dict.fromkeys(_alarming(numbers), "bad")
    return TableRow(info.answer, values, {**marks, "stop_writes": "bad"} if stopped else marks)


def _index_share(fields: Mapping[str, str], index: str) -> float | None:
    """How full the mounts of an index are, or its part of the memory that indexes may use."""
    mounted = figure(fields.get(f"{index}_mounts_used_pct"))
    if mounted is not None:
        return mounted
    return percentage(figure(fields.get(f"{index}_used_bytes")), figure(fields.get("indexes-memory-budget")))


def _index_limit(fields: Mapping[str, str], index: str) -> float | None:
    """From where on records are evicted for the sake of an index: its mounts', or that of the memory of all indexes."""
    mounted = figure(fields.get(f"{index}-type.evict-mounts-pct"))
    if mounted is not None or index == "sindex":
        return mounted
    return figure(fields.get("evict-indexes-memory-pct"))


def _alarming(numbers: Mapping[str, float | None]) -> list[str]:
    """The columns whose values have passed a limit, which 0 switches off."""
    found = [
        f"{what}_used_pct"
        for what in ("index", "sindex")
        if _reached(numbers[f"{what}_used_pct"], INDEX_FULL_PCT)
        or _reached(numbers[f"{what}_used_pct"], numbers[f"{what}_evict_pct"])
    ]
    if any(
        _reached(numbers["data_used_pct"], numbers[name]) for name in ("data_evict_pct", "data_used_stop_pct")
    ):
        found.append("data_used_pct")
    avail, least = numbers["data_avail_pct"], numbers["data_avail_stop_pct"]
    if avail is not None and least is not None and avail <= least:
        found.append("data_avail_pct")
    free = numbers["memory_avail_pct"]
    if free is not None and _reached(100 - free, numbers["memory_stop_pct"]):
        found.append("memory_avail_pct")
    return found


def _reached(value: float | None, limit: float | None) -> bool:
    return value is not None and bool(limit) and value >= (limit or 0)
