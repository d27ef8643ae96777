"""Values by name, as configuration and statistics are: names down and nodes across, or turned."""

from __future__ import annotations

from asadm.tables.value import typed
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asadm.outcome import NodeAnswer


class ValueTable:
    """The values of all nodes under one heading.

    ``name``    in JSON, ``title`` for a person; ``keys``: what it is about (the namespace, the set), for JSON
    ``values``  for each of ``answers`` what the node says, by name; None for a node that was not read, or has no such thing
    ``names``   that are shown, in order
    ``flipped`` nodes down and names across
    ``total``   a last column has the sums of numbers
    """

    __slots__ = ("answers", "flipped", "keys", "name", "names", "title", "total", "values")

    def __init__(
        self,
        name: str,
        title: str,
        answers: Sequence[NodeAnswer],
        values: Sequence[Mapping[str, str] | None],
        *,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.title = title
        self.keys = dict(keys or {})
        self.answers = list(answers)
        self.values = list(values)
        self.names = sorted({name for each in values if each for name in each})
        self.flipped = False
        self.total = False

    def keep(self, wanted: Callable[[str], bool]) -> None:
        """Only names that are wanted."""
        self.names = [name for name in self.names if wanted(name)]

    def differing(self) -> list[str]:
        """The names whose values are not the same on all nodes that were read; one that a node does not have differs."""
        found = [each for each in self.values if each is not None]
        return [name for name in self.names if len({each.get(name) for each in found}) > 1]

    # ---- for a person

    def sheet(self) -> Sheet:
        """Names down and nodes across; a node that was not read has its reason in the first line."""
        if self.flipped:
            return self._turned()
        headings = ["Name", *(answer.node.name for answer in self.answers)]
        rows = [] if all(answer.good for answer in self.answers) else [self._states()]
        rows += [self._line(name) for name in self.names]
        if self.total:
            headings.append(f"Total of {self._read()}")
            rows = [[*row, Cell(self._sum(str(row[0].value)))] for row in rows]
        return Sheet(self.title, headings, rows, self._note())

    def _states(self) -> list[Cell]:
        return [Cell("State"), *map(_state, self.answers)]

    def _line(self, name: str) -> list[Cell]:
        usual = _commonest([each.get(name) for each in self.values if each is not None])
        cells = [Cell(name)]
        for each in self.values:
            value = None if each is None else each.get(name)
            cells.append(Cell(value, "" if each is None or value == usual else "changed"))
        return cells

    def _turned(self) -> Sheet:
        rows = [
            [
                Cell(answer.node.name),
                _state(answer),
                *(Cell(None if each is None else each.get(name)) for name in self.names),
            ]
            for answer, each in zip(self.answers, self.values, strict=True)
        ]
        return Sheet(self.title, ["Node", "State", *self.names], rows, self._note())

    def _note(self) -> str:
        read = sum(answer.good for answer in self.answers)
        return "" if read == len(self.answers) else f"{read} of {len(self.answers)} nodes were read"

    # ---- sums

    def _read(self) -> str:
        read, asked = sum(each is not None for each in self.values), len(self.answers)
        return f"{read} node{'' if read == 1 else 's'}" if read == asked else f"{read} of {asked} nodes"

    def _sum(self, name: str) -> float | int | None:
        """Of a count; shares, averages, ages and the like have no sum that means anything."""
        from asadm.tables.value import summable

        if not summable(name):
            return None
        found = [typed(name, each[name]) for each in self.values if each and name in each]
        numbers = [each for each in found if isinstance(each, (int, float)) and not isinstance(each, bool)]
        return sum(numbers) if numbers else None

    # ---- for programs

    def document(self) -> dict[str, object]:
        """The table for JSON; values are numbers, booleans, texts or null."""
        rows = [self._row(answer, each) for answer, each in zip(self.answers, self.values, strict=True)]
        said: dict[str, object] = {"name": self.name, "title": self.title, **self.keys, "rows": rows}
        if self.total:
            said["totals"] = {
                "nodes_read": sum(each is not None for each in self.values),
                "nodes_asked": len(self.answers),
                "values": {name: self._sum(name) for name in self.names},
            }
        return said

    def _row(self, answer: NodeAnswer, values: Mapping[str, str] | None) -> dict[str, object]:
        row: dict[str, object] = {"node": answer.node.name, "state": answer.status}
        if not answer.good:
            row["reason"] = answer.error
        row["values"] = (
            None
            if values is None
            else {name: typed(name, values[name]) for name in self.names if name in values}
        )
        return row


def _state(answer: NodeAnswer) -> Cell:
    return Cell("ok", "good") if answer.good else Cell(f"{answer.status}: {answer.error}", "bad")


def _commonest(values: Sequence[str | None]) -> str | None:
    return max(set(values), key=values.count) if values else None
