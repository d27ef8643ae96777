"""The members of the cluster as this process sees them: applies changes of membership to its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.cluster.cluster import Cluster, Member
    from asudfd.process.log import Log
    from asudfd.served_node import ServedNode


class MemberView:
    """Tells the Cluster and all ``nodes`` of this process which nodes are members."""

    def __init__(self, cluster: Cluster, nodes: Sequence[ServedNode], log: Log) -> None:
        self._cluster = cluster
        self._nodes = nodes
        self._log = log

    def joined(self, members: Sequence[Member]) -> None:
        """These are the live members now."""
        before = self._cluster.members
        self._cluster.join(members)
        for served in self._nodes:
            served.members_changed(members)
        if before != self._cluster.members:
            self._tell(before)

    def _tell(self, before: Sequence[Member]) -> None:
        cluster = self._cluster
        ids = {member.id for member in before}
        came = [member.id for member in cluster.members if member.id not in ids]
        gone = ids - {member.id for member in cluster.members}
        self._log.info(
            "clustering",
            f"CLUSTER-SIZE {len(cluster.members)} cluster-key {cluster.key:X} generation {cluster.generation}"
            f"{''.join(f' +{each}' for each in came)}{''.join(f' -{each}' for each in sorted(gone))}",
        )
