"""Nodes that confirm a put and do not show it, because their cluster has agreed on just that content already.

A node of real servers that lost a module, or holds another version, while its cluster agreed on the right one stays as
it is however often that is put. When such a node has not followed its own put for a while, the target brings the module
there by force, see `asadm.target.interface.Target.force_put`.
"""

from __future__ import annotations

import time

from asadm.fleet.change.deliver import deliver
from asadm.fleet.observed.node_progress import ModuleProgress
from asadm.target.timing import CONFIRM_SECONDS, RESTORE_SECONDS

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.fleet.change.rollout import Rollout
    from asadm.fleet.observed.node_progress import ModuleChange, NodeProgress

SECONDS_MIN = 0.5
"""With less time left than this nothing is forced: a put, a look at the list and a second put need as much."""

HOW = "marker put"


def forcing(warn: Callable[[str], None]) -> Callable[[Rollout, Sequence[NodeProgress]], None]:
    """For `Rollout`: what those nodes lack that do not follow is put by force. Warnings go to ``warn``."""

    def force(rollout: Rollout, states: Sequence[NodeProgress]) -> None:
        stuck = [state for state in states if _stuck(state, rollout.items)]
        for item in sorted(rollout.items, key=lambda item: item.level):
            concerned = [state for state in stuck if _lacks(state, item)]
            if concerned and rollout.left > SECONDS_MIN:
                _force(rollout, item, concerned, warn)
        if stuck:
            rollout.look(stuck, rollout.items)

    return force


def _stuck(state: NodeProgress, items: Sequence[ModuleChange]) -> bool:
    confirmed = any(state.cells[item.name].sent for item in state.lacking(items))
    recent = time.monotonic() - state.sent_at < CONFIRM_SECONDS
    return state.fresh and confirmed and not recent and not state.refused


def _lacks(state: NodeProgress, item: ModuleChange) -> bool:
    """Whether force may bring ``item`` to the node; it is tried once."""
    cell = state.cells.get(item.name)
    return item.content is not None and cell is not None and cell.waiting and not cell.marked


def _force(
    rollout: Rollout, item: ModuleChange, concerned: Sequence[NodeProgress], warn: Callable[[str], None]
) -> None:
    """Put ``item`` by force on the clusters of ``concerned``. Raises KeyboardInterrupt."""
    homes: dict[int, list[NodeProgress]] = {state.home: [] for state in concerned}
    for state in rollout.states:
        if state.fresh and state.home in homes:
            homes[state.home].append(state)
    groups = [[state.node for state in states] for states in homes.values()]
    wait = max(rollout.left - RESTORE_SECONDS, rollout.left / 2)
    forced = rollout.cluster.force_put(
        groups, item.name, item.content or b"", wait=wait, warn=warn, deliver=deliver
    )
    left = set(forced.left)
    states = {state.node: state for state in rollout.states}
    for answer in forced.results:
        state = states[answer.node]
        cell = state.cells.get(item.name)
        if answer.node in left:
            cell = state.cells.setdefault(item.name, ModuleProgress())
            cell.status, cell.error = "marker", answer.error
        elif cell is not None and cell.waiting:
            cell.marked = True
            if answer.good:
                cell.status, cell.how = "ok", HOW
            elif answer.status == "error":
                cell.status, cell.error = "error", answer.error
        if cell is not None:
            cell.milliseconds = rollout.milliseconds
    if forced.stopped:
        raise KeyboardInterrupt
