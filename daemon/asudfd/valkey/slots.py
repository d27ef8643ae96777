"""The cluster as a node tells its clients of it, and the shares of its members.

Each member has an equal share of the 16384 slots, in the order of the members' ids. There are no replicas, and no slot moves
from one member to another but when the membership changes.
"""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING, NamedTuple, Protocol

from asinfo.wire.key_slot import SLOTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    MemberAddress = tuple[str, int] | tuple[str, int, int]

PORT_MAX = 65535
BUS_OFFSET = 10000
"""What the port of the cluster bus is beyond that for clients, as clients expect to see it; nothing listens there."""


def cluster_id(node_id: str) -> str:
    """The id of a node as clients of Valkey know it: 40 hexadecimal digits, the same in every process."""
    return sha1(node_id.encode(), usedforsecurity=False).hexdigest()


class ClusterMember(NamedTuple):
    """A member of the cluster: its id (40 hexadecimal digits), where clients reach it, and its slots.

    It may have a port, one for TLS, or both; 0 is none.
    """

    id: str
    host: str
    port: int
    tls_port: int
    first: int
    last: int

    def port_for(self, *, secure: bool) -> int:
        """The port that a client is told: with TLS, if there is one, when the client has come over TLS, too."""
        ports = (self.tls_port, self.port) if secure else (self.port, self.tls_port)
        return ports[0] or ports[1]

    def address_for(self, *, secure: bool) -> str:
        """Host and port that a client is told."""
        return f"{self.host}:{self.port_for(secure=secure)}"

    @property
    def shard(self) -> str:
        """The id of its shard, which has no other member."""
        return self.id[::-1]


class ClusterView(Protocol):
    """What a node knows of its cluster."""

    @property
    def id(self) -> str:
        """This node's id."""

    @property
    def members(self) -> Sequence[ClusterMember]:
        """All members with their slots, in the order of their ids; this node is one of them."""

    @property
    def epoch(self) -> int:
        """A number that grows with each change of the membership."""


class StaticClusterView:
    """A cluster whose members are given: ids with their hosts and ports, perhaps for TLS, too. ``id`` is this node's."""

    def __init__(self, own_id: str, addresses: Mapping[str, MemberAddress], epoch: int = 0) -> None:
        self.id = own_id
        self.epoch = epoch
        self.members = shared_out(addresses)


def shared_out(addresses: Mapping[str, MemberAddress]) -> list[ClusterMember]:
    """The members with these ids, hosts and ports, and their shares of the slots."""
    count = len(addresses)
    bounds = [SLOTS * number // count for number in range(count + 1)]
    return [
        _member(member, addresses[member], bounds[number], bounds[number + 1] - 1)
        for number, member in enumerate(sorted(addresses))
    ]


def _member(identity: str, address: MemberAddress, first: int, last: int) -> ClusterMember:
    host, port, *tls_port = address
    return ClusterMember(identity, host, port, tls_port[0] if tls_port else 0, first, last)


def member_of(view: ClusterView, slot: int) -> ClusterMember | None:
    """The member that has a slot."""
    return next((each for each in view.members if each.first <= slot <= each.last), None)


def own_member(view: ClusterView) -> ClusterMember | None:
    """This node as a member."""
    return next((each for each in view.members if each.id == view.id), None)
