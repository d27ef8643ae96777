"""Nodes that a put does not help, because their cluster has agreed on just that content: no change for it.

A node of real servers that lost a module, or holds another version, while its cluster agreed on the right one stays as
it is however often that is put. When such a node has not followed its own put for a while, the module goes out with a
marker line first and then as it should be: two changes, which every node of its cluster takes. What remains is the
true content, also when this is stopped in the middle; see `asadm.target.aerospike.marker_put`.
"""

from __future__ import annotations

import time

from asadm.fleet.change.node_progress import ModuleProgress
from asadm.target.aerospike.marker_put import RESTORE_SECONDS, MarkerPut

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.fleet.change.node_progress import ModuleChange, NodeProgress
    from asadm.fleet.change.rollout import Rollout

PATIENCE = 2.0
"""Seconds after a node confirmed its own put until it is known not to follow."""

SECONDS_MIN = 0.5
"""With less time left than this no marker goes out."""

HOW = "marker put"


def mend(rollout: Rollout, places: Sequence[NodeProgress], warn: Callable[[str], None]) -> None:
    """Marker and true content of what those of ``places`` lack that do not follow. Raises KeyboardInterrupt."""
    stuck = [place for place in places if _stuck(place, rollout.items)]
    for item in sorted(rollout.items, key=lambda item: item.level):
        concerned = [place for place in stuck if _lacks(place, item)]
        if concerned and rollout.left > SECONDS_MIN:
            _pair(rollout, item, concerned, warn)
    if stuck:
        rollout.look(stuck, rollout.items)


def _stuck(place: NodeProgress, items: Sequence[ModuleChange]) -> bool:
    confirmed = any(place.cells[item.name].sent for item in place.lacking(items))
    patient = time.monotonic() - place.sent_at < PATIENCE
    return place.fresh and confirmed and not patient and not place.refused


def _lacks(place: NodeProgress, item: ModuleChange) -> bool:
    """Whether a marker may bring ``item`` to it; it is tried once."""
    cell = place.cells.get(item.name)
    return item.content is not None and cell is not None and cell.waiting and not cell.marked


def _pair(
    rollout: Rollout, item: ModuleChange, concerned: Sequence[NodeProgress], warn: Callable[[str], None]
) -> None:
    homes: dict[int, list[NodeProgress]] = {place.home: [] for place in concerned}
    for place in rollout.places:
        if place.fresh and place.home in homes:
            homes[place.home].append(place)
    groups = [[place.node for place in places] for places in homes.values()]
    pair = MarkerPut(rollout.cluster, groups, item.name, item.content or b"", warn=warn)
    pair.run(max(rollout.left - RESTORE_SECONDS, rollout.left / 2))
    left = set(pair.left)
    places = {place.node: place for place in rollout.places}
    for answer in pair.results:
        place = places[answer.node]
        cell = place.cells.get(item.name)
        if answer.node in left:
            cell = place.cells.setdefault(item.name, ModuleProgress())
            cell.status, cell.error = "marker", answer.error
        elif cell is not None and cell.waiting:
            cell.marked = True
            if answer.good:
                cell.status, cell.how = "ok", HOW
            elif answer.status == "error":
                cell.status, cell.error = "error", answer.error
        if cell is not None:
            cell.milliseconds = rollout.milliseconds
    if pair.stopped:
        raise KeyboardInterrupt
