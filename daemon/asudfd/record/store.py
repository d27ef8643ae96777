"""The interface of a storage engine: memory or a file.

All calls are made on the event loop and return at once. A value is a record in its stored form (`record.pack`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from asudfd.record.sets import Sets


class Storage(Protocol):
    """Values by digest, in 4096 partitions, and the figures of the sets that they belong to."""

    sets: Sets
    """Objects and bytes of every set; the namespace keeps them, a durable engine stores and restores them."""

    @property
    def total_bytes(self) -> int:
        """Room for records in bytes; 0 where only the system's memory is the limit."""

    @property
    def used_bytes(self) -> int:
        """Bytes of the records, as they are now, in their stored form."""

    @property
    def taken_bytes(self) -> int:
        """How much of the room is not available for more: a file keeps records in pages, which takes more."""

    def get(self, digest: bytes) -> bytes | None:
        """The value of ``digest``. Every write is seen at once, whether it is on the disk already or not.

        Raises RequestRefused when it is damaged, or when the storage is closed.
        """

    def put(self, digest: bytes, value: bytes) -> int:
        """Keep ``value`` and return the size of the one it replaces, 0 for none.

        Raises RequestRefused when there is no room for it; nothing is changed then.
        """

    def pop(self, digest: bytes) -> bytes | None:
        """Forget ``digest`` and return the value that it had. Raises RequestRefused as ``put`` does."""

    def digests(self, partition: int) -> Sequence[bytes]:
        """The digests of a partition, ascending, as they are now. Raises RequestRefused as ``get`` does."""

    def durable(self) -> Awaitable[int] | None:
        """See Namespace.durable."""

    async def start(self) -> None:
        """Begin work in the background."""

    async def stop(self) -> None:
        """Bring everything to the disk and release files."""

    def close(self) -> None:
        """Release files as they are."""
