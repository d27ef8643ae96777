"""The members of the cluster as owners of records, for all nodes of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.aerospike.message.peer.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.aerospike.message.owners import LocalOwner, Owner
    from asudfd.cluster.cluster import Member


class OwnerSet:
    """The nodes of this process, and one Peer for each member in another process, which all of them ask over it."""

    def __init__(self) -> None:
        self._here: dict[str, LocalOwner] = {}
        self._peers: dict[Member, Peer] = {}

    def add(self, identity: str, owner: LocalOwner) -> None:
        """``owner`` is the node ``identity`` of this process; to be called for all of them before `owners`."""
        self._here[identity] = owner

    def owners(self, members: Sequence[Member]) -> dict[str, Owner]:
        """``members``, which are the live ones now, by their ids. A node that came back has another Peer than before."""
        others = [member for member in members if member.id not in self._here]
        for member in self._peers.keys() - set(others):
            self._peers.pop(member).close()
        for member in others:
            if member not in self._peers:
                self._peers[member] = Peer(member)
        return {member.id: self._here.get(member.id) or self._peers[member] for member in members}

    def close(self) -> None:
        """End all connections to other nodes."""
        for peer in self._peers.values():
            peer.close()
        self._peers.clear()
