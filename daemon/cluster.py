"""Which nodes there are, and which of them owns a partition."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import shake_128

PARTITIONS = 4096

RECLUSTER_SECONDS = 1.8
"""How long a cluster counts as being formed anew; further requests are refused meanwhile, as by the real server."""

_WEIGHT_SIZE = 8


@dataclass(frozen=True, slots=True)
class Member:
    """A node that clients may be sent to: its id (upper-case hex) and the address it can be reached at."""

    id: str
    host: str
    port: int


class Cluster:
    """The live members, in the order of their ids.

    ``generation`` grows with every change of membership; clients fetch peers and partitions again when it moves.
    ``key`` is a random number of 48 bits that stands for this membership.
    """

    __slots__ = ("_bitmaps", "_masters", "_reclustered", "generation", "key", "members")

    def __init__(self) -> None:
        self.generation = 0
        self.key = _new_key()
        self.members: tuple[Member, ...] = ()
        self._masters: dict[str, bytes] = {}
        self._bitmaps: dict[str, bytearray] = {}
        self._reclustered = -RECLUSTER_SECONDS

    def join(self, members: Sequence[Member]) -> None:
        """Replace the membership by ``members``."""
        ordered = tuple(sorted(members, key=lambda member: int(member.id, 16)))
        if self.members and ordered != self.members:
            self.generation += 1
            self.key = _new_key()
        self.members = ordered
        self._masters = {}
        self._bitmaps = {}

    def recluster(self, now: float) -> bool:
        """Whether the cluster may be formed anew at ``now``; that of one process is what it was, every time."""
        if now - self._reclustered < RECLUSTER_SECONDS:
            return False
        self._reclustered = now
        return True

    @property
    def principal(self) -> str:
        """Id of the node that speaks for the cluster: the highest."""
        return self.members[-1].id

    def masters(self, identity: str) -> bytes:
        """Base64 of the bitmap of the partitions that the member ``identity`` owns.

        The bit of partition p is the one of value 0x80 >> (p & 7) in byte p >> 3. Source: the specification of the
        wire protocol, section 2.2.
        """
        if identity not in self._masters:
            self._masters[identity] = b64encode(self.bitmap(identity))
        return self._masters[identity]

    def bitmap(self, identity: str) -> bytearray:
        """The bitmap of the partitions that the member ``identity`` owns, 512 bytes."""
        if not self._bitmaps:
            self._bitmaps = _shares([member.id for member in self.members])
        return self._bitmaps[identity]


def _new_key() -> int:
    return secrets.randbits(47) | 1 << 47  # always 12 hex digits


def _weights(member: str) -> bytes:
    """The weights of ``member`` for all partitions, eight bytes each."""
    return shake_128(member.encode()).digest(PARTITIONS * _WEIGHT_SIZE)


def _shares(members: Sequence[str]) -> dict[str, bytearray]:
    """Bitmaps of the partitions of each of ``members``: the one with the highest weight owns (rendezvous hashing).

    A member that comes or goes moves only the partitions it gains or loses.
    """
    shares = {member: bytearray(PARTITIONS // 8) for member in members}
    weights = {member: _weights(member) for member in members}
    for partition in range(PARTITIONS):
        start = partition * _WEIGHT_SIZE
        winner = max(members, key=lambda member: weights[member][start : start + _WEIGHT_SIZE])
        shares[winner][partition >> 3] |= 0x80 >> (partition & 7)
    return shares
