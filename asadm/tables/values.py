"""Values by name, as configuration and statistics are: names down and nodes across, or turned."""

from __future__ import annotations

from asadm.tables.node_names import named
from asadm.tables.value import is_number, summable, typed
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asadm.outcome import NodeAnswer


class Commonest:
    """The value that most nodes have."""

    __slots__ = ("value",)

    def __init__(self, value: str | None) -> None:
        self.value = value


def commonest(values: Sequence[str | None]) -> Commonest | None:
    """The value that stands most often; None where each stands but once: then none is odd."""
    counts: dict[str | None, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    most = max(counts.values(), default=0)
    if most == 1 < len(counts):
        return None
    return next((Commonest(value) for value, count in counts.items() if count == most), None)


ABSENT = "not there"
"""The state of a node that answers, and does not have what the table is about."""

REASON_MAX, REFUSED = 20, "refused it"
"""A reason that is longer would make the column of its node too wide: the note below has it."""


class ValueTable:
    """The values of all nodes under one heading.

    ``name``    in JSON, ``title`` for a person; ``keys``: what it is about (the namespace, the set), for JSON
    ``values``  for each of ``answers`` what the node says, by name; None for a node that was not read, or has no such thing
    ``reasons`` why a node that answered has none, by its position
    ``names``   that are shown, in order
    ``flipped`` nodes down and names across
    ``total``   a last column has the sums of numbers
    ``marked``  a value that is not the commonest stands out
    """

    __slots__ = (
        "answers", "flipped", "keys", "marked", "name", "names", "reasons", "title", "total", "values",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        title: str,
        answers: Sequence[NodeAnswer],
        values: Sequence[Mapping[str, str] | None],
        *,
        keys: Mapping[str, str] | None = None,
        reasons: Mapping[int, str] | None = None,
        marked: bool = False,
    ) -> None:
        self.name = name
        self.title = title
        self.keys = dict(keys or {})
        self.answers = list(answers)
        self.values = list(values)
        self.reasons = dict(reasons or {})
        self.names = sorted({name for each in values if each for name in each})
        self.flipped = False
        self.total = False
        self.marked = marked

    def keep(self, wanted: Callable[[str], bool]) -> None:
        """Only names that are wanted."""
        self.names = [name for name in self.names if wanted(name)]

    def differing(self) -> list[str]:
        """The names whose values are not the same on all nodes that were read; one that a node does not have differs."""
        found = [each for each in self.values if each is not None]
        return [name for name in self.names if len({each.get(name) for each in found}) > 1]

    @property
    def whole(self) -> bool:
        """Whether all nodes have told their values."""
        return None not in self.values

    @property
    def read(self) -> int:
        """How many nodes were read: those that told their values, and those that do not have what the table is about."""
        return sum(
            each is not None or (answer.good and position not in self.reasons)
            for position, (answer, each) in enumerate(zip(self.answers, self.values, strict=True))
        )

    # ---- for a person

    def sheet(self) -> Sheet:
        """Names down and nodes across; a node that was not read has its reason in the first line."""
        if self.flipped:
            return self._turned()
        headings = ["Name", *(answer.node.name for answer in self.answers)]
        rows = [] if self.whole else [[Cell("State"), *self.states()]]
        rows += [self._line(name) for name in self.names]
        if self.total:
            read, asked = self.read, len(self.answers)
            headings.append(f"Total of {read}" if read == asked else f"Total of {read}/{asked}")
            rows = [[*row, Cell(self.sum(str(row[0].value)))] for row in rows]
        return Sheet(self.title, headings, rows, self.note(), otherwise=self._grouped)

    def _grouped(self) -> Sheet:
        """Names and values down, and beside each value the nodes that say it."""
        from asadm.tables import value_groups

        blank = [Cell(value_groups.SAME)] if self.total else []
        rows = [[Cell("State"), state, *blank, Cell(nodes)] for nodes, state in self._unread().items()]
        read = [
            answer.node.name
            for answer, each in zip(self.answers, self.values, strict=True)
            if each is not None
        ]
        for name in self.names:
            said = [each.get(name) for each in self.values if each is not None]
            lines = value_groups.lines(name, said, read, marked=self.marked)
            sums = [self._sum_cell(name), *blank * (len(lines) - 1)] if self.total else []
            for line, total in zip(lines, sums, strict=False):
                line.insert(2, total)
            rows += lines
        headings = ["Name", "Value", *(["Total"] if self.total else []), "Nodes"]
        return Sheet(self.title, headings, rows, self.note())

    def _sum_cell(self, name: str) -> Cell:
        total = self.sum(name)
        return Cell(total, shown=" " if total is None else None)

    def _unread(self) -> dict[str, Cell]:
        """The states of nodes that were not read, by the names of these."""
        nodes: dict[str, list[str]] = {}
        cells = self.states()
        for answer, cell in zip(self.answers, cells, strict=True):
            if cell.mark != "good":
                nodes.setdefault(cell.text, []).append(answer.node.name)
        marks = {cell.text: cell.mark for cell in cells}
        return {named(names): Cell(state, marks[state]) for state, names in nodes.items()}

    def states(self) -> list[Cell]:
        """Whether each node has told its values."""
        return [
            self._state(position, answer, said=each is not None)
            for position, (answer, each) in enumerate(zip(self.answers, self.values, strict=True))
        ]

    def _state(self, position: int, answer: NodeAnswer, *, said: bool) -> Cell:
        """In a word or two; the whole reason is in the note."""
        if not answer.good:
            return Cell(answer.status, "bad")
        if said:
            return Cell("ok", "good")
        reason = self.reasons.get(position, ABSENT)
        return Cell(reason if len(reason) <= REASON_MAX else REFUSED, "changed")

    def _line(self, name: str) -> list[Cell]:
        found = [None if each is None else each.get(name) for each in self.values]
        cells = [Cell(name), *map(Cell, found)]
        if self.marked:
            said = [value for value, each in zip(found, self.values, strict=True) if each is not None]
            usual = commonest(said)
            for cell, each in zip(cells[1:], self.values, strict=True):
                if usual and each is not None and cell.value != usual.value:
                    cell.mark = "changed"
        return cells

    def _turned(self) -> Sheet:
        names = list(self.names)
        rows = [
            [
                Cell(answer.node.name),
                state,
                *(Cell(None if each is None else each.get(name)) for name in names),
            ]
            for answer, state, each in zip(self.answers, self.states(), self.values, strict=True)
        ]
        if self.total:
            sums = (Cell(self.sum(name), "quiet") for name in names)
            rows.append([Cell(f"= {self.coverage()}", "quiet"), Cell(None), *sums])
        return Sheet(self.title, ["Node", "State", *names], rows, self.note())

    def note(self) -> str:
        """How many nodes were read, where these are not all, and why."""
        if self.read == len(self.answers):
            return ""
        nodes: dict[str, list[str]] = {}
        for position, answer in enumerate(self.answers):
            reason = self.reasons.get(position, "") if answer.good else answer.error
            if reason:
                nodes.setdefault(reason, []).append(answer.node.name)
        reasons = [f"{named(names)}: {reason}" for reason, names in nodes.items()]
        return "; ".join([f"{self.read} of {len(self.answers)} nodes were read", *reasons])

    # ---- sums

    def coverage(self) -> str:
        """Over how many nodes sums are."""
        read, asked = self.read, len(self.answers)
        of = f"{read}" if read == asked else f"{read} of {asked}"
        return f"{of} node{'' if of == '1' else 's'}"

    def sum(self, name: str) -> float | int | None:
        """Of a count; shares, averages, ages and the like have no sum that means anything."""
        if not summable(name):
            return None
        found = [typed(name, each[name]) for each in self.values if each and name in each]
        numbers = [each for each in found if is_number(each)]
        return sum(numbers) if numbers else None

    # ---- for programs

    def document(self) -> dict[str, object]:
        """The table for JSON; values are numbers, booleans, texts or null."""
        rows = [
            self._row(position, answer, each)
            for position, (answer, each) in enumerate(zip(self.answers, self.values, strict=True))
        ]
        said: dict[str, object] = {"name": self.name, "title": self.title, **self.keys, "rows": rows}
        if self.total:
            said["totals"] = {
                "nodes_read": self.read,
                "nodes_asked": len(self.answers),
                "values": {name: self.sum(name) for name in self.names},
            }
        return said

    def _row(self, position: int, answer: NodeAnswer, values: Mapping[str, str] | None) -> dict[str, object]:
        row: dict[str, object] = {"node": answer.node.name, "state": answer.status}
        if not answer.good:
            row["reason"] = answer.error
        elif values is None:
            row["reason"] = self.reasons.get(position, ABSENT)
        row["values"] = (
            None
            if values is None
            else {name: typed(name, values[name]) for name in self.names if name in values}
        )
        return row
