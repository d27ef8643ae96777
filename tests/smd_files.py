"""System metadata in files as tests need it: a store that starts and stops, logs, and what the first version wrote."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from asudfd.smd.interface import UDF, SmdContent, SmdItem
from asudfd.smd.local import LocalSmd
from asudfd.smd.log import SmdLog


def json_file(content: SmdContent) -> bytes:
    """What the first version would have written."""
    entries = [
        {"key": item.key, "value": item.value, "generation": item.generation, "timestamp": item.timestamp}
        for item in content.items
    ]
    head = [content.cluster_key, content.tid]
    return (json.dumps([head, *entries], indent=3) + "\n").encode()


def write_log(path: Path, groups: Sequence[Sequence[SmdItem]]) -> list[int]:
    """A log of ``groups`` of changes, each acknowledged; the end of the file after each."""
    log = SmdLog.create(path)
    log.seal()
    ends = []
    for tid, items in enumerate(groups, 1):
        log.append(items, 0xA1, tid)
        ends.append(log.end)
    log.close()
    return ends


Dialogue = Callable[[LocalSmd], Awaitable[None]]


class Subscriber:
    """Remembers what it accepted."""

    def __init__(self) -> None:
        self.calls: list[list[SmdItem]] = []

    def accept(self, items: Sequence[SmdItem]) -> None:
        self.calls.append(list(items))

    @property
    def events(self) -> list[tuple[str, str | None, int]]:
        return [(item.key, item.value, item.generation) for items in self.calls for item in items]


def run(
    directory: Path,
    dialogue: Dialogue,
    *subscribers: Subscriber,
    warnings: list[str] | None = None,
    module: str = UDF,
) -> LocalSmd:
    smd = LocalSmd(directory, cluster_key=0xA1, warn=([] if warnings is None else warnings).append)
    for subscriber in subscribers or (Subscriber(),):
        smd.subscribe(module, subscriber.accept)

    async def whole() -> None:
        await smd.start()
        try:
            await dialogue(smd)
        finally:
            await smd.stop()

    asyncio.run(whole())
    return smd


async def nothing(_: LocalSmd) -> None:
    """A start and a stop."""
