"""`info set`: records, storage and quotas of each set on each node."""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.table import Column, Table, TableRow, count_column, size_column
from asadm.tables.totals import percentage, share
from asadm.tables.value import figure, flag
from asadm.target.aerospike.views.namespace_objects import NAMESPACE

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asadm.tables.table import Value
    from asadm.target.aerospike.views.asking import NodeInfo

COMMAND = "sets"

SET = Column("set", "Set")

COLUMNS = (
    Column("truncating", "Truncating", units.FLAG, detail=7),
    size_column("data_used_bytes", "Used", "Storage Engine"),
    size_column("size_quota_bytes", "Total", "Size Quota", detail=4),
    Column(
        "size_quota_used_pct",
        "Used%",
        units.PERCENT,
        group="Size Quota",
        total=share("data_used_bytes", "size_quota_bytes"),
        detail=2,
    ),
    count_column("records", "Records", "Total"),
    Column("records_quota", "Total", units.COUNT, group="Records Quota", detail=3),
    Column(
        "records_quota_used_pct",
        "Used%",
        units.PERCENT,
        group="Records Quota",
        total=share("records", "records_quota"),
        detail=1,
    ),
    Column("disable_eviction", "Disable Eviction", units.FLAG, detail=6),
    Column("set_index", "Set Index", detail=5),
)
NOTE, NO_SET = "records are counted with their copies", "no set was found"

NEARLY_FULL_PCT, FULL_PCT = 75, 90
"""From here on the share of a quota is yellow, and red."""


def table(found: Sequence[NodeInfo], namespace: Callable[[str], bool], set_: Callable[[str], bool]) -> Table:
    """A row for each set of each node that was read. Quotas are of one node; 0 is none."""
    rows = [
        _row(info, fields)
        for info in found
        for fields in info.entries(COMMAND)
        if namespace(fields.get("ns", "")) and set_(fields.get("set", ""))
    ]
    answers = [info.answer for info in found]
    return Table("set", "Sets", COLUMNS, answers, rows, keys=[NAMESPACE, SET], note=NOTE if rows else NO_SET)


def _row(info: NodeInfo, fields: Mapping[str, str]) -> TableRow:
    used, quota = figure(fields.get("data_used_bytes")), figure(fields.get("stop-writes-size"))
    records, most = figure(fields.get("objects")), figure(fields.get("stop-writes-count"))
    shares = {
        "size_quota_used_pct": percentage(used, quota),
        "records_quota_used_pct": percentage(records, most),
    }
    values: dict[str, Value] = {
        "namespace": fields.get("ns"),
        "set": fields.get("set"),
        "truncating": flag(fields.get("truncating", fields.get("deleting"))),
        "data_used_bytes": used,
        "size_quota_bytes": quota,
        "records": records,
        "records_quota": most,
        "disable_eviction": flag(fields.get("disable-eviction")),
        "set_index": _index(fields),
        **shares,
    }
    return TableRow(info.answer, values, {name: _mark(value) for name, value in shares.items()})


def _index(fields: Mapping[str, str]) -> str | None:
    """Whether the set has an index of its own, and whether that is complete."""
    enabled = flag(fields.get("enable-index"))
    if not enabled:
        return None if enabled is None else "No"
    return "Building" if fields.get("index_populating") == "true" else "Yes"


def _mark(used: float | None) -> str:
    if used is None or used < NEARLY_FULL_PCT:
        return ""
    return "bad" if used >= FULL_PCT else "changed"
