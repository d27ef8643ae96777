"""What follows a directory of modules: what is registered in which order, and what is told."""

from __future__ import annotations

import asyncio
import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from asudfd.errors import StartError
from asudfd.lua.errors import ModuleError
from asudfd.process import udf_follower
from asudfd.process.udf_follower import UdfFollower
from asudfd.smd.interface import SmdFailed
from asudfd.udf.module import from_value
from tests.fakes.state import Lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class FakeNode:
    """A node that takes modules; one that says `needs X` compiles when X is registered, and none that says `wrong`."""

    def __init__(self) -> None:
        self.log = Lines()
        self.held: dict[str, Any] = {}
        self.modules = SimpleNamespace(get=self.held.get, names=lambda: list(self.held))
        self.host = self.smd = self
        self.refuses = False

    async def validate(self, filename: str, content: bytes) -> None:
        needed = content.partition(b"needs ")[2].decode().strip()
        if b"wrong" in content or (needed and needed not in self.held):
            raise ModuleError(filename.encode(), 3, b"unexpected symbol")

    async def set(self, _module: str, key: str, value: str | None) -> None:
        if self.refuses:
            raise SmdFailed("no space left")
        if value is None:
            del self.held[key]
        else:
            assert json.loads(value)["name"] == key
            self.held[key] = from_value(key, value)

    def lines(self) -> list[str]:
        return [text for _, _, text in self.log.lines]


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


def follower(node: FakeNode, path: Path) -> UdfFollower:
    return UdfFollower(cast("Any", node), path)


def test_what_is_required_comes_first(node: FakeNode, tmp_path: Path) -> None:
    (tmp_path / "a.lua").write_text("needs b.lua")
    (tmp_path / "b.lua").write_text("needs c.lua")
    (tmp_path / "c.lua").write_text("return 1")
    asyncio.run(follower(node, tmp_path).begin())
    assert list(node.held) == ["c.lua", "b.lua", "a.lua"]


def test_what_is_not_registered_is_told(node: FakeNode, tmp_path: Path) -> None:
    (tmp_path / "empty.lua").touch()
    (tmp_path / "x.lua").write_text("wrong")
    asyncio.run(follower(node, tmp_path).begin())
    assert node.lines() == [
        "empty.lua is not registered: it is empty",
        "x.lua is not registered: x.lua:3: unexpected symbol",
    ]


def test_what_others_have_registered_stays(node: FakeNode, tmp_path: Path) -> None:
    node.held["other.lua"] = SimpleNamespace(source=b"return 1")
    asyncio.run(follower(node, tmp_path).begin())
    assert list(node.held) == ["other.lua"]
    assert "other.lua" in node.lines()[0]


def test_a_store_that_refuses_is_told(node: FakeNode, tmp_path: Path) -> None:
    (tmp_path / "a.lua").write_text("return 1")
    node.refuses = True
    asyncio.run(follower(node, tmp_path).begin())
    assert node.lines() == ["a.lua is not registered: no space left"]


def test_a_directory_that_cannot_be_read(node: FakeNode, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="No such file"):
        asyncio.run(follower(node, tmp_path / "none").begin())


def test_watchfiles_wakes_it(node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time between two looks is not over in this test."""
    monkeypatch.setattr(udf_follower, "TOLD_SECONDS", 3600)
    saved = asyncio.Event()

    async def awatch(path: Path, **_: Any) -> AsyncIterator[set[Any]]:
        assert path == tmp_path
        await saved.wait()
        yield set()
        await asyncio.Event().wait()

    monkeypatch.setitem(sys.modules, "watchfiles", cast("Any", SimpleNamespace(awatch=awatch)))

    asyncio.run(asyncio.wait_for(follows(node, tmp_path, saved), 20))


def test_without_watchfiles_the_first_save_is_seen(
    node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(udf_follower, "TOLD_SECONDS", 3600)
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    asyncio.run(asyncio.wait_for(follows(node, tmp_path, asyncio.Event()), 20))


def test_a_fault_of_the_linter_does_not_stop_the_registration(
    node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("a fault")

    monkeypatch.setattr("asinfo.lint.linter.lint", fails)
    monkeypatch.setattr(udf_follower, "POLL_SECONDS", 0)
    (tmp_path / "b.lua").write_text("return 1")

    async def scene() -> None:
        following = follower(node, tmp_path)
        await following.begin()
        task = asyncio.create_task(following.follow())
        while not any("findings are not told any more" in line for line in node.lines()):  # noqa: ASYNC110 - as below
            await asyncio.sleep(0)
        (tmp_path / "a.lua").write_text("return 1")
        while "a.lua" not in node.held:  # noqa: ASYNC110 - as below
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))

    monkeypatch.setitem(sys.modules, "watchfiles", None)
    asyncio.run(asyncio.wait_for(scene(), 20))


async def follows(node: FakeNode, path: Path, saved: asyncio.Event) -> None:
    """Return when a file is registered that is saved while the directory is followed."""
    following = follower(node, path)
    await following.begin()
    task = asyncio.create_task(following.follow())
    (path / "a.lua").write_text("return 1")
    saved.set()
    while "a.lua" not in node.held:  # noqa: ASYNC110 - the follower has no event for it
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,))
