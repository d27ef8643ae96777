"""The members of the cluster as this process sees them: applies changes of membership to its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.aerospike.message.peer.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.cluster.cluster import Cluster, Member
    from asudfd.process.log import Log
    from asudfd.served_node import ServedNode


class MemberView:
    """Tells the Cluster and all nodes of this process, the ``services``, which nodes are members."""

    def __init__(self, cluster: Cluster, services: Sequence[ServedNode], log: Log) -> None:
        self._cluster = cluster
        self._services = services
        self._log = log
        self._peers: dict[Member, Peer] = {}

    def joined(self, members: Sequence[Member]) -> None:
        """These are the live members now. A node that came back is another one to those who ask it."""
        before = self._cluster.members
        self._cluster.join(members)
        here = {service.node.id: service.records for service in self._services}
        others = [member for member in members if member.id not in here]
        for member in self._peers.keys() - set(others):
            self._peers.pop(member).close()
        for member in others:
            if member not in self._peers:
                self._peers[member] = Peer(member)
        known = {
            member.id: (here[member.id].executor if member.id in here else None) or self._peers[member]
            for member in members
        }
        for records in here.values():
            records.join(known)
        if before != self._cluster.members:
            self._tell(before)

    def close(self) -> None:
        """End all connections to other nodes."""
        for peer in self._peers.values():
            peer.close()
        self._peers.clear()

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
