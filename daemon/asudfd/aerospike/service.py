"""The Aerospike protocol as a service of a node: its port, info commands and record messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.aerospike.face import AerospikeFace
from asudfd.aerospike.info.dispatch import InfoService
from asudfd.aerospike.info.families import table
from asudfd.aerospike.message.dispatch import RecordService
from asudfd.aerospike.node import AerospikeNode
from asudfd.aerospike.record_context import record_context
from asudfd.network.connections import ConnectionSet
from asudfd.network.listener import Listener
from asudfd.service import quoted

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence
    from types import FrameType
    from typing import Any

    from asudfd.aerospike.message.peer.owner_set import OwnerSet
    from asudfd.cluster.cluster import Member
    from asudfd.figures.figure import FigureGroup
    from asudfd.network.listener import Bind
    from asudfd.node import Node


class AerospikeService:
    """Serves ``node`` on ``port``; ``bind`` makes the listening socket.

    ``owners`` are the members of the cluster as owners of records; all nodes of this process have the same.
    """

    label = ""

    def __init__(self, node: Node, port: int, bind: Bind, owners: OwnerSet) -> None:
        served = AerospikeNode(node, table())
        self._node = node
        self._jobs = served.jobs
        self._failures = served.failures
        self._owners = owners
        self._records = RecordService(record_context(served))
        face = AerospikeFace(served, self._records)
        service = node.config.service
        self._connections = ConnectionSet(face, service, node.counters, node.log)
        self._listener = Listener(self._connections, node.config.network.service.listen_address, port, bind)
        owners.add(node.id, self._records.executor)

    @property
    def address(self) -> tuple[str, int]:
        """Where the port is bound, with the real port."""
        return self._listener.address

    @property
    def ports(self) -> tuple[int, int]:
        """The real port; there is none for TLS."""
        return self.address[1], 0

    def listen(self) -> None:
        """Let clients connect; they are served after `start`. Raises StartError."""
        self._listener.listen()

    async def start(self) -> None:
        """Serve clients from now on. Raises StartError."""
        await self._listener.start()

    async def stop(self, seconds: float) -> None:
        """Stop accepting, wait up to ``seconds`` for the commands in flight, close every connection."""
        await self._listener.stop(seconds)

    async def close(self) -> None:
        """Release the port, end the queries that run in the background, and tell of the failures that were held back."""
        self._listener.close()
        await self._jobs.stop()
        self._failures.tell_again()

    def members_changed(self, members: Sequence[Member]) -> None:
        """These are the live members of the cluster now: each owns a part of the records."""
        self._records.join(self._owners.owners(members))

    def figure_groups(self) -> Iterable[FigureGroup]:
        """The figures of the node under the names of Aerospike's own exporter."""
        from asudfd.aerospike.metrics import figure_groups  # only for those who scrape

        return figure_groups(self._node)

    @staticmethod
    def blocks(frame: FrameType) -> str | None:
        """Which request ``frame`` answers, if it does."""
        if frame.f_code is InfoService.answer.__code__:
            return f"the info command {quoted(frame.f_locals['line'])}"
        return "a record message" if frame.f_code is RecordService.respond.__code__ else None

    def client_of(self, task: asyncio.Task[Any]) -> str:
        """Address of the client whose next reply ``task`` makes; empty if that is none."""
        working = (each for each in tuple(self._connections.connections) if each.is_working(task))
        return next((connection.address for connection in working), "")
