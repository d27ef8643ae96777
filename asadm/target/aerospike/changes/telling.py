"""What indexes and truncations have in common: one node of each cluster is told what all of it takes over, and what is lost is asked for."""

from __future__ import annotations

from asadm.target.aerospike.views.asking import in_bytes

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asadm.outcome import NodeAnswer
    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.managed_change import ItemState, NodeStates
    from asinfo.dialogue import Endpoint

NOT_REACHED = frozenset({"resolve", "refused", "unreachable", "timeout-connect", "tls", "login"})
"""Failures before anything was sent: another node of the cluster may be told. After the others the node may have taken it."""


def tell_clusters(
    cluster: AerospikeCluster,
    states: Sequence[ItemState],
    groups: Sequence[Sequence[Endpoint]],
    command: str,
) -> Mapping[int, NodeAnswer]:
    """For each of ``states`` what the node said that was told for its cluster; the next one of a cluster where one is not reached."""
    order = in_bytes(command)
    wanted = {state.node for state in states}
    left = [[node for node in group if node in wanted] for group in groups]
    said: dict[Endpoint, NodeAnswer] = {}
    while left := [group for group in left if group]:
        answers = cluster.ask([(group[0], (order,)) for group in left])
        again = []
        for group, answer in zip(left, answers, strict=True):
            if len(group) > 1 and (answer.status in NOT_REACHED or not answer.asked):
                again.append(group[1:])
            for node in group:
                said[node] = answer
        left = again
    return {id(state): said[state.node] for state in states if state.node in said}


def held(states: Sequence[ItemState], fact: str) -> int:
    """The sum of a figure of ``states``."""
    return sum(value for state in states if isinstance(value := state.facts.get(fact), int))


def nodes_read(seen: NodeStates) -> str:
    """``3 nodes``, or ``2 of 3 nodes`` where not all were read."""
    asked, read = len(seen.answers), sum(answer.good for answer in seen.answers)
    nodes = f"{asked} node{'' if asked == 1 else 's'}"
    return nodes if read == asked else f"{read} of {nodes}"


def unknown_namespace(name: str, found: Sequence[set[str]]) -> str:
    """Why nothing can be done in a namespace that no node of those that were read has; empty where one has it."""
    known = sorted({each for names in found for each in names})
    if not found or name in known:
        return ""
    return f"no node has a namespace {name!r}: there are {', '.join(known) or 'none'}; nothing was sent"
