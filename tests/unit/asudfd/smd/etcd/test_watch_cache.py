"""The cache against a gateway that says what a test wants: messages in parts, twice, with gaps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, cast

from asudfd.smd.etcd.gateway import Gateway
from asudfd.smd.etcd.watch_cache import WatchCache
from asudfd.smd.etcd.wire import (
    EtcdError,
    EtcdUnreachable,
    KeyRange,
    KeyValue,
    RevisionCompacted,
    TransactionResult,
    WatchMessage,
)
from tests.fakes.metadata import run, until

ROOT = b"/a/c/"


IDENTITY = KeyValue(ROOT + b"id", b"this one", 1, 1, 1)


class Etcd:
    """Pages for reads, in turn, and messages or errors for watches."""

    size = 1
    silent: Callable[[], None]

    def __init__(self, pages: Sequence[KeyRange], *watches: Sequence[WatchMessage | EtcdError]) -> None:
        self.pages = list(pages)
        self.watches = list(watches)
        self.starts: list[int] = []
        self.revision = 1000
        self.turns = 0

    async def range(self, key: bytes, end: bytes, **_: Any) -> KeyRange:
        return self.pages.pop(0)

    async def transact(self, _comparisons: Any, operations: Any, **_: Any) -> TransactionResult:
        nothing = KeyRange(self.revision, [], False, 0)
        answers = [nothing, KeyRange(self.revision, [IDENTITY], False, 1), nothing]
        return TransactionResult(True, self.revision, answers[: len(operations)])

    async def watch(self, key: bytes, end: bytes, start: int) -> AsyncGenerator[WatchMessage, None]:
        self.starts.append(start)
        yield WatchMessage([], False, 0)
        for message in self.watches.pop(0) if self.watches else ():
            if isinstance(message, EtcdError):
                raise message
            yield message
        await asyncio.Event().wait()

    def turn(self) -> None:
        self.turns += 1


def kv(name: str, mod: int, create: int = 0, version: int = 1) -> KeyValue:
    return KeyValue(ROOT + b"smd/" + name.encode(), b"v", create or mod, mod, version)


def collect(etcd: Etcd, count: int) -> list[tuple[list[tuple[str, int, int]], int]]:
    """The first ``count`` deliveries: names with their revisions and versions, and the position."""
    told: list[tuple[list[tuple[str, int, int]], int]] = []

    async def scenario() -> None:
        cache = WatchCache(cast("Gateway", etcd), ROOT, lambda _: None)
        cache.subscribe(
            b"smd",
            lambda events, position: told.append(
                (
                    [(event.key[len(ROOT) + 4 :].decode(), event.mod, event.version) for event in events],
                    position,
                )
            ),
        )
        await cache.start()
        await until(lambda: len(told) >= count)
        await until(lambda: len(etcd.starts) > len(etcd.watches))
        await cache.stop()

    run(scenario())
    return told


def page(revision: int, *keys: KeyValue, more: bool = False) -> KeyRange:
    return KeyRange(revision, keys, more, len(keys))


def test_a_revision_in_parts_is_delivered_whole() -> None:
    etcd = Etcd(
        [page(5, kv("a", 5))],
        [
            WatchMessage([kv("b", 6), kv("c", 7)], partial=True, progress=0),
            WatchMessage([kv("d", 7)], partial=True, progress=0),
            WatchMessage([kv("e", 7), kv("f", 8)], partial=False, progress=0),
        ],
    )
    assert collect(etcd, 3) == [
        ([("a", 5, 1)], 5),
        ([("b", 6, 1)], 6),
        ([("c", 7, 1), ("d", 7, 1), ("e", 7, 1), ("f", 8, 1)], 8),
    ]


def test_a_watch_that_breaks_within_a_revision_goes_on_behind_the_last_whole_one() -> None:
    etcd = Etcd(
        [page(5)],
        [
            WatchMessage([kv("b", 6), kv("c", 7)], partial=True, progress=0),
            EtcdUnreachable("broken", maybe=False),
        ],
        [WatchMessage([kv("b", 6), kv("c", 7), kv("d", 7)], partial=False, progress=0)],
    )
    assert collect(etcd, 2) == [([("b", 6, 1)], 6), ([("c", 7, 1), ("d", 7, 1)], 7)]
    assert etcd.starts == [6, 7]


def test_progress_moves_the_position() -> None:
    etcd = Etcd(
        [page(5)],
        [WatchMessage([], partial=False, progress=50), EtcdUnreachable("broken", maybe=False)],
        [WatchMessage([kv("a", 60)], partial=False, progress=0)],
    )
    assert collect(etcd, 1) == [([("a", 60, 1)], 60)]
    assert etcd.starts == [6, 51]


def test_a_compacted_watch_reads_anew_and_tells_the_difference() -> None:
    before = page(5, kv("a", 1), kv("b", 2), kv("c", 3), kv("d", 4))
    after = page(20, kv("a", 1), kv("b", 12, 2, 2), kv("d", 15, 15), kv("e", 18, 9, 2), kv("f", 11, 10, 2))
    etcd = Etcd([before, after], [RevisionCompacted("forgotten")])
    assert collect(etcd, 2)[1:] == [
        ([("c", 20, 0), ("d", 20, 0), ("b", 12, 2), ("e", 18, 2), ("f", 11, 2), ("d", 15, 1)], 20)
    ]
    assert etcd.starts == [6, 21]


def test_pages_are_one_reading() -> None:
    etcd = Etcd([page(5, kv("b", 4), more=True), page(9, kv("a", 3))])
    assert collect(etcd, 1) == [([("a", 3, 1), ("b", 4, 1)], 5)]
    assert etcd.starts == [6]
