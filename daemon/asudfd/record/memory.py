"""The storage engine `memory`: records in dicts.

One dict a partition, so that no dict ever grows far enough for its resizing to be felt (a dict of a million entries
stops the event loop for 40 ms), and so that a scan in the order of digests sorts a few hundred of them at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.digest import PARTITIONS, partition
from asudfd.record.sets import Sets

if TYPE_CHECKING:
    from collections.abc import Sequence


class Memory:
    """Values in dicts; see Storage."""

    __slots__ = ("_partitions", "sets", "total_bytes")

    def __init__(self, total_bytes: int = 0) -> None:
        self.sets = Sets()
        self.total_bytes = total_bytes
        self._partitions: list[dict[bytes, bytes]] = [{} for _ in range(PARTITIONS)]

    @property
    def used_bytes(self) -> int:
        """See Storage."""
        return self.sets.data_used_bytes

    taken_bytes = used_bytes

    def get(self, digest: bytes) -> bytes | None:
        """See Storage."""
        # `partition` spelled out, here and in `put`: a call would double the time
        return self._partitions[digest[0] | (digest[1] & 0x0F) << 8].get(digest)

    def put(self, digest: bytes, value: bytes) -> int:
        """See Storage."""
        values = self._partitions[digest[0] | (digest[1] & 0x0F) << 8]
        old = values.get(digest)
        values[digest] = value
        return 0 if old is None else len(old)

    def pop(self, digest: bytes) -> bytes | None:
        """See Storage."""
        return self._partitions[partition(digest)].pop(digest, None)

    def digests(self, partition: int) -> Sequence[bytes]:  # noqa: D102 - see Storage
        return sorted(self._partitions[partition])

    def durable(self) -> None:
        """Memory has nothing to wait for."""

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""
