"""The embedded store: order, durability before visibility, group commit, and what happens when a disk refuses."""

import asyncio
import errno
import os
import threading
from collections.abc import Collection
from functools import partial
from pathlib import Path

import pytest

from asudfd.errors import StartError
from asudfd.smd import file, local
from asudfd.smd.interface import UDF, SmdContent, SmdFailed, SmdItem, SmdState, SmdTimeout
from asudfd.smd.local import LocalSmd
from asudfd.smd.log import SmdLog
from tests.smd_files import Subscriber, nothing, run


def stored(directory: Path) -> SmdContent:
    return file.parse((directory / "UDF.smd").read_bytes())


def test_the_first_call_has_everything_even_if_that_is_nothing(tmp_path: Path) -> None:
    subscriber = Subscriber()
    run(tmp_path / "new" / "smd", nothing, subscriber)
    assert subscriber.calls == [[]]
    assert (tmp_path / "new" / "smd").stat().st_mode & 0o777 == 0o700


def test_changes_are_numbered_kept_in_order_and_accepted(tmp_path: Path) -> None:
    subscriber = Subscriber()

    async def dialogue(smd: LocalSmd) -> None:
        for key, value in [("b", "1"), ("a", "1"), ("b", "2"), ("b", None), ("c", "1"), ("b", "3")]:
            await smd.set(UDF, key, value)
            assert subscriber.events[-1][:2] == (key, value)
        assert smd.state(UDF) == SmdState(0xA1, 6, 3, 0)
        assert smd.state("evict") == SmdState()
        assert list(smd.items("evict")) == []

    smd = run(tmp_path, dialogue, subscriber)
    assert [event[2] for event in subscriber.events] == [1, 1, 2, 3, 1, 4]
    assert [item.key for item in smd.items(UDF)] == ["b", "a", "c"]
    assert stored(tmp_path) == SmdContent(0xA1, 6, smd.items(UDF))
    assert all(item.timestamp > 500_000_000_000 for item in smd.items(UDF))

    again = Subscriber()
    run(tmp_path, nothing, again)
    assert again.calls == [list(smd.items(UDF))]


def test_no_change_is_no_event_and_no_write(tmp_path: Path) -> None:
    subscriber = Subscriber()

    async def dialogue(smd: LocalSmd) -> None:
        await smd.set(UDF, "a", "1")
        before = (tmp_path / "UDF.smd").stat()
        await smd.set(UDF, "a", "1")
        await smd.set(UDF, "never", None)
        await asyncio.gather(*(smd.set(UDF, "a", "1") for _ in range(5)))
        after = (tmp_path / "UDF.smd").stat()
        assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)

    run(tmp_path, dialogue, subscriber)
    assert len(subscriber.events) == 1


def test_every_subscriber_has_accepted_when_set_returns(tmp_path: Path) -> None:
    nodes = [Subscriber(), Subscriber(), Subscriber()]

    async def dialogue(smd: LocalSmd) -> None:
        await smd.set(UDF, "a", "1")
        assert [node.events for node in nodes] == [[("a", "1", 1)]] * 3

    run(tmp_path, dialogue, *nodes)


def test_changes_that_wait_are_written_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushes = list[None]()
    flush = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: flushes.append(flush(descriptor)))

    async def dialogue(smd: LocalSmd) -> None:
        await smd.set(UDF, "m0", "0")  # makes the log
        flushes.clear()
        await asyncio.gather(*(smd.set(UDF, f"m{number}", "1") for number in range(50)))
        assert len(flushes) <= 2

    assert len(run(tmp_path, dialogue).items(UDF)) == 50


def test_the_last_of_concurrent_changes_wins(tmp_path: Path) -> None:
    nodes = [Subscriber(), Subscriber()]

    async def dialogue(smd: LocalSmd) -> None:
        await asyncio.gather(*(smd.set(UDF, "a", str(number)) for number in range(20)))

    smd = run(tmp_path, dialogue, *nodes)
    assert smd.items(UDF)[0].value == "19"
    assert smd.items(UDF)[0].generation == 20
    assert nodes[0].events[-1] == nodes[1].events[-1] == ("a", "19", 20)
    assert stored(tmp_path).tid == 20


