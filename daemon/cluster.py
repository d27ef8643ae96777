"""Which nodes there are, and which of them owns a partition."""

from collections.abc import Sequence
from dataclasses import dataclass

PARTITIONS = 4096


@dataclass(frozen=True, slots=True)
class Member:
    """A node that clients may be sent to: its id (upper-case hex) and the address it can be reached at."""

    id: str
    host: str
    port: int


class Cluster:
    """The live members, in the order of their ids.

    ``generation`` grows with every change of membership; clients fetch peers and partitions again when it moves.
    """

    __slots__ = ("generation", "members")

    def __init__(self) -> None:
        self.generation = 0
        self.members: tuple[Member, ...] = ()

    def join(self, members: Sequence[Member]) -> None:
        """Replace the membership by ``members``."""
        ordered = tuple(sorted(members, key=lambda member: int(member.id, 16)))
        if self.members:
            self.generation += ordered != self.members
        self.members = ordered
