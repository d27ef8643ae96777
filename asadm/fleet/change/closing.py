"""The end of a rollout: every module that a node has not got gets a status and a reason."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.fleet.change.node_progress import ModuleChange, NodeProgress
    from asadm.fleet.change.rollout import Rollout


def close(rollout: Rollout) -> None:
    """Nothing more comes: what is still waited for has failed."""
    sent = {(place.home, name) for place in rollout.places for name in place.asked}
    seconds = rollout.milliseconds / 1000
    for place in rollout.places:
        for item in rollout.items:
            cell = place.cells.get(item.name)
            if cell is not None and cell.waiting:
                known = (place.home, item.name) in sent
                cell.milliseconds = rollout.milliseconds
                cell.status, cell.error = _reason(rollout, place, item, seconds, sent=known)


def _reason(
    rollout: Rollout, place: NodeProgress, item: ModuleChange, seconds: float, *, sent: bool
) -> tuple[str, str]:
    """``sent`` is whether any node of its cluster was sent it."""
    cell = place.cells[item.name]
    if rollout.interrupted:
        return "interrupted", "stopped before the node was seen to have it"
    if not place.fresh:
        return place.answer.status, place.answer.error
    own = cell.sent or cell.tried
    if rollout.broken is not None and not own:
        from asinfo.text import text

        return "skipped", f"not sent, because {text(rollout.broken[0].name)} does not compile"
    if place.refused and not own:
        return "skipped", "not sent, because the node refused another module"
    if not sent:
        return "late", "not sent: the time was over"
    how = ", nor one with a marker line" if cell.marked else ""
    return "late", f"does not show the change{how} after {seconds:.1f} s"
