"""One content put on all nodes of some clusters, whatever they list now: a step of a forced put."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.fleet.change.rollout import Rollout
from asadm.fleet.observed.node_progress import ModuleChange
from asadm.fleet.observed.survey import Survey
from asadm.outcome import NodeAnswer
from asadm.target.interface import Delivery
from asadm.target.results import Listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint


def deliver(
    cluster: Target, groups: Sequence[Sequence[Endpoint]], name: bytes, content: bytes, wait: float
) -> Delivery:
    """Put ``content`` as the module ``name`` on the nodes of ``groups``, each a cluster, within ``wait`` seconds."""
    nodes = [node for group in groups for node in group]
    unseen = Survey([Listing(NodeAnswer(node, "ok"), {}) for node in nodes])  # so that all are looked at
    change = ModuleChange(name, content, cluster.hash(name, content))
    rollout = Rollout(cluster, [change], unseen, wait=wait)
    for number, group in enumerate(groups):
        for state in rollout.states:
            if state.node in group:
                state.group = number
    rollout.run()
    cells = {state.node: state.cells[name] for state in rollout.states}
    failed = {
        node: NodeAnswer(node, cell.status, (), cell.error, cell.milliseconds)
        for node, cell in cells.items()
        if not cell.good
    }
    return Delivery({node for node, cell in cells.items() if cell.good}, failed, rollout.interrupted)
