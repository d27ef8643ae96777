"""The members of the cluster and the owner of each partition."""

import secrets
import sys
from array import array
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import shake_128
from time import monotonic

from asinfo.wire.digest import PARTITIONS

RECLUSTER_SECONDS = 1.8
"""How long a cluster counts as being formed anew; further requests are refused meanwhile, as by the real server."""

CLUSTER_GENERATION_MAX = (1 << 31) - 1
"""Clients keep generations as signed 32-bit numbers."""

_WEIGHT_SIZE = 8


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the cluster: its id (upper-case hex), and the address that clients and other nodes are told.

    ``since`` is the revision of the metadata store at which the node joined; 0 where no store says so. A node that
    comes back has a higher one. ``resp_port`` is its port for Valkey's protocol, ``resp_tls_port`` that over TLS; 0: it has
    none.
    """

    id: str
    host: str
    port: int
    since: int = 0
    resp_port: int = 0
    resp_tls_port: int = 0


class Cluster:
    """The live members, in the order of their ids.

    ``owners`` has the id of the owner of each partition, by rendezvous hashing: the member with the highest weight
    owns, so that one that comes or goes moves only the partitions it gains or loses. ``generation`` grows with every
    change of membership; clients fetch peers and partitions again when it moves. ``key`` is a number of 48 bits that
    stands for this membership; all nodes that have the members from one metadata store have the same. ``here`` are the
    ids of the nodes of this process, ``name`` is what the cluster was called when they started.
    """

    __slots__ = (
        "_bitmaps",
        "_heaviest",
        "_masters",
        "_reclustered",
        "_weights",
        "changed",
        "generation",
        "here",
        "key",
        "members",
        "name",
        "owners",
    )

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.generation = 0
        self.here: frozenset[str] = frozenset()
        self.key = secrets.randbits(47) | 1 << 47  # always 12 hex digits
        self.members: tuple[Member, ...] = ()
        self.owners = [""] * PARTITIONS
        self.changed = monotonic()
        self._heaviest = [-1] * PARTITIONS
        self._weights: dict[str, array[int]] = {}
        self._masters: dict[str, bytes] = {}
        self._bitmaps: dict[str, bytearray] = {}
        self._reclustered = -RECLUSTER_SECONDS

    def join(self, members: Sequence[Member]) -> None:
        """Replace the membership by ``members``. One that comes or goes among 30 takes half a millisecond."""
        ordered = tuple(sorted(members, key=lambda member: int(member.id, 16)))
        if ordered == self.members:
            return
        shared = max((member.since for member in ordered), default=0)
        if self.members or shared:
            # the revisions of a store make the generations grow over restarts of this node, too
            self.generation = min(max(self.generation + 1, shared), CLUSTER_GENERATION_MAX)
            self.key = _key(ordered) if shared else secrets.randbits(47) | 1 << 47
        self.members = ordered
        self.changed = monotonic()
        self._masters = {}
        self._bitmaps = {}
        self._elect({member.id for member in ordered})

    def _elect(self, ids: set[str]) -> None:
        """Find the owners anew where members came or went."""
        came, gone = ids - self._weights.keys(), self._weights.keys() - ids
        for identity in gone:
            del self._weights[identity]
        if gone:
            self._bequeath(gone)
        for identity in came:
            weights = self._weights[identity] = _weights(identity)
            owners, heaviest = self.owners, self._heaviest
            for partition, (weight, most) in enumerate(zip(weights, heaviest, strict=True)):
                if weight > most:
                    owners[partition] = identity
                    heaviest[partition] = weight

    def _bequeath(self, gone: set[str]) -> None:
        """Hand the partitions of ``gone`` members to the next in line."""
        ids, rows = list(self._weights), list(self._weights.values())
        for partition, owner in enumerate(self.owners):
            if owner in gone:
                column = [row[partition] for row in rows]
                most = max(column, default=-1)
                self.owners[partition] = ids[column.index(most)] if ids else ""
                self._heaviest[partition] = most

    def same_address(self) -> tuple[Member, Member] | None:
        """A node of this process, and one that was a member before with the same address; None if all differ."""
        for mine in self.members:
            for other in self.members:
                if (
                    mine.id in self.here
                    and other.id not in self.here
                    and (other.host, other.port) == (mine.host, mine.port)
                    and other.since <= mine.since
                ):
                    return mine, other
        return None

    def recluster(self, now: float) -> bool:
        """Whether the cluster may be formed anew at ``now``; it always is what it should be."""
        if now - self._reclustered < RECLUSTER_SECONDS:
            return False
        self._reclustered = now
        return True

    def has(self, identity: str) -> bool:
        """Whether the node ``identity`` is a member."""
        return identity in self._weights

    def place(self, identity: str, partition: int) -> int:
        """How many members own the partition before the node ``identity`` would, were they to go: 0 for its owner."""
        weights = self._weights
        own = weights[identity][partition] if identity in weights else -1
        return sum(row[partition] > own for row in weights.values())

    @property
    def principal(self) -> str:
        """Id of the node that speaks for the cluster: the highest. 0 when there is none."""
        return self.members[-1].id if self.members else "0"

    def masters(self, identity: str) -> bytes:
        """Base64 of the bitmap of the partitions that the node ``identity`` owns.

        The bit of partition p is the one of value 0x80 >> (p & 7) in byte p >> 3. Source: the specification of the
        wire protocol, section 2.2.
        """
        if identity not in self._masters:
            self._masters[identity] = b64encode(self.bitmap(identity))
        return self._masters[identity]

    def bitmap(self, identity: str) -> bytearray:
        """The bitmap of the partitions that the node ``identity`` owns, 512 bytes; a node that is no member owns none."""
        if identity not in self._bitmaps:
            bitmap = self._bitmaps[identity] = bytearray(PARTITIONS // 8)
            for partition, owner in enumerate(self.owners):
                if owner == identity:
                    bitmap[partition >> 3] |= 0x80 >> (partition & 7)
        return self._bitmaps[identity]


def _key(members: Sequence[Member]) -> int:
    """The same for all nodes that know the same members, and another one after each change."""
    text = "\n".join(f"{member.id} {member.host} {member.port} {member.since}" for member in members)
    return int.from_bytes(shake_128(text.encode()).digest(6), "big") | 1 << 47  # always 12 hex digits


def _weights(member: str) -> "array[int]":
    """The weights of ``member`` for all partitions."""
    weights = array("Q", shake_128(member.encode()).digest(PARTITIONS * _WEIGHT_SIZE))
    if sys.byteorder == "little":
        weights.byteswap()  # the bytes are big-endian on every machine, or the nodes would not agree
    return weights
