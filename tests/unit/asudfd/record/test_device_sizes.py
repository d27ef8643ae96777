"""How full a device namespace is: exact at any moment, and writes stop for nothing else."""

import asyncio
import random
import threading
from pathlib import Path

import pytest

from asinfo.wire.result import Result
from asudfd.record import device as device_module
from asudfd.record import journal
from asudfd.record.database import Database, Layer
from asudfd.record.device import Device
from asudfd.record.namespace import Namespace
from asudfd.record.refused import RequestRefused
from tests.fakes.records import device, digest, make, new

HEAD = 19 + 4
"""Bytes of a record of these tests beside its bins."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "ROOM", 1 << 16)
    monkeypatch.setattr(device_module, "ROOM", 1 << 16)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.dat"


async def settled(namespace: Namespace) -> None:
    storage = device(namespace)
    async with asyncio.timeout(20):
        while storage._fresh or storage._committing:  # noqa: ASYNC110 - the engine tells nobody
            await asyncio.sleep(0.001)


def waiting(layer: Layer) -> int:
    return sum(len(value) for values in layer.values() for value in values.values())


def check(storage: Device, model: dict[bytes, int]) -> None:
    assert storage.used_bytes == sum(HEAD + size for size in model.values())
    assert (storage._fresh_bytes, storage._committing_bytes) == (
        waiting(storage._fresh),
        waiting(storage._committing),
    )
    if not storage._fresh and not storage._committing:
        assert storage.taken_bytes == storage._database.pages_bytes
        assert storage._filed_bytes == storage.used_bytes


@pytest.mark.parametrize("seed", range(3))
def test_sizes_agree_with_a_model_and_nothing_is_refused_below_the_limits(path: Path, seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        model: dict[bytes, int] = {}
        namespace = make(path, filesize=4 << 20)
        await namespace.start()
        for number in range(3000):
            key = digest(chance.randrange(150))
            if chance.random() < 0.2:
                assert namespace.delete(key) == (model.pop(key, None) is not None)
            else:
                model[key] = chance.choice((20, 300, 4000, 9000))  # 150 of them are far below 70 %
                namespace.put(key, new(7, model[key] // 2))
            if chance.random() < 0.05:
                await asyncio.sleep(0)
            if number % 50 == 0:
                check(device(namespace), model)
            if number % 500 == 499:
                await settled(namespace)
                check(device(namespace), model)
            if number == 1500:
                await namespace.stop()
                namespace = make(path, filesize=4 << 20)
                await namespace.start()
                check(device(namespace), model)
        await namespace.stop()

    asyncio.run(run())


def test_a_record_that_is_written_over_and_over_needs_no_more_room(path: Path) -> None:
    async def run() -> None:
        namespace = make(path, filesize=1 << 20, flush_max_ms=1000, max_write_cache=1 << 20)
        await namespace.start()
        for number in range(80):
            namespace.put(digest(number), new(7, 2000))
        await settled(namespace)
        before = device(namespace).taken_bytes
        for _ in range(600):  # 2.4 MB
            namespace.put(digest(1), new(8, 2000))
            assert device(namespace).taken_bytes == before
        assert not namespace.stop_writes
        assert device(namespace)._fresh_bytes == HEAD + 4000
        await namespace.stop()

    asyncio.run(run())


def test_what_a_commit_brings_to_the_file_counts_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, go_on = threading.Event(), threading.Event()
    commit = Database.commit

    def slow(self: Database, layer: Layer, figures: dict[bytes, tuple[int, int]], epoch: int) -> None:
        commit(self, layer, figures, epoch)
        there.set()
        assert go_on.wait(20)

    monkeypatch.setattr(Database, "commit", slow)

    async def run() -> None:
        namespace = make(path, filesize=1 << 20, flush_max_ms=1000)
        storage = device(namespace)
        await namespace.start()
        for number in range(100):
            namespace.put(digest(number), new(7, 2000))
        used = 100 * (HEAD + 4000)
        assert storage.used_bytes == storage.taken_bytes == used
        storage._begin_commit()
        await asyncio.to_thread(there.wait, 20)
        assert storage.used_bytes == storage.taken_bytes == used
        namespace.put(digest(100), new(7, 2000))
        assert storage.taken_bytes == used + HEAD + 4000
        go_on.set()
        await namespace.stop()

    asyncio.run(run())


def test_writes_stop_when_pages_leave_too_little_room(path: Path) -> None:
    async def run() -> None:
        namespace = make(path, filesize=1 << 20, flush_max_ms=1000)
        await namespace.start()
        number = 0
        while not stopped(namespace):  # records of 4200 bytes take two pages each
            number += 1
            namespace.put(digest(number), new(7, 2100))
            if number % 10 == 0:
                await settled_now(namespace)
        storage = device(namespace)
        assert storage.used_bytes * 100 < storage.total_bytes * 70
        assert storage.taken_bytes * 100 > storage.total_bytes * 95
        for each in range(1, number, 2):
            namespace.delete(digest(each))
        await settled_now(namespace)
        assert not stopped(namespace)
        await namespace.stop()

    asyncio.run(run())


def stopped(namespace: Namespace) -> bool:
    return namespace.stop_writes


async def settled_now(namespace: Namespace) -> None:
    device(namespace)._schedule(0)
    await settled(namespace)


def test_a_journal_has_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "JOURNAL_SIZE_MAX", 10_000)

    async def run() -> None:
        namespace = make(path, flush_max_ms=1000)
        await namespace.start()
        while device(namespace)._journal.size <= 10_000:
            namespace.put(digest(1), new(7, 1000))
        with pytest.raises(RequestRefused) as refused:
            namespace.put(digest(1), new(7, 1000))
        assert refused.value.code is Result.DEVICE_OVERLOAD
        await settled_now(namespace)
        namespace.put(digest(1), new(7, 1000))
        await namespace.stop()

    asyncio.run(run())
