"""Nodes that are alike are shown together: ``300 nodes`` for many, their names for few; numbers and hashes for tables."""

from __future__ import annotations

from asadm.display import HASH_SHOWN
from asinfo.text import plural

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeVar

    from asinfo.exchange import Endpoint

    Situation = TypeVar("Situation")

NAMED_MAX = 6
"""So many nodes are named; of more, only the first are."""


def gather(situations: Iterable[Situation]) -> dict[Situation, list[int]]:
    """The positions that have the same situation; the commonest first, equals in the order first met."""
    groups: dict[Situation, list[int]] = {}
    for position, situation in enumerate(situations):
        groups.setdefault(situation, []).append(position)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def named(nodes: Sequence[Endpoint], positions: Sequence[int]) -> str:
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


def count(number: int, what: str) -> str:
    """``1 node``, ``3 nodes``, ``2 libraries``."""
    return f"{number} {what if number == 1 else plural(what)}"


def short(digest: str | None) -> str | None:
    """A hash for a table."""
    return digest[:HASH_SHOWN] if digest else None
