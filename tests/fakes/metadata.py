"""Processes with a node each, as far as system metadata in etcd knows them, all in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from asudfd.cluster.cluster import Member
from asudfd.smd.etcd.gateway import Gateway
from asudfd.smd.etcd.store import EtcdSmd
from asudfd.smd.interface import TRUNCATE, UDF, SmdItem

SECONDS = 20.0
"""How long anything may take; generous, because the machine may be busy."""


class Node:
    """A process with one node, as far as system metadata knows."""

    def __init__(
        self,
        endpoints: Sequence[str],
        cluster: str,
        identity: str = "A1",
        ttl: int = 5,
        prefix: str = "/asudf",
    ) -> None:
        self.identity = identity
        self.warnings: list[str] = []
        self.gateway = Gateway(endpoints)
        self.smd = EtcdSmd(
            self.gateway, prefix, cluster, [identity], lease_ttl=ttl, warn=self.warnings.append
        )
        self.calls: list[list[SmdItem]] = []
        self.members: list[list[str]] = []
        self.smd.subscribe(UDF, lambda items: self.calls.append(list(items)))
        self.smd.subscribe(TRUNCATE, lambda _: None)
        self.smd.watch_members(lambda members: self.members.append(sorted(member.id for member in members)))

    async def put(self, key: str, value: str | None) -> None:
        await self.smd.set(UDF, key, value)

    def items(self) -> list[tuple[str, str | None, int]]:
        return [(item.key, item.value, item.generation) for item in self.smd.items(UDF)]

    async def start(self) -> None:
        await self.smd.start()
        await self.smd.join([Member(self.identity, "127.0.0.1", 3000)])

    async def stop(self) -> None:
        await self.smd.leave()
        await self.smd.stop()

    async def die(self) -> None:
        """What is left when the process is killed: its lease, for a while."""
        for task in self.smd.lease._tasks:
            task.cancel()
        await self.smd.cache.stop()
        await self.gateway.close()


@asynccontextmanager
async def nodes(
    endpoints: Sequence[str], cluster: str, *identities: str, **more: Any
) -> AsyncIterator[list[Node]]:
    async with AsyncExitStack() as stack:
        made = []
        for identity in identities:
            node = Node(endpoints, cluster, identity, **more)
            stack.push_async_callback(node.stop)
            await asyncio.wait_for(node.start(), SECONDS)
            made.append(node)
        yield made


async def until(condition: Callable[[], Any], seconds: float = SECONDS) -> None:
    """Poll until ``condition`` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what a test looks at has no event
            await asyncio.sleep(0.01)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a test; a hang shows as one."""
    asyncio.run(asyncio.wait_for(coroutine, 6 * SECONDS))
