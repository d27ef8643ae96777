"""Which node owns the records of a partition: this one, another one of this process, or one of another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from asinfo.wire.digest import partition as partition_of
from asudfd.aerospike.message.peer.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.outcome import RecordOutcome
    from asudfd.network.session import ClientSession
    from asudfd.record.namespace import Namespace


class LocalOwner(Protocol):
    """A node of this process: a request for it is a call."""

    @property
    def namespaces(self) -> Mapping[bytes, Namespace]:
        """Its records, by the names of the namespaces."""

    def respond(
        self, message: Message, todo: list[Op], origin: str, session: ClientSession | None
    ) -> bytes | Awaitable[bytes]:
        """The reply to a request on one record of it."""

    def answer(
        self, message: Message, todo: list[Op], origin: str, session: ClientSession | None
    ) -> RecordOutcome | Awaitable[RecordOutcome]:
        """The outcome of a request on one record of it."""


Owner = LocalOwner | Peer


class PartitionOwners:
    """The owners as the node ``own`` knows them. Until `join` is called the node is alone, and owns all."""

    __slots__ = ("_owners", "alone", "own")

    def __init__(self) -> None:
        self.alone = True  # owns every record; a plain attribute, since each request asks
        self.own: LocalOwner | None = None
        self._owners: list[Owner | None] | None = None  # by partition; None when this node is alone

    def join(self, own: LocalOwner, owners: Sequence[str], members: Mapping[str, Owner]) -> None:
        """Know all members of the cluster by their ids, and the id of the owner of each partition."""
        self.own = own
        self.alone = [*members.values()] == [own]
        self._owners = None if self.alone else [*map(members.get, owners)]

    def owns(self, partition: int) -> bool:
        """Whether the records of ``partition`` are this node's."""
        return self._owners is None or self._owners[partition] is self.own

    def owner(self, digest: bytes) -> Owner | None:
        """The owner of a record; None when its node is gone."""
        return self.own if self._owners is None else self._owners[partition_of(digest)]

    def written(self, digest: bytes, namespace: bytes) -> Namespace | None:
        """Where in this process a record is kept; None if another process sees to its durability."""
        owner = self.owner(digest)
        return None if owner is None or isinstance(owner, Peer) else owner.namespaces[namespace]
