"""Which nodes say the same: the form in which a terminal shows values of more nodes than it has columns for."""

from __future__ import annotations

from asadm.tables.node_names import named
from asadm.tables.value import typed
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asadm.tables.values import ValueTable

    Groups = Mapping[str | None, Sequence[str]]
    """The nodes that say each value."""

VALUES_SHOWN = 4
"""As many different values of one name have a line each; of more numbers the least and the greatest are told, of more texts the first."""

SAME_NAME = " "
"""Stands for the name in the lines after its first."""


def sheet(table: ValueTable) -> Sheet:
    """Names and values down; beside each value the nodes that say it, or how many these are."""
    rows = _states(table)
    headings = ["Name", "Value", "Nodes"]
    read = [
        answer.node.name for answer, each in zip(table.answers, table.values, strict=True) if each is not None
    ]
    for name in table.names:
        said = [each.get(name) for each in table.values if each is not None]
        lines = _lines(name, _groups(said, read), len(read), marked=table.marked)
        if table.total:
            sums = [
                Cell(table.sum(name), shown=" " if table.sum(name) is None else None),
                *[Cell(" ")] * (len(lines) - 1),
            ]
            lines = [[*line[:2], total, line[2]] for line, total in zip(lines, sums, strict=True)]
        rows += lines
    if table.total:
        headings.insert(2, "Total")
    return Sheet(table.title, headings, rows, table.note())


def _states(table: ValueTable) -> list[list[Cell]]:
    """The nodes that were not read."""
    states = table.states()
    groups = _groups([cell.text for cell in states], [answer.node.name for answer in table.answers])
    blank = [Cell(" ")] if table.total else []
    marks = {cell.text: cell.mark for cell in states}
    return [
        [Cell("State"), Cell(state, marks[str(state)]), *blank, Cell(named(nodes))]
        for state, nodes in groups.items()
        if marks[str(state)] != "good"
    ]


def _groups(said: Sequence[str | None], nodes: Sequence[str]) -> Groups:
    groups: dict[str | None, list[str]] = {}
    for value, node in zip(said, nodes, strict=True):
        groups.setdefault(value, []).append(node)
    return groups


def _lines(name: str, groups: Groups, nodes: int, *, marked: bool) -> list[list[Cell]]:
    """A line for each value, that of most nodes first; one line where there are many."""
    if len(groups) > VALUES_SHOWN:
        return [_range(name, groups)]
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    odd = marked and len(ordered[0][1]) > 1
    return [
        [
            Cell(SAME_NAME if number else name),
            Cell(value, "changed" if number and odd else ""),
            Cell(named(same, nodes)),
        ]
        for number, (value, same) in enumerate(ordered)
    ]


def _range(name: str, groups: Groups) -> list[Cell]:
    """One line for many values: from the least to the greatest where they are numbers."""
    different = f"{len(groups)} values"
    values = {value: typed(name, value) for value in groups if value is not None}
    numbers = {
        value: number
        for value, number in values.items()
        if isinstance(number, (int, float)) and not isinstance(number, bool)
    }
    if len(numbers) < len(values):
        return [Cell(name), Cell(f"{next(iter(values))}, ..."), Cell(different)]
    least, most = min(numbers, key=numbers.__getitem__), max(numbers, key=numbers.__getitem__)
    return [Cell(name), Cell(f"{least} to {most}"), Cell(f"{different}, most {groups[most][0]}")]
