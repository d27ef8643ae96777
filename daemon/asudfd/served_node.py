"""A node with the services by which clients reach it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.cluster.cluster import Member
    from asudfd.node import Node
    from asudfd.service import NodeService


class ServedNode:
    """A node and its services; the first is at the address that stands for the node."""

    __slots__ = ("node", "services")

    def __init__(self, node: Node, services: Sequence[NodeService]) -> None:
        self.node = node
        self.services = services

    @property
    def address(self) -> tuple[str, int]:
        """Where the first service is bound, with the real port."""
        return self.services[0].address

    def ports_of(self, label: str) -> tuple[int, int]:
        """The ports of the service with that label, plain and for TLS; 0 for what there is not."""
        return next((service.ports for service in self.services if service.label == label), (0, 0))

    def listen(self) -> None:
        """Let clients connect; they are served after ``start``. Raises StartError."""
        for service in self.services:
            service.listen()

    async def start(self) -> None:
        """Serve clients from now on. Raises StartError."""
        for service in self.services:
            await service.start()

    async def stop(self, seconds: float) -> None:
        """Stop accepting, wait up to ``seconds`` for the commands in flight, close every connection."""
        await asyncio.gather(*(service.stop(seconds) for service in self.services))

    def members_changed(self, members: Sequence[Member]) -> None:
        """Tell every service who the live members of the cluster are now."""
        for service in self.services:
            service.members_changed(members)
