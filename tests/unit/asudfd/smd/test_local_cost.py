"""What a change costs, whatever the number of items, and that a log does not grow for ever nor stop for being shortened."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from asudfd.smd import file, local, module
from asudfd.smd.compaction import Compaction
from asudfd.smd.interface import UDF
from asudfd.smd.local import LocalSmd
from asudfd.udf.module import to_value
from asudfd.udf.store import ModuleStore
from tests.smd_files import nothing, run

VALUE = to_value("m.lua", "LS0K" * 350)

CHANGES = 3000
"""Of a module of 1.4 KB: four times the size from which on a file is compacted."""


@pytest.fixture
def no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of changes, no wait for the disk, and all the time they need: a group of them may take seconds here."""
    monkeypatch.setattr(local, "CONFIRM_SECONDS", 60)
    monkeypatch.setattr(os, "fdatasync", lambda _: None)
    monkeypatch.setattr(os, "fsync", lambda _: None)


class Host:
    def forget(self, module: str, former: bytes | None) -> None:
        pass


class Counted(dict[str, Any]):
    """A dictionary that nobody may go through."""

    def _refused(self, *_: object) -> NoReturn:
        raise AssertionError("a change went through all items")

    __iter__ = __or__ = __ror__ = keys = values = items = copy = _refused


async def fill(smd: LocalSmd, count: int) -> None:
    await asyncio.gather(*(smd.set(UDF, f"m{number}.lua", VALUE) for number in range(count)))


def written(directory: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what one change writes where there are ``count`` modules already."""
    sizes = list[int]()
    write = os.pwrite

    def counted(descriptor: int, data: bytes, position: int) -> int:
        sizes.append(len(data))
        return write(descriptor, data, position)

    async def dialogue(smd: LocalSmd) -> None:
        await fill(smd, count)
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", counted)
            await smd.set(UDF, "m5.lua", VALUE[::-1])

    run(directory, dialogue)
    return sizes


@pytest.mark.usefixtures("no_flush")
def test_a_change_writes_as_much_with_many_modules_as_with_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = (written(tmp_path / str(count), count, monkeypatch) for count in (10, 5000))
    assert few == many
    assert sum(few) < len(VALUE) + 200


@pytest.mark.usefixtures("no_flush")
def test_a_change_goes_through_nothing_that_grows_with_the_modules(tmp_path: Path) -> None:
    store = ModuleStore(tmp_path / "lua", Host())
    store.open()
    smd = LocalSmd(tmp_path / "smd")
    smd.subscribe(UDF, store.accept)

    async def dialogue() -> None:
        await smd.start()
        await fill(smd, 50)
        known = smd._queues[UDF].module
        known.items, known._sizes, known._removed = map(Counted, (known.items, known._sizes, known._removed))  # type: ignore[arg-type]  # of three kinds
        store._modules, store._rows = Counted(store._modules), Counted(store._rows)
        await smd.set(UDF, "m7.lua", VALUE[::-1])
        await smd.set(UDF, "new.lua", VALUE)
        await smd.stop()

    asyncio.run(dialogue())
    store.close()
    assert len(run(tmp_path / "smd", nothing).items(UDF)) == 51


def size(directory: Path) -> int:
    """Bytes of all files; one may be renamed just now."""
    total = 0
    for entry in os.scandir(directory):
        with suppress(FileNotFoundError):
            total += entry.stat().st_size
    return total


@pytest.mark.usefixtures("no_flush")
def test_thousands_of_changes_of_one_module_keep_the_file_bounded(tmp_path: Path) -> None:
    largest = 0

    async def dialogue(smd: LocalSmd) -> None:
        nonlocal largest
        await smd.set(UDF, "other.lua", "stays")
        for number in range(CHANGES):
            await smd.set(UDF, "m.lua", f"{number}{VALUE}")
            largest = max(largest, size(tmp_path))
            if compacting := smd._queues[UDF].compacting:  # its thread may be slower than the changes
                await compacting

    run(tmp_path, dialogue)
    assert largest < 2 * module.GARBAGE_MIN
    again = run(tmp_path, nothing)
    assert [(item.key, item.generation) for item in again.items(UDF)] == [
        ("other.lua", 1),
        ("m.lua", CHANGES),
    ]
    assert again.items(UDF)[1].value == f"{CHANGES - 1}{VALUE}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["UDF.mark", "UDF.smd"]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Compactions are worth it at once, and wait until it is set."""
    monkeypatch.setattr(module, "GARBAGE_MIN", 1)
    opened, write = threading.Event(), Compaction.write

    def gated(compaction: Compaction) -> None:
        assert opened.wait(20)
        write(compaction)

    monkeypatch.setattr(Compaction, "write", gated)
    yield opened
    opened.set()


@pytest.mark.usefixtures("no_flush")
def test_changes_go_on_while_a_new_log_is_written(tmp_path: Path, gate: threading.Event) -> None:
    async def dialogue(smd: LocalSmd) -> None:
        for number in range(300):
            await smd.set(UDF, f"m{number % 7}.lua", f"{number}")
        await smd.set(UDF, "m0.lua", None)
        queue = smd._queues[UDF]
        assert queue.compacting
        before = (tmp_path / "UDF.smd").stat().st_size
        gate.set()
        await queue.compacting
        await smd.set(UDF, "last.lua", "1")
        assert (tmp_path / "UDF.smd").stat().st_size < before

    smd = run(tmp_path, dialogue)
    assert [(item.key, item.value) for item in smd.items(UDF)] == [
        ("m0.lua", None),
        *((f"m{number}.lua", str(number + (294 if number < 6 else 287))) for number in range(1, 7)),
        ("last.lua", "1"),
    ]
    assert list(run(tmp_path, nothing).items(UDF)) == list(smd.items(UDF))


def test_a_stop_does_not_wait_for_a_new_log(tmp_path: Path, gate: threading.Event) -> None:
    async def dialogue(smd: LocalSmd) -> None:
        for number in range(30):
            await smd.set(UDF, "m.lua", f"{number}")
        asyncio.get_running_loop().call_later(0.01, gate.set)

    warnings = list[str]()
    run(tmp_path, dialogue, warnings=warnings)
    assert not warnings
    assert run(tmp_path, nothing).items(UDF)[0].value == "29"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["UDF.mark", "UDF.smd"]


def test_a_disk_that_refuses_a_new_log_refuses_no_change(
    tmp_path: Path, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings = list[str]()
    tried = []

    def full(compaction: Compaction) -> None:
        tried.append(compaction)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Compaction, "finish", full)
    gate.set()

    async def dialogue(smd: LocalSmd) -> None:
        for number in range(200):
            await smd.set(UDF, "m.lua", f"{number}")
            if compacting := smd._queues[UDF].compacting:
                await compacting

    run(tmp_path, dialogue, warnings=warnings)
    assert run(tmp_path, nothing).items(UDF)[0].value == "199"
    assert 1 <= len(tried) == len(warnings) < 12  # each with twice the garbage of the one before
    assert "No space left on device" in warnings[0]
    assert file.read((tmp_path / "UDF.smd").read_bytes()).count == 200
