"""The nodes that could not be read, grouped by reason."""

from __future__ import annotations

from asadm.fleet.observed.grouping import named
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.fleet.observed.survey import Survey


def unread(survey: Survey) -> list[tuple[str, str, str]]:
    """Nodes, status and reason of those that were not read, gathered by reason."""
    nodes = survey.nodes()
    groups: dict[tuple[str, str], list[int]] = {}
    for position, listing in enumerate(survey.listings):
        if not listing.read:
            groups.setdefault((listing.answer.status, listing.answer.error), []).append(position)
    return [(named(nodes, positions), status, reason) for (status, reason), positions in groups.items()]


def failures(survey: Survey) -> list[Sheet]:
    """A sheet of the nodes that were not read, and why; none when all were."""
    rows = [[Cell(nodes), Cell(status, "bad"), Cell(reason)] for nodes, status, reason in unread(survey)]
    return [Sheet("", ["Not read", "Status", "Reason"], rows)] if rows else []
