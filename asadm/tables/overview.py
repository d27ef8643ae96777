"""A table of what all nodes come to: a person sees the totals, programs the row of every node, too."""

from __future__ import annotations

from asadm.tables.table import NODE, STATE, Table
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asadm.tables.table import TableRow, Value


class Overview(Table):
    """A table whose columns all have totals; one line a group."""

    __slots__ = ()

    def sheet(self) -> Sheet:
        """The totals, over how many nodes they are, and the reasons of those that were not read."""
        shown = [*self.keys, *self.columns]
        headings = [*(key.heading for key in self.keys), NODE, *(column.heading for column in self.columns)]
        rows = [self._failure(answer) for answer in self.failed]
        for group, values in self.totals():
            rows.append(self._line(group, values))
        if self.failed:
            headings.append(STATE)
        details = sorted((column for column in shown if column.detail), key=lambda column: column.detail)
        return Sheet(self.title, headings, rows, self._note(), details=[column.heading for column in details])

    def _line(self, group: Sequence[TableRow], values: Mapping[str, Value]) -> list[Cell]:
        cells = [key.cell(group[0].values) for key in self.keys]
        cells.append(Cell(self.coverage(), "quiet"))
        cells += [column.cell(values) for column in self.columns]
        return [*cells, Cell(None)] if self.failed else cells


class OverviewList(Overview):
    """An overview with one figure a line."""

    __slots__ = ()

    def sheet(self) -> Sheet:
        """As that of an overview; figures that no node has are left out."""
        no_keys = [Cell(None)] * len(self.keys)
        rows: list[list[Cell]] = [
            [*no_keys, Cell(answer.node.name), Cell(f"{answer.status}: {answer.error}", "bad")]
            for answer in self.failed
        ]
        for group, values in self.totals():
            keys = [key.cell(group[0].values) for key in self.keys]
            rows.append([*keys, Cell("Nodes"), Cell(self.coverage().removeprefix("= "))])
            cells = [(column, column.cell(values)) for column in self.columns]
            rows += [
                [*keys, Cell(column.heading), Cell(cell.text)] for column, cell in cells if cell.text != "-"
            ]
        headings = [*(key.heading for key in self.keys), "Figure", "Value"]
        return Sheet(self.title, headings, rows, self._note())
