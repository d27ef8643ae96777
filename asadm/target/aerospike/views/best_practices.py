"""`show best-practices`: what of its machine's set-up each node calls bad."""

from __future__ import annotations

from asadm.tables.table import Column, Table, TableRow

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.target.aerospike.views.asking import NodeInfo

COMMAND = "best-practices"

FAILED = "failed"

PAGE = "https://aerospike.com/docs/database/learn/best-practices tells of each"


def table(found: Sequence[NodeInfo]) -> Table:
    """A row for each node."""
    rows = [_row(info) for info in found if info.good]
    note = PAGE if any(row.values[FAILED] for row in rows) else ""
    columns = [Column("practices", "Best Practices"), Column(FAILED, "Failed", data=True)]
    answers = [info.answer for info in found]
    return Table("best_practices", "Best Practices", columns, answers, rows, note=note)


def _row(info: NodeInfo) -> TableRow:
    failed = [name for name in info.fields(COMMAND).get("failed_best_practices", "").split(",") if name]
    told = "failed_best_practices" in info.fields(COMMAND)
    if failed == ["none"]:
        failed = []
    said = ", ".join(failed) if failed else "ok" if told else None
    return TableRow(
        info.answer, {"practices": said, FAILED: failed}, {"practices": "bad" if failed else "good"}
    )