def test_of_marks_at_once_the_larger_stays(tmp_path: Path) -> None:
    subscriber = Subscriber()

    def later(mark: int, value: str) -> bool:
        return int(value) >= mark

    async def dialogue(smd: LocalSmd) -> None:
        marks = (2, 3, 1, 3)
        await asyncio.gather(*(smd.set(UDF, "test", str(mark), keep=partial(later, mark)) for mark in marks))
        assert subscriber.events[-1][:2] == ("test", "3")
        await smd.set(UDF, "test", None)
        await smd.set(UDF, "test", "1", keep=lambda value: int(value) >= 1)
        assert subscriber.events[-1][:2] == ("test", "1")

    run(tmp_path, dialogue, subscriber)


def test_there_and_back_within_one_write(tmp_path: Path) -> None:
    async def dialogue(smd: LocalSmd) -> None:
        await asyncio.gather(smd.set(UDF, "a", "1"), smd.set(UDF, "a", None), smd.set(UDF, "b", "1"))

    smd = run(tmp_path, dialogue)
    assert [(item.key, item.value, item.generation) for item in smd.items(UDF)] == [
        ("a", None, 2),
        ("b", "1", 1),
    ]


class Gate:
    """A disk that hangs until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()
        append = SmdLog.append

        def gated(log: SmdLog, items: Collection[SmdItem], cluster_key: int, tid: int) -> list[int]:
            self.entered.set()
            assert self.opened.wait(10)
            return append(log, items, cluster_key, tid)

        monkeypatch.setattr(SmdLog, "append", gated)
        monkeypatch.setattr(local, "CONFIRM_SECONDS", 0.05)


def test_a_slow_disk_gives_a_timeout_and_the_change_comes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    subscriber = Subscriber()

    async def dialogue(smd: LocalSmd) -> None:
        with pytest.raises(SmdTimeout):
            await smd.set(UDF, "begun", "1")
        with pytest.raises(SmdTimeout):
            await smd.set(UDF, "waiting", "1")
        assert smd.state(UDF).pending == 1
        assert not subscriber.events
        gate.opened.set()

    smd = run(tmp_path, dialogue, subscriber)
    assert [item.key for item in smd.items(UDF)] == ["begun"]
    assert subscriber.events == [("begun", "1", 1)]


def test_a_client_that_gives_up_disturbs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    monkeypatch.setattr(local, "CONFIRM_SECONDS", 10)

    async def dialogue(smd: LocalSmd) -> None:
        first = asyncio.create_task(smd.set(UDF, "first", "1"))
        await asyncio.to_thread(gate.entered.wait)
        second = asyncio.create_task(smd.set(UDF, "second", "1"))
        third = asyncio.create_task(smd.set(UDF, "third", "1"))
        await asyncio.sleep(0)
        first.cancel()
        second.cancel()
        await asyncio.wait((first, second))
        gate.opened.set()
        await third

    smd = run(tmp_path, dialogue)
    assert [item.key for item in smd.items(UDF)] == ["first", "third"]


def test_stopping_writes_what_waits_and_refuses_the_rest(tmp_path: Path) -> None:
    async def dialogue(smd: LocalSmd) -> None:
        task = asyncio.create_task(smd.set(UDF, "a", "1"))
        await asyncio.sleep(0)
        await smd.stop()
        await task
        with pytest.raises(SmdFailed):
            await smd.set(UDF, "b", "1")

    run(tmp_path, dialogue)
    assert [item.key for item in stored(tmp_path).items] == ["a"]


@pytest.mark.parametrize("damage", [b"", b"[[1,2],", b"\x00" * 50, b"{}"])
def test_a_damaged_file_stops_the_start_and_is_kept(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "UDF.smd").write_bytes(damage)
    subscriber = Subscriber()
    with pytest.raises(
        StartError,
        match=r"UDF\.smd is damaged: .*\. Restore it from a copy, or move it away.*asudfd --recover",
    ):
        run(tmp_path, nothing, subscriber)
    assert (tmp_path / "UDF.smd").read_bytes() == damage
    assert subscriber.calls == []


def test_what_cannot_be_read_or_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "UDF.smd").mkdir()
    with pytest.raises(StartError, match="cannot read"):
        run(tmp_path, nothing)
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="cannot make the directory"):
        run(tmp_path / "file" / "smd", nothing)


def test_a_half_written_new_file_is_ignored(tmp_path: Path) -> None:
    async def dialogue(smd: LocalSmd) -> None:
        await smd.set(UDF, "a", "1")

    run(tmp_path, dialogue)
    for name in ("UDF.smd.save", "UDF.smd.new"):
        (tmp_path / name).write_bytes(file.MAGIC)
    smd = run(tmp_path, nothing)
    assert [item.key for item in smd.items(UDF)] == ["a"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["UDF.mark", "UDF.smd"]


def test_removed_keys_do_not_fill_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "REMOVED_MAX", 3)
    subscriber = Subscriber()

    async def dialogue(smd: LocalSmd) -> None:
        await smd.set(UDF, "kept", "1")
        for number in range(6):
            await smd.set(UDF, f"m{number}", "1")
            await smd.set(UDF, f"m{number}", None)
        await smd.set(UDF, "m5", "2")

    smd = run(tmp_path, dialogue, subscriber)
    assert [item.key for item in smd.items(UDF)] == ["kept", "m3", "m4", "m5"]
    assert smd.items(UDF)[-1].generation == 3
    assert stored(tmp_path).items == smd.items(UDF)
    assert run(tmp_path, nothing).items(UDF) == smd.items(UDF)
    assert [event for event in subscriber.events if event[2] == 0] == [(f"m{n}", None, 0) for n in range(3)]


def test_a_thousand_keys_come_back(tmp_path: Path) -> None:
    async def dialogue(smd: LocalSmd) -> None:
        await asyncio.gather(*(smd.set(UDF, f"m{number}.lua", "x" * 1400) for number in range(1000)))
        await smd.set(UDF, "m500.lua", "y")

    run(tmp_path, dialogue)
    again = run(tmp_path, nothing)
    assert [item.key for item in again.items(UDF)] == [f"m{number}.lua" for number in range(1000)]
    assert again.items(UDF)[500].value == "y"


def test_the_directory_is_no_link_and_no_place_where_others_may_write(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "smd").symlink_to(tmp_path / "there")
    with pytest.raises(StartError, match="is a symbolic link"):
        run(tmp_path / "smd", nothing)
    (tmp_path / "there").chmod(0o777)
    with pytest.raises(StartError, match="others may write"):
        run(tmp_path / "there", nothing)
    assert not list((tmp_path / "there").iterdir())


def test_several_keys_are_one_change(tmp_path: Path) -> None:
    subscriber = Subscriber()

    async def dialogue(smd: LocalSmd) -> None:
        await smd.set(UDF, "a", "1")
        await smd.set_many(UDF, {"a": None, "b": "2", "c": "3", "none": None})
        await smd.set_many(UDF, {"b": "2", "none": None})
        await smd.set_many(UDF, {})

    smd = run(tmp_path, dialogue, subscriber)
    assert [[(item.key, item.value) for item in call] for call in subscriber.calls] == [
        [],
        [("a", "1")],
        [("a", None), ("b", "2"), ("c", "3")],
    ]
    assert stored(tmp_path).items == smd.items(UDF)


def test_of_a_change_of_several_keys_all_are_there_after_a_crash_or_none(tmp_path: Path) -> None:
    path = tmp_path / "UDF.smd"
    data: list[bytes] = []

    async def dialogue(smd: LocalSmd) -> None:
        await smd.set(UDF, "a", "1")
        data.append(path.read_bytes())
        await smd.set_many(UDF, {"a": None, "b": "2", "c": "x" * 50})
        data.append(path.read_bytes())

    run(tmp_path, dialogue)
    before, after = data
    head = before[: file.START]  # is written after the entries
    for end in range(len(before), len(after) + 1):
        items = file.read(head + after[file.START : end]).items
        assert [*items] == (["a", "b", "c"] if end == len(after) else ["a"]), end
    path.write_bytes(head + after[file.START : len(after) - 1])
    again = Subscriber()

    async def more(smd: LocalSmd) -> None:
        await smd.set(UDF, "d", "4")

    run(tmp_path, more, again)
    assert [item.key for item in stored(tmp_path).items] == ["a", "d"]


def test_a_change_of_several_keys_that_the_disk_refuses_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriber = Subscriber()

    async def dialogue(smd: LocalSmd) -> None:
        await smd.set(UDF, "a", "1")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", _full)
            with pytest.raises(SmdFailed):
                await smd.set_many(UDF, {"a": None, "b": "2"})
        assert [(item.key, item.value) for item in smd.items(UDF)] == [("a", "1")]

    run(tmp_path, dialogue, subscriber)
    assert [item.key for item in stored(tmp_path).items] == ["a"]


def _full(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
