"""A table whose rows are of nodes: columns with units, a row for every node, totals that say over how many nodes they are."""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.node_names import named, names
from asadm.tables.value import is_number
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asadm.outcome import NodeAnswer

    Value = str | int | float | bool | list[str] | list[int] | None
    Total = Callable[[Sequence["TableRow"]], Value]
    Sum = Callable[[Sequence["TableRow"]], float | int | None]


NODE, STATE = "Node", "State"

ROW_MEMBERS = ("node", "state", "reason")
"""What JSON says of the node of a row: no column has such a name."""


class Column:
    """One column.

    ``name``    of the value in rows and in JSON
    ``title``   for a person; ``group`` stands before it where several columns are of one thing: ``Primary Index`` ``Used%``
    ``unit``    one of `asadm.tables.units`
    ``total``   what the rows of several nodes come to: `summed`, one of `asadm.tables.totals`, or what the table computes itself; None where
                they come to nothing
    ``detail``  above 0 it is left out where the terminal is not wide enough for all, the highest first
    ``unit_of`` where values of several units stand here, the name of the value that tells which, row by row
    ``rough``   a person sees it in few places: 59 KiB, 2.4 h
    ``data``    only programs get it
    ``whole``   an id, which is not cut while a detail may go
    """

    __slots__ = ("data", "detail", "group", "name", "rough", "title", "total", "unit", "unit_of", "whole")

    def __init__(
        self,
        name: str,
        title: str,
        unit: str = units.TEXT,
        *,
        group: str = "",
        total: Total | None = None,
        detail: int = 0,
        unit_of: str = "",
        rough: bool = False,
        data: bool = False,
        whole: bool = False,
    ) -> None:
        assert name not in ROW_MEMBERS
        self.name = name
        self.title = title
        self.group = group
        self.unit = unit
        self.total = total
        self.detail = detail
        self.unit_of = unit_of
        self.rough = rough
        self.data = data
        self.whole = whole

    @property
    def heading(self) -> str:
        """Group and title."""
        return f"{self.group} {self.title}".strip()

    def document(self) -> dict[str, object]:
        """What JSON says of it."""
        unit = f"as {self.unit_of} says" if self.unit_of else self.unit
        return {"name": self.name, "title": self.heading, "unit": unit}

    def cell(self, values: Mapping[str, Value], mark: str = "") -> Cell:
        """Its value among ``values``, for a person."""
        value = values.get(self.name)
        if isinstance(value, list):
            value = ", ".join(map(str, value))
        unit = str(values.get(self.unit_of)) if self.unit_of else self.unit
        return Cell(value, mark, shown=units.shown(value, unit, rough=self.rough))


def summed(name: str) -> Sum:
    """The sum of the values called ``name``; None where no row has a number."""

    def total(rows: Sequence[TableRow]) -> float | int | None:
        found = rows_numbers(rows, name)
        return sum(found) if found else None

    return total


def count_column(name: str, title: str, group: str = "", *, detail: int = 0) -> Column:
    """A column of counts, with their sum."""
    return Column(name, title, units.COUNT, group=group, total=summed(name), detail=detail)


def size_column(name: str, title: str, group: str = "", *, detail: int = 0) -> Column:
    """A column of bytes, with their sum."""
    return Column(name, title, units.BYTES, group=group, total=summed(name), detail=detail)


def highest(name: str) -> Total:
    """The highest of the values called ``name``, which each node says of the whole cluster; None where no row has a number."""

    def total(rows: Sequence[TableRow]) -> float | int | None:
        return max(rows_numbers(rows, name), default=None)

    return total


def rows_numbers(rows: Sequence[TableRow], name: str) -> list[float | int]:
    """The numbers that ``rows`` have under ``name``."""
    values = (row.values.get(name) for row in rows)
    return [value for value in values if is_number(value)]


class TableRow:
    """What one node says: ``values`` by the names of columns; ``marks`` by name, as `asinfo.terminal.render.STYLES` has them."""

    __slots__ = ("answer", "marks", "values")

    def __init__(
        self, answer: NodeAnswer, values: Mapping[str, Value], marks: Mapping[str, str] | None = None
    ) -> None:
        self.answer = answer
        self.values = values
        self.marks = marks or {}


