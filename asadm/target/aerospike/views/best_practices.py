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
    """A node that says something else than what it is asked for has neither."""
    said = info.fields(COMMAND).get("failed_best_practices")
    if said is None:
        return TableRow(info.answer, {"practices": None, FAILED: None})
    failed = [name for name in said.split(",") if name and name != "none"]
    mark = {"practices": "bad" if failed else "good"}
    return TableRow(info.answer, {"practices": ", ".join(failed) or "ok", FAILED: list(failed)}, mark)
