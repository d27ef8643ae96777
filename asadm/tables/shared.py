"""A table of what nodes say of their cluster, as its indexes and racks: what several say alike is one row, with the nodes that say it."""

from __future__ import annotations

from asadm.tables.node_names import NODES_NAMED, named, names
from asadm.tables.table import STATE, Column, details, partial, reason, unread_rows
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asadm.outcome import NodeAnswer
    from asadm.tables.table import Value

    Said = tuple[NodeAnswer, Mapping[str, Value]]
    """A node, and the values of one row that it tells."""


NODES = "Nodes"


class SharedRow:
    """What ``answers`` say alike: ``values`` by the names of columns."""

    __slots__ = ("answers", "values")

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.values = values
        self.answers: list[NodeAnswer] = []


class SharedTable:
    """One table. Columns, answers and note are as those of `asadm.tables.table.Table`; ``said`` is what each node tells, row by row, one node after the other.

    Rows are in the order of the first ``order`` columns.
    """

    __slots__ = ("answers", "columns", "name", "note", "rows", "title")

    def __init__(
        self,
        name: str,
        title: str,
        columns: Sequence[Column],
        answers: Sequence[NodeAnswer],
        said: Iterable[Said],
        *,
        order: int = 1,
        note: str = "",
    ) -> None:
        self.name = name
        self.title = title
        self.columns = list(columns)
        self.answers = list(answers)
        self.note = note
        members = [column.name for column in columns]
        found: dict[tuple[str, ...], SharedRow] = {}
        for answer, values in said:
            row = found.setdefault(tuple(repr(values.get(name)) for name in members), SharedRow(values))
            if not row.answers or row.answers[-1] is not answer:
                row.answers.append(answer)
        first = members[:order]
        self.rows = sorted(
            found.values(), key=lambda row: [str(row.values.get(name) or "") for name in first]
        )

    @property
    def failed(self) -> list[NodeAnswer]:
        """The nodes that were not read."""
        return [answer for answer in self.answers if not answer.good]

    # ---- for a person

    def sheet(self) -> Sheet:
        """For a terminal or a pipe. Nodes that failed come first, with the reason in a column of its own."""
        failed = self.failed
        headings = [*(column.heading for column in self.columns), NODES, *([STATE] if failed else [])]
        rows = [self._failure(answer) for answer in failed]
        for row in self.rows:
            cells = [column.cell(row.values) for column in self.columns]
            rows.append([*cells, self._who(row), *([Cell("ok", "good")] if failed else [])])
        note = "; ".join(part for part in (self.note, partial(self.answers)) if part)
        return Sheet(self.title, headings, rows, note, details=details(self.columns), whole=[NODES])

    def _failure(self, answer: NodeAnswer) -> list[Cell]:
        empty = [Cell(None)] * len(self.columns)
        return [*empty, Cell(answer.node.name), reason(answer)]

    def _who(self, row: SharedRow) -> Cell:
        """The nodes that say it: all, or those that do, or those that do not where these are fewer."""
        read = [answer for answer in self.answers if answer.good]
        if len(row.answers) == len(read):
            only = read[0].node.name if len(self.answers) == 1 else f"all {len(read)}"
            return Cell(only)
        others = [answer for answer in read if answer not in row.answers]
        if len(row.answers) > NODES_NAMED and len(others) <= NODES_NAMED:
            return Cell(f"all but {named(names(others))}", "changed")
        if len(row.answers) > NODES_NAMED:
            return Cell(f"{len(row.answers)} of {len(read)}", "changed")
        return Cell(f"only {named(names(row.answers))}", "changed")

    # ---- for programs

    def document(self) -> dict[str, object]:
        """The table for JSON, with raw values."""
        rows: list[dict[str, object]] = [
            {
                "nodes": [answer.node.name for answer in row.answers],
                "state": "ok",
                **{column.name: row.values.get(column.name) for column in self.columns},
            }
            for row in self.rows
        ]
        rows += unread_rows(self.failed)
        return {
            "name": self.name,
            "title": self.title,
            "columns": [column.document() for column in self.columns],
            "rows": rows,
        }