class Table:
    """One table.

    ``name``    in JSON
    ``keys``    the columns that rows are grouped by, which stand before that of the node
    ``answers`` of all nodes that were asked: one that failed is a row with its reason
    ``note``    a line below it
    ``ordered`` the rows are in the order that they are shown in; otherwise they stand by keys, and in the order of the nodes
    """

    __slots__ = ("answers", "columns", "keys", "name", "note", "rows", "title")

    def __init__(
        self,
        name: str,
        title: str,
        columns: Sequence[Column],
        answers: Sequence[NodeAnswer],
        rows: Sequence[TableRow],
        *,
        keys: Sequence[Column] = (),
        note: str = "",
        ordered: bool = False,
    ) -> None:
        self.name = name
        self.title = title
        self.columns = list(columns)
        self.keys = list(keys)
        self.answers = list(answers)
        self.rows = list(rows)
        if not ordered:
            order = {id(answer): position for position, answer in enumerate(answers)}
            self.rows.sort(key=lambda row: (self._key(row), order[id(row.answer)]))
        self.note = note

    @property
    def failed(self) -> list[NodeAnswer]:
        """The nodes that were not read."""
        return [answer for answer in self.answers if not answer.good]

    def _key(self, row: TableRow) -> tuple[str, ...]:
        return tuple(str(row.values.get(key.name) or "") for key in self.keys)

    def groups(self) -> list[list[TableRow]]:
        """The rows, those of one group together."""
        found: dict[tuple[str, ...], list[TableRow]] = {}
        for row in self.rows:
            found.setdefault(self._key(row), []).append(row)
        return list(found.values())

    def totals(self) -> list[tuple[list[TableRow], dict[str, Value]]]:
        """For each group its rows and what they come to; nothing where no column has a total."""
        if not any(column.total for column in self.columns):
            return []
        return [
            (rows, {column.name: column.total(rows) for column in self.columns if column.total})
            for rows in self.groups()
        ]

    # ---- for a person

    def sheet(self) -> Sheet:
        """For a terminal or a pipe. Nodes that failed come first, with the reason in a column of its own."""
        failed = self.failed
        shown = [*self.keys, *self._shown]
        headings = [*(key.heading for key in self.keys), NODE, *(column.heading for column in self._shown)]
        if failed:
            headings.append(STATE)
        rows = [self._failure(answer) for answer in failed]
        totals = {id(rows[0]): values for rows, values in self.totals()} if len(self.answers) > 1 else {}
        for group in self.groups():
            rows += [self._cells(row, with_state=bool(failed)) for row in group]
            if id(group[0]) in totals:
                rows.append(self._total(group, totals[id(group[0])], with_state=bool(failed)))
        whole = [NODE, *(column.heading for column in shown if column.whole)]
        return Sheet(self.title, headings, rows, self._note(), details=details(shown), whole=whole)

    @property
    def _shown(self) -> list[Column]:
        return [column for column in self.columns if not column.data]

    def _note(self) -> str:
        return "; ".join(part for part in (self.note, self._silent(), partial(self.answers)) if part)

    def _silent(self) -> str:
        """The nodes that were read and have no row, where others have."""
        told = {id(row.answer) for row in self.rows}
        silent = [answer for answer in self.answers if answer.good and id(answer) not in told]
        return f"nothing on {named(names(silent))}" if self.rows and silent else ""

    def _cells(self, row: TableRow, *, with_state: bool) -> list[Cell]:
        cells = [key.cell(row.values) for key in self.keys]
        cells.append(Cell(row.answer.node.name))
        cells += [column.cell(row.values, row.marks.get(column.name, "")) for column in self._shown]
        return [*cells, Cell("ok", "good")] if with_state else cells

    def _failure(self, answer: NodeAnswer) -> list[Cell]:
        empty = [Cell(None)] * len(self._shown)
        return [*([Cell(None)] * len(self.keys)), Cell(answer.node.name), *empty, reason(answer)]

    def _total(
        self, group: Sequence[TableRow], values: Mapping[str, Value], *, with_state: bool, mark: str = "quiet"
    ) -> list[Cell]:
        cells = [key.cell(group[0].values, mark) for key in self.keys]
        cells.append(Cell(self.coverage(), "quiet"))
        cells += [column.cell(values, mark) for column in self._shown]
        return [*cells, Cell(None)] if with_state else cells

    def coverage(self) -> str:
        """Over how many nodes a total is: ``= 3 nodes``, or ``= 2 of 3 nodes`` where not all were read.

        One that was read and has no row in a group has nothing of it, which the total counts as well.
        """
        asked = len(self.answers)
        of = f"{self._read} of {asked}" if self.failed else f"{asked}"
        return f"= {of} node{'' if asked == 1 else 's'}"

    @property
    def _read(self) -> int:
        return len(self.answers) - len(self.failed)

    # ---- for programs

    def document(self) -> dict[str, object]:
        """The table for JSON, with raw values."""
        rows = [self._row_document(row) for row in self.rows]
        rows += unread_rows(self.failed)
        return {
            "name": self.name,
            "title": self.title,
            "keys": [key.name for key in self.keys],
            "columns": [column.document() for column in [*self.keys, *self.columns]],
            "rows": rows,
            "totals": [self._total_document(rows, values) for rows, values in self.totals()],
        }

    def _row_document(self, row: TableRow) -> dict[str, object]:
        values = {column.name: row.values.get(column.name) for column in [*self.keys, *self.columns]}
        return {"node": row.answer.node.name, "state": row.answer.status, **values}

    def _total_document(self, rows: Sequence[TableRow], values: Mapping[str, Value]) -> dict[str, object]:
        keys = {key.name: rows[0].values.get(key.name) for key in self.keys}
        return {**keys, "nodes_read": self._read, "nodes_asked": len(self.answers), **values}


def details(columns: Sequence[Column]) -> list[str]:
    """The headings of those that go where the terminal is narrow, the last first."""
    going = sorted((column for column in columns if column.detail), key=lambda column: column.detail)
    return [column.heading for column in going]


def reason(answer: NodeAnswer) -> Cell:
    """Why a node was not read."""
    return Cell(f"{answer.status}: {answer.error}", "bad")


def unread_rows(failed: Sequence[NodeAnswer]) -> list[dict[str, object]]:
    """What JSON says of nodes that were not read."""
    return [{"node": answer.node.name, "state": answer.status, "reason": answer.error} for answer in failed]


def partial(answers: Sequence[NodeAnswer]) -> str:
    """How many of the nodes were read; nothing where all were."""
    read = sum(answer.good for answer in answers)
    return f"{read} of {len(answers)} nodes were read" if read < len(answers) else ""
