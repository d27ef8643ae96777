"""Records in a file: seen at once, durable when the reply says so, and safe from damage, full disks and strangers."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from asinfo.wire.digest import PARTITIONS, partition
from asinfo.wire.result import Result
from asudfd.errors import StartError
from asudfd.record import device as device_module
from asudfd.record import journal
from asudfd.record.database import Database, DatabaseError
from asudfd.record.journal import Journal
from asudfd.record.namespace import Namespace
from asudfd.record.record import Record
from asudfd.record.refused import RequestRefused
from tests.fakes.records import device, digest, make, make_and_close, new


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "ROOM", 1 << 16)
    monkeypatch.setattr(device_module, "ROOM", 1 << 16)
    monkeypatch.setattr(device_module, "RETRY_SECONDS", 0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.dat"


async def settled(namespace: Namespace) -> None:
    """Wait until everything is in the file."""
    storage = device(namespace)
    async with asyncio.timeout(10):
        while storage._fresh or storage._committing:  # noqa: ASYNC110 - the engine tells nobody
            await asyncio.sleep(0.001)


def test_writes_are_seen_at_once_and_after_the_commit_and_after_a_restart(path: Path) -> None:
    async def run() -> None:
        namespace = make(path)
        await namespace.start()
        for number in range(500):
            namespace.put(digest(number), new(number))
            assert namespace.get(digest(number)) == new(number)
        namespace.delete(digest(7))
        assert namespace.durable() is None
        for _ in range(2):
            assert namespace.get(digest(7)) is None
            assert namespace.get(digest(8)) == new(8)
            assert namespace.get(digest(999)) is None
            await settled(namespace)
        namespace.put(digest(8), new(8, 30))
        namespace.delete(digest(9))
        assert not namespace.delete(digest(9))
        await namespace.stop()

        namespace = make(path)
        assert namespace.sets.objects == 498
        assert sum(figures.objects for figures in namespace.sets.values()) == 498
        assert namespace.get(digest(8)) == new(8, 30)
        assert namespace.get(digest(9)) is None
        await namespace.start()
        await namespace.stop()

    asyncio.run(run())


def test_a_storm_agrees_with_a_dict_at_any_moment(path: Path) -> None:
    async def run() -> None:
        chance = random.Random(3)
        model: dict[bytes, Record] = {}
        namespace = make(path)
        await namespace.start()
        for number in range(4000):
            key = digest(chance.randrange(200))
            if chance.random() < 0.3:
                assert namespace.delete(key) == (model.pop(key, None) is not None)
            else:
                model[key] = Record(1, 0, number, b"demo", b"", os.urandom(chance.choice((10, 100, 5000))))
                namespace.put(key, model[key])
            if chance.random() < 0.05:
                await asyncio.sleep(chance.choice((0, 0.001)))
            key = digest(chance.randrange(200))
            assert namespace.get(key) == model.get(key)
            if number % 400 == 0:
                check_scan(namespace, model)
            if number % 1000 == 999:
                await namespace.stop()
                namespace = make(path)
                await namespace.start()
        check_scan(namespace, model)
        await namespace.stop()

    asyncio.run(run())


def check_scan(namespace: Namespace, model: dict[bytes, Record]) -> None:
    found = [list(namespace.scan(number)) for number in range(PARTITIONS)]
    assert dict(pair for pairs in found for pair in pairs) == model
    assert all(pairs == sorted(pairs) for pairs in found)
    assert all(partition(key) == number for number, pairs in enumerate(found) for key, _ in pairs)
    assert namespace.sets.objects == len(model)
    assert (
        namespace.sets.data_used_bytes
        == sum(19 + 4 + len(record.bins) for record in model.values())
        == sum(figures.data_used_bytes for figures in namespace.sets.values())
    )


def test_a_reply_waits_for_the_flush_with_all_others_of_the_same_turn(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushes: list[Journal] = []
    sync = Journal.sync

    def counting(one: Journal) -> None:
        flushes.append(one)
        sync(one)

    monkeypatch.setattr(Journal, "sync", counting)

    async def write(namespace: Namespace, number: int) -> int:
        namespace.put(digest(number), new(number))
        durable = namespace.durable()
        assert durable is not None
        assert namespace.durable() is durable
        return await durable

    async def run() -> None:
        namespace = make(path, commit_to_device=True, flush_max_ms=1000)
        await namespace.start()
        assert namespace.durable() is None
        writes = [asyncio.create_task(write(namespace, number)) for number in range(64)]
        victim = asyncio.create_task(write(namespace, 64))
        await asyncio.sleep(0)
        victim.cancel()  # must not take the others with it
        assert set(await asyncio.gather(*writes)) == {Result.OK}
        assert len(flushes) == 1
        assert namespace.durable() is None
        await asyncio.gather(*(write(namespace, number) for number in range(64)))
        assert len(flushes) == 2
        await namespace.stop()
        with pytest.raises(asyncio.CancelledError):
            await victim

    asyncio.run(run())


def test_writes_during_a_flush_wait_for_the_next(path: Path) -> None:
    async def run() -> None:
        namespace = make(path, commit_to_device=True)
        await namespace.start()
        for number in range(50):
            namespace.put(digest(number), new(number))
            durable = namespace.durable()
            assert durable is not None
            await asyncio.sleep(0)  # the flush has begun
            namespace.put(digest(number), new(number, 30))
            later = namespace.durable()
            assert later is not None
            assert later is not durable
            assert await later == await durable == Result.OK
        await namespace.stop()

    asyncio.run(run())


def test_a_flush_that_fails_is_told_and_the_next_commit_mends_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Journal) -> None:
        raise OSError(5, "Input/output error")

    async def run() -> None:
        said: list[str] = []
        namespace = make(path, said=said, commit_to_device=True, flush_max_ms=1000)
        await namespace.start()
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "sync", broken)
            namespace.put(digest(1), new(1))
            durable = namespace.durable()
            assert durable is not None
            assert await durable == Result.SERVER_ERROR
            assert "cannot flush" in said[0]
        await settled(namespace)
        namespace.put(digest(2), new(2))
        assert await (namespace.durable() or durable) == Result.OK
        await namespace.stop()
        assert make_and_close(path).objects == 2

    asyncio.run(run())


def test_a_commit_that_fails_is_tried_again_and_meanwhile_only_reads_go_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[object] = []

    def full(*arguments: object) -> None:
        attempts.append(arguments)
        raise DatabaseError("No space left on device")

    async def run() -> None:
        said: list[str] = []
        namespace = make(path, said=said)
        await namespace.start()
        with monkeypatch.context() as patch:
            patch.setattr(Database, "commit", full)
            namespace.put(digest(1), new(1))
            async with asyncio.timeout(10):
                while not said:  # noqa: ASYNC110 - a warning is no event
                    await asyncio.sleep(0.001)
            with pytest.raises(RequestRefused) as refused:
                namespace.put(digest(2), new(2))
            assert refused.value.code is Result.OUT_OF_SPACE
            with pytest.raises(RequestRefused):
                namespace.delete(digest(1))
            assert namespace.get(digest(1)) == new(1)
            async with asyncio.timeout(10):
                while len(attempts) < 4:  # noqa: ASYNC110 - an attempt is no event
                    await asyncio.sleep(0.001)
            assert len(said) == 1  # however often it is tried
        await settled(namespace)
        namespace.put(digest(2), new(2))
        await namespace.stop()
        assert make_and_close(path).objects == 2

    asyncio.run(run())


def test_what_a_full_disk_did_not_take_is_there_at_the_next_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DatabaseError("No space left on device")

    async def run() -> None:
        said: list[str] = []
        namespace = make(path, said=said)
        await namespace.start()
        with monkeypatch.context() as patch:
            patch.setattr(Database, "commit", full)
            for number in range(10):
                namespace.put(digest(number), new(number))
            await namespace.stop()
            assert said
            with pytest.raises(StartError, match=r"cannot write .*No space left"):
                make(path)
        assert make_and_close(path).objects == 10

    asyncio.run(run())


def test_a_journal_that_cannot_be_written_refuses_the_write(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async def run() -> None:
        namespace = make(path)
        await namespace.start()
        monkeypatch.setattr(Journal, "append", full)
        with pytest.raises(RequestRefused) as refused:
            namespace.put(digest(1), new(1))
        assert refused.value.code is Result.OUT_OF_SPACE
        assert namespace.get(digest(1)) is None
        assert namespace.sets.objects == 0
        await namespace.stop()

    asyncio.run(run())


def test_a_transaction_larger_than_the_map_lets_it_grow(path: Path) -> None:
    async def run() -> None:
        namespace = make(
            path, filesize=1 << 20, stop_writes_used_pct=0, stop_writes_avail_pct=0, flush_max_ms=1000
        )
        await namespace.start()
        for number in range(100):
            namespace.put(digest(number), new(number, 10_000))
        await namespace.stop()
        namespace = make(path, filesize=1 << 20)
        assert namespace.sets.objects == 100
        assert namespace.stop_writes
        with pytest.raises(RequestRefused):
            namespace.put(digest(100), new(100))
        await namespace.start()
        assert namespace.delete(digest(1))
        await namespace.stop()

    asyncio.run(run())


def test_more_than_the_write_cache_is_refused_for_the_moment(path: Path) -> None:
    async def run() -> None:
        namespace = make(path, max_write_cache=10_000, flush_max_ms=1000)
        await namespace.start()
        number = 0
        while device(namespace)._fresh_bytes <= 10_000:
            number += 1
            namespace.put(digest(number), new(number))
        with pytest.raises(RequestRefused) as refused:
            namespace.put(digest(1000), new(1000))
        assert refused.value.code is Result.DEVICE_OVERLOAD
        device(namespace)._schedule(0)
        await settled(namespace)
        namespace.put(digest(1000), new(1000))
        await namespace.stop()

    asyncio.run(run())


def test_what_a_dead_process_acknowledged_is_recovered(path: Path) -> None:
    async def run() -> None:
        namespace = make(path, flush_max_ms=1)
        await namespace.start()
        for number in range(100):
            namespace.put(digest(number), new(number))
        await settled(namespace)
        device(namespace)._engine.flush_max_ms = 1000
        for number in range(50):
            namespace.delete(digest(number))
            namespace.put(digest(1000 + number), new(number, 30))
        await namespace.sweeper.stop()
        device(namespace)._timer.cancel()  # type: ignore[union-attr]  # there is one: a write came
        device(namespace).close()

    asyncio.run(run())
    for _ in range(2):
        namespace = make(path)
        assert namespace.sets.objects == 100
        assert namespace.get(digest(1)) is None
        assert namespace.get(digest(1001)) == new(1, 30)
        device(namespace).close()
