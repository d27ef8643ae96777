"""The etcd client of a node without the rest of the node, many in one process; used by the benchmark `propagation`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from asudfd.smd.etcd.gateway import Gateway
from asudfd.smd.etcd.store import EtcdSmd
from asudfd.smd.interface import UDF, SmdTimeout

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

KEY = "bench.lua"
START_AT_ONCE = 8


def serve(end: Connection, endpoints: Sequence[str], first: int, count: int, lease: int) -> None:
    """Run ``count`` etcd clients. Each message is a value to put; the answers are the times of confirmation and propagation.

    An empty message asks for the latter alone; None ends it. Times are those of `time.perf_counter`, which all
    processes of a machine share.
    """
    asyncio.run(_serve(end, endpoints, first, count, lease))


async def _serve(end: Connection, endpoints: Sequence[str], first: int, count: int, lease: int) -> None:
    heard = [0.0] * count
    nodes = [
        EtcdSmd(Gateway(endpoints), "/asudf", "lean", [f"{first + place:X}"], lease_ttl=lease)
        for place in range(count)
    ]
    for place, node in enumerate(nodes):
        node.subscribe(UDF, lambda _, place=place: heard.__setitem__(place, time.perf_counter()))  # type: ignore[misc]  # mypy on defaults of lambdas
    for place in range(0, count, START_AT_ONCE):
        await asyncio.gather(*(node.start() for node in nodes[place : place + START_AT_ONCE]))
    end.send("ready")
    loop = asyncio.get_running_loop()
    while (message := await loop.run_in_executor(None, end.recv)) is not None:
        if message:
            try:
                await nodes[0].set(UDF, KEY, message)
                end.send(time.perf_counter())
            except SmdTimeout:
                end.send(time.perf_counter())
        end.send(max(heard))
    await asyncio.gather(*(node.stop() for node in nodes))
    end.send("stopped")
