"""The disk refuses, or the process dies, at each call that changes a file: what was acknowledged is there, and only that."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from asudfd.smd.compaction import Compaction
from asudfd.smd.interface import UDF, SmdFailed, SmdItem
from asudfd.smd.local import LocalSmd
from asudfd.smd.module import GroupCommit, SmdModule
from tests.smd_files import Subscriber, nothing, run

CALLS = [(os, "open"), (os, "pwrite"), (os, "fdatasync"), (os, "fsync"), (Path, "rename"), (os, "ftruncate")]


class Crash(BaseException):
    """The process ends here: nothing after it runs, no clean-up either."""


class Fault:
    """Counts the calls that change files, and raises ``error`` at one of them, and at ``more`` after it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException, more: int = 0) -> None:
        self.calls: list[str] = []
        self._fails = range(at, at + 1 + more)
        self._error = error
        for owner, name in CALLS:
            monkeypatch.setattr(owner, name, self._counted(name, getattr(owner, name)))

    @property
    def happened(self) -> bool:
        return len(self.calls) > self._fails.start

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) - 1 in self._fails:
                if name == "pwrite":  # a part is written before the disk is full
                    real(arguments[0], arguments[1][: len(arguments[1]) // 2], arguments[2])
                raise self._error
            return real(*arguments, **options)

        return call


class Driver:
    """Changes and compactions of a module without an event loop, and what was acknowledged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.module = SmdModule(path)
        self.module.load()
        self.acknowledged: dict[str, str] = {}
        self.refused = 0
        self.asked: tuple[str, str] | None = None

    def change(self, key: str, value: str) -> None:
        plan = GroupCommit()
        plan.items[key] = SmdItem(key, value, 1, 1)
        plan.count = 1
        self.asked = key, value
        try:
            sizes = self.module.store(plan, 1)
        except OSError:
            self.refused += 1
        else:
            self.module.apply(plan, sizes, 1)
            self.acknowledged[key] = value
        self.asked = None

    def meanwhile(self) -> None:
        self.change("b", "meanwhile")
        self.change("c", "meanwhile")

    def compact(self, between: Callable[[], None]) -> None:
        compaction = Compaction(self.module)
        try:
            compaction.write()
            between()
            while compaction.take():
                compaction.write()
            compaction.finish()
        except OSError:
            self.refused += 1
        compaction.end()

    def all(self) -> None:
        """Changes, a compaction with changes meanwhile, and changes after it."""
        for number in range(3):
            self.change("a", f"early {number}")
        self.change("b", "early")
        self.compact(self.meanwhile)
        self.change("a", "late")
        self.change("d", "late")


def found(path: Path) -> dict[str, str]:
    again = SmdModule(path)
    again.load()
    again.close()
    return {item.key: item.value or "" for item in again.items.values()}


@contextmanager
def step(path: Path, at: int, error: BaseException, more: int = 0) -> Iterator[tuple[Driver, Fault]]:
    with pytest.MonkeyPatch.context() as patch:
        driver = Driver(path)
        yield driver, Fault(patch, at, error, more)


def steps() -> int:
    """How many calls there are when none fails."""
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        with step(Path(directory) / "UDF.smd", 10_000, Crash()) as (driver, fault):
            driver.all()
        assert driver.acknowledged == {"a": "late", "b": "meanwhile", "c": "meanwhile", "d": "late"}
        return len(fault.calls)


@pytest.mark.parametrize("at", range(steps()))
def test_a_crash_at_any_call_loses_nothing(tmp_path: Path, at: int) -> None:
    with step(tmp_path / "UDF.smd", at, Crash()) as (driver, _), pytest.raises(Crash):
        driver.all()
    there = found(tmp_path / "UDF.smd")
    if (
        driver.asked and there.get(driver.asked[0]) == driver.asked[1]
    ):  # it may be stored, and not answered yet
        there[driver.asked[0]] = driver.acknowledged.get(*driver.asked)
    assert {key: value for key, value in there.items() if value} | driver.acknowledged == there


@pytest.mark.parametrize("more", [0, 1, 5])
@pytest.mark.parametrize("at", range(steps()))
def test_an_error_at_any_call_refuses_that_change_and_no_later_one(
    tmp_path: Path, at: int, more: int
) -> None:
    error = OSError(errno.ENOSPC, "No space left on device")
    with step(tmp_path / "UDF.smd", at, error, more) as (driver, fault):
        driver.all()
        assert fault.happened
        assert driver.refused
    if (
        not more
    ):  # else the disk may have refused to cut off the refused change, too: the next change rids us of it
        assert found(tmp_path / "UDF.smd") == driver.acknowledged
    driver.change("e", "again")
    driver.change("a", "again")
    assert driver.acknowledged["a"] == driver.acknowledged["e"] == "again"
    assert found(tmp_path / "UDF.smd") == driver.acknowledged
    driver.compact(lambda: None)
    assert found(tmp_path / "UDF.smd") == driver.acknowledged
    assert sorted(path.name for path in tmp_path.iterdir()) == ["UDF.mark", "UDF.smd"]


def test_the_head_is_written_after_the_entries_are_on_the_disk(tmp_path: Path) -> None:
    driver = Driver(tmp_path / "UDF.smd")
    driver.change("a", "1")
    with pytest.MonkeyPatch.context() as patch:
        fault = Fault(patch, 100, Crash())
        driver.change("a", "2")
    assert fault.calls == ["pwrite", "fdatasync", "pwrite"]


def test_after_a_failed_flush_the_file_is_written_anew_before_it_is_trusted(tmp_path: Path) -> None:
    driver = Driver(tmp_path / "UDF.smd")
    driver.change("a", "1")
    before = (tmp_path / "UDF.smd").stat().st_ino
    with pytest.MonkeyPatch.context() as patch:
        fault = Fault(patch, 1, OSError(errno.EIO, "Input/output error"))
        driver.change("a", "2")
    assert fault.calls == ["pwrite", "fdatasync", "ftruncate"]
    assert driver.refused == 1
    driver.change("b", "1")
    assert (tmp_path / "UDF.smd").stat().st_ino != before
    assert found(tmp_path / "UDF.smd") == {"a": "1", "b": "1"}


@pytest.mark.parametrize("at", range(3))
def test_a_full_disk_refuses_the_change_and_leaves_no_trace(tmp_path: Path, at: int) -> None:
    subscriber, warnings = Subscriber(), list[str]()

    async def dialogue(smd: LocalSmd) -> None:
        await smd.set(UDF, "a", "1")
        before = (tmp_path / "UDF.smd").read_bytes()
        with pytest.MonkeyPatch.context() as patch:
            Fault(patch, at, OSError(errno.ENOSPC, "No space left on device"), more=9)
            with pytest.raises(SmdFailed, match="No space left on device"):
                await smd.set(UDF, "a", "2")
        if at == 0:
            assert (tmp_path / "UDF.smd").read_bytes()[: len(before)] == before
        assert smd.items(UDF)[0].value == "1"
        await smd.set(UDF, "b", "1")

    smd = run(tmp_path, dialogue, subscriber, warnings=warnings)
    assert subscriber.events == [("a", "1", 1), ("b", "1", 1)]
    assert list(run(tmp_path, nothing).items(UDF)) == list(smd.items(UDF))
    assert "No space left on device" in warnings[0]
