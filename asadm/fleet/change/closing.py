"""The end of a rollout: every module that a node did not get has a status and a reason."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.observed.node_progress import BrokenModule, ModuleChange, NodeProgress


def close(
    states: Sequence[NodeProgress],
    items: Sequence[ModuleChange],
    milliseconds: float,
    *,
    broken: BrokenModule | None,
    interrupted: bool,
) -> None:
    """Nothing more is sent: give what is still waited for its reason. ``milliseconds`` is how long the rollout took."""
    sent = {(state.home, name) for state in states for name in state.asked}
    for state in states:
        for item in items:
            cell = state.cells.get(item.name)
            if cell is None or not cell.waiting:
                continue
            cell.milliseconds = milliseconds
            if interrupted:
                cell.status, cell.error = "interrupted", "stopped before the node was seen to have it"
            else:
                known = (state.home, item.name) in sent
                cell.status, cell.error = _reason(state, item, milliseconds / 1000, broken, sent=known)


def _reason(
    state: NodeProgress, item: ModuleChange, seconds: float, broken: BrokenModule | None, *, sent: bool
) -> tuple[str, str]:
    """Status and reason; ``sent`` is whether any node of its cluster was sent the module."""
    cell = state.cells[item.name]
    if not state.fresh:
        return state.answer.status, state.answer.error
    own = cell.sent or cell.tried
    if broken is not None and not own:
        from asinfo.text import text

        return "skipped", f"not sent, because {text(broken.change.name)} does not compile"
    if state.refused and not own:
        return "skipped", "not sent, because the node refused another change"
    if state.refusal is not None and not sent:
        return state.refusal.status, state.refusal.error
    if state.refusal is not None and cell.tried and not cell.sent:
        return state.refusal.status, f"{state.refusal.error}, and the change is not there"
    if not sent:
        return "late", "not sent: the time was over"
    how = ", nor one with a marker line" if cell.marked else ""
    return "late", f"does not show the change{how} after {seconds:.1f} s"
