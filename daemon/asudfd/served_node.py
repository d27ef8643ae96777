"""A node with the listeners on which it is served."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.aerospike.message.dispatch import RecordService
    from asudfd.network.listener import Listener
    from asudfd.node import Node


class ServedNode:
    """A node and its listeners, each with a face of its own; the first is the one that `ready` and the log tell of.

    ``records`` answers its record messages.
    """

    __slots__ = ("listeners", "node", "records")

    def __init__(self, node: Node, records: RecordService, listeners: Sequence[Listener]) -> None:
        self.node = node
        self.records = records
        self.listeners = listeners

    @property
    def address(self) -> tuple[str, int]:
        """Where the first listener is bound, with the real port."""
        return self.listeners[0].address

    def listen(self) -> None:
        """Let clients connect; they are served after ``start``. Raises StartError."""
        for listener in self.listeners:
            listener.listen()

    async def start(self) -> None:
        """Serve clients from now on. Raises StartError."""
        for listener in self.listeners:
            await listener.start()

    async def stop(self, seconds: float) -> None:
        """Stop accepting, wait up to ``seconds`` for the commands in flight, close every connection."""
        await asyncio.gather(*(listener.stop(seconds) for listener in self.listeners))

    def close(self) -> None:
        """Stop accepting."""
        for listener in self.listeners:
            listener.close()
