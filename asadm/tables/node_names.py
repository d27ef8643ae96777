"""Several nodes in a line: by name where these are few."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.outcome import NodeAnswer

NODES_NAMED = 3
"""As many nodes are named; more are counted."""


def names(answers: Sequence[NodeAnswer]) -> list[str]:
    """Of the nodes of ``answers``."""
    return [answer.node.name for answer in answers]


def named(nodes: Sequence[str], of: int | None = None) -> str:
    """``a, b``, ``297 nodes``, or ``all 300 nodes`` where there are ``of`` altogether."""
    if len(nodes) == of and len(nodes) > 1:
        return f"all {of} nodes"
    return ", ".join(nodes) if len(nodes) <= NODES_NAMED else f"{len(nodes)} nodes"
