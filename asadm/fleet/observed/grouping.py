"""Nodes in one situation, told together: ``300 nodes`` for the many, their names for the few."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asadm.fleet.observed.survey import Survey
    from asinfo.exchange import Node

Situation = TypeVar("Situation")

NAMED_MAX = 6
"""So many nodes are named; of more, only the first are."""


def gather(situations: Iterable[Situation]) -> dict[Situation, list[int]]:
    """The positions that have the same situation; the commonest first, equals in the order first met."""
    groups: dict[Situation, list[int]] = {}
    for position, situation in enumerate(situations):
        groups.setdefault(situation, []).append(position)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def named(nodes: Sequence[Node], positions: Sequence[int]) -> str:
    """The nodes at ``positions``: ``a, b``, ``all 3 nodes``, ``297 nodes`` or ``9 nodes: a, b, c, ...``."""
    count = len(positions)
    if count == len(nodes) and count > 1:
        return f"all {count} nodes"
    names = [nodes[position].name for position in positions]
    if count <= NAMED_MAX:
        return ", ".join(names)
    if count * 2 > len(nodes):
        return f"{count} nodes"
    return f"{count} nodes: {', '.join(names[:NAMED_MAX])}, ..."


def unread(survey: Survey) -> list[tuple[str, str, str]]:
    """Nodes, status and reason of those that were not read, gathered by reason."""
    nodes = survey.nodes()
    groups: dict[tuple[str, str], list[int]] = {}
    for position, listing in enumerate(survey.listings):
        if not listing.read:
            groups.setdefault((listing.answer.status, listing.answer.error), []).append(position)
    return [(named(nodes, positions), status, reason) for (status, reason), positions in groups.items()]
