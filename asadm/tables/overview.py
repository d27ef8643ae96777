"""A table of what all nodes come to: a person sees the totals, programs the row of every node, too."""

from __future__ import annotations

from asadm.tables.table import NODE, STATE, Table, details, reason
from asinfo.terminal.render import Cell, Sheet


class Overview(Table):
    """A table whose columns all have totals; one line a group."""

    __slots__ = ()

    def sheet(self) -> Sheet:
        """The totals, over how many nodes they are, and the reasons of those that were not read."""
        shown = [*self.keys, *self.columns]
        headings = [*(key.heading for key in self.keys), NODE, *(column.heading for column in self.columns)]
        rows = [self._failure(answer) for answer in self.failed]
        for group, values in self.totals():
            rows.append(self._total(group, values, with_state=bool(self.failed), mark=""))
        if self.failed:
            headings.append(STATE)
        return Sheet(self.title, headings, rows, self._note(), details=details(shown))


class OverviewList(Overview):
    """An overview with one figure a line."""

    __slots__ = ()

    def sheet(self) -> Sheet:
        """As that of an overview; figures that no node has are left out."""
        no_keys = [Cell(None)] * len(self.keys)
        rows: list[list[Cell]] = [
            [*no_keys, Cell(answer.node.name), reason(answer)] for answer in self.failed
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
