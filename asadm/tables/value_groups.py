"""Which nodes say the same: the form in which a terminal shows values of more nodes than it has columns for."""

from __future__ import annotations

from asadm.tables.node_names import named
from asadm.tables.value import is_number, typed
from asinfo.terminal.render import Cell

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Groups = Mapping[str | None, Sequence[str]]
    """The nodes that say each value."""

VALUES_SHOWN = 4
"""As many different values of one name have a line each; of more numbers the least and the greatest are told, of more texts the first."""

SAME = " "
"""Stands for the name in the lines after its first."""


def _groups(said: Sequence[str | None], nodes: Sequence[str]) -> Groups:
    groups: dict[str | None, list[str]] = {}
    for value, node in zip(said, nodes, strict=True):
        groups.setdefault(value, []).append(node)
    return groups


def lines(
    name: str, said: Sequence[str | None], nodes: Sequence[str], *, marked: bool = False
) -> list[list[Cell]]:
    """Name, value and nodes: a line for each value, that of most nodes first; one line where there are many. ``marked``: odd ones stand out."""
    groups = _groups(said, nodes)
    if len(groups) > VALUES_SHOWN:
        return [_range(name, groups)]
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    odd = marked and len(ordered[0][1]) > 1
    return [
        [
            Cell(SAME if number else name),
            Cell(value, "changed" if number and odd else ""),
            Cell(named(same, len(nodes))),
        ]
        for number, (value, same) in enumerate(ordered)
    ]


def _range(name: str, groups: Groups) -> list[Cell]:
    """One line for many values: from the least to the greatest where they are numbers."""
    different = f"{len(groups)} values"
    values = {value: typed(name, value) for value in groups if value is not None}
    numbers = {value: number for value, number in values.items() if is_number(number)}
    if len(numbers) < len(values):
        return [Cell(name), Cell(f"{next(iter(values))}, ..."), Cell(different)]
    least, most = min(numbers, key=numbers.__getitem__), max(numbers, key=numbers.__getitem__)
    return [Cell(name), Cell(f"{least} to {most}"), Cell(f"{different}, most {groups[most][0]}")]
