"""The sweep removes what is gone, in slices, and leaves figures behind."""

import asyncio
import os
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from asudfd.config import schema
from asudfd.process.metrics import Metrics
from asudfd.record import sweep
from asudfd.record.histogram import Histograms
from asudfd.record.memory import Memory
from asudfd.record.namespace import Namespace
from asudfd.record.record import Record
from asudfd.record.truncation import WHOLE
from asudfd.record.ttl import now_seconds


def make(**values: object) -> Namespace:
    return Namespace(schema.NamespaceConfig("test", **{"nsup_period": 120, **values}), Memory())  # type: ignore[arg-type]  # any parameter


def fill(namespace: Namespace, number: int, void_time: int, set_name: bytes = b"demo") -> list[bytes]:
    digests = [os.urandom(20) for _ in range(number)]
    for digest in digests:
        namespace.put(digest, Record(1, void_time, namespace.now(), set_name, b"", b"x" * 40))
    return digests


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


def test_expired_records_are_removed_and_counted() -> None:
    async def run() -> None:
        namespace = make()
        fill(namespace, 30, 0)
        fill(namespace, 20, now_seconds() + 1000)
        gone = fill(namespace, 50, now_seconds() - 2)
        async with namespace.hold(gone[0]):
            await namespace.sweeper.sweep()
            assert namespace.sets.objects == 51  # somebody works on one
        await namespace.sweeper.sweep()
        assert namespace.sets.objects == 50
        assert namespace.sweeper.expired == 50
        assert namespace.sweeper.non_expirable == 30

    asyncio.run(run())


def test_truncated_records_are_removed_and_the_mark_is_done_with() -> None:
    async def run() -> None:
        namespace = make()
        fill(namespace, 30, 0, b"a")
        fill(namespace, 20, 0, b"b")
        namespace.truncation.mark(b"a", namespace.now())
        sweeping = asyncio.create_task(namespace.sweeper.sweep())
        await asyncio.sleep(0)
        namespace.truncation.mark(b"b", namespace.now())  # too late for this sweep to be sure of it
        await sweeping
        assert namespace.truncation.pending.keys() == {b"b"}
        await namespace.sweeper.sweep()
        assert not namespace.truncation.pending
        assert namespace.truncation.marks.keys() == {b"a", b"b"}
        assert namespace.sets.objects == 0
        assert namespace.sweeper.expired == 0
        fill(namespace, 5, 0, b"a")
        await namespace.sweeper.sweep()
        assert namespace.sets.objects == 5

    asyncio.run(run())


def test_a_sweep_lets_others_run_between_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        namespace = make()
        fill(namespace, 3000, 0)
        clock = iter(range(10**9))
        monkeypatch.setattr(
            "asudfd.fairness.monotonic", lambda: next(clock)
        )  # every look finds the slice over
        turns = 0
        sweeping = asyncio.create_task(namespace.sweeper.sweep())
        while not sweeping.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns > 4096

    asyncio.run(run())


def test_a_running_sweeper_comes_by_itself_after_a_truncation() -> None:
    async def run() -> None:
        namespace = make()
        fill(namespace, 30, 0)
        await namespace.start()
        namespace.truncation.mark(WHOLE, namespace.now())
        namespace.sweeper.wake()
        await until(lambda: not namespace.sets.objects)
        await namespace.stop()
        await namespace.stop()

    asyncio.run(run())


def test_a_running_sweeper_comes_every_nsup_period(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setattr(sweep, "LOOK_SECONDS", 0.001)
        seconds = iter(range(10**9))
        monkeypatch.setattr(sweep, "monotonic", lambda: next(seconds))
        namespace = make(nsup_period=3, nsup_hist_period=5)
        fill(namespace, 30, now_seconds() - 2)
        await namespace.start()
        await until(lambda: namespace.sweeper.histograms.made and not namespace.sets.objects)
        await namespace.stop()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("free", "limit", "full"), [((10, 5), 90, True), ((10, 11), 90, False), ((0, 0), 90, False)]
)
def test_the_systems_memory(
    monkeypatch: pytest.MonkeyPatch, free: tuple[int, int], limit: int, *, full: bool
) -> None:
    monkeypatch.setattr(sweep, "Metrics", SimpleNamespace(free=lambda: free))
    namespace = make()
    namespace.sweeper._look_at_memory(limit)
    assert namespace.sweeper.system_memory_full is full
    assert namespace.stop_writes is full
    assert Metrics.free()


def test_histograms() -> None:
    histograms = Histograms()
    assert histograms.text("ttl") == histograms.text("object-size") == ""
    histograms = Histograms.begin()
    for size, ttl in ((100, 0), (127, 1), (128, 99), (1500, 0), (5 << 20, 30)):
        histograms.add(size, ttl)
    assert histograms.text("object-size") == "units=bytes:[64-128)=2:[128-256)=1:[1K-2K)=1:[4M-8M)=1"
    head, _, counts = histograms.text("object-size-linear").rpartition("=")
    assert head == "units=bytes:hist-width=1048576:bucket-width=1024:buckets"
    assert counts == ",".join(["3", "1", *["0"] * 1021, "1"])


def test_times_to_live_are_as_wide_as_the_longest_and_begin_with_records_that_never_expire() -> None:
    histograms = Histograms.begin()
    for ttl in (0, 1, 30, 99):
        histograms.add(1, ttl)
    head, _, counts = histograms.text("ttl").rpartition("=")
    assert head == "units=seconds:hist-width=100:bucket-width=1:buckets"
    assert counts == ",".join("1" if second in {0, 1, 30, 99} else "0" for second in range(100))
    histograms.add(1, 399)
    head, _, counts = histograms.text("ttl").rpartition("=")
    assert head == "units=seconds:hist-width=400:bucket-width=4:buckets"
    assert counts == ",".join({0: "2", 7: "1", 24: "1", 99: "1"}.get(bucket, "0") for bucket in range(100))
