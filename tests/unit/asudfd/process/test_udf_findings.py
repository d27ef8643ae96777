"""What is told of the findings in a directory of modules."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from asinfo.lint.linter import lint
from asudfd.process import udf_findings
from asudfd.process.udf_findings import UdfFindings
from tests.fakes.state import Lines

if TYPE_CHECKING:
    from collections.abc import Mapping

DIRECTORY = Path("udf")
LEAKS = b"function f()\n  x = 1\nend\n"


class Source:
    def __init__(self, name: str, content: bytes) -> None:
        self.name = name.encode()
        self.path = str(DIRECTORY / name)
        self.content = content


class Scene:
    """A directory that is saved again and again."""

    def __init__(self) -> None:
        self.log = Lines()
        self.findings = UdfFindings(cast("Any", self.log), DIRECTORY)

    def save(
        self, changed: set[str], modules: Mapping[str, bytes], others: Mapping[str, bytes] | None = None
    ) -> list[str]:
        """The lines that it gives."""
        self.log.lines.clear()
        self.findings.changed(changed, modules, others or {})
        asyncio.run(self.findings.look())
        assert all((level, context) == ("warning", "udf") for level, context, _ in self.log.lines)
        return [text for _, _, text in self.log.lines]


def test_the_text_is_that_of_udf_lint() -> None:
    told = Scene().save({"a.lua"}, {"a.lua": LEAKS})
    assert told == [str(each) for each in lint([Source("a.lua", LEAKS)])]
    assert "udf/a.lua:2:3: warning: " in told[0]
    assert "[global-in-function]" in told[0]


def test_each_save_tells_again_what_is_still_there() -> None:
    scene = Scene()
    first = scene.save({"a.lua"}, {"a.lua": LEAKS})
    assert first
    assert scene.save({"a.lua"}, {"a.lua": LEAKS}) == first
    assert not scene.save({"b.lua"}, {"a.lua": LEAKS, "b.lua": b"return 1\n"})


def test_findings_are_told_in_the_order_of_files() -> None:
    modules = {f"m{number}.lua": LEAKS for number in (3, 1, 2, 5, 4)}
    told = Scene().save(set(modules), modules)
    assert [line.partition(":")[0] for line in told] == [f"udf/m{number}.lua" for number in range(1, 6)]


def test_a_comment_ignores_a_finding() -> None:
    ignored = LEAKS.replace(b"= 1", b"= 1 -- lint: ignore global-in-function")
    assert not Scene().save({"a.lua"}, {"a.lua": ignored})


def test_what_does_not_compile_is_told_by_who_registers_it() -> None:
    assert not Scene().save({"a.lua"}, {"a.lua": b"function f(\n"})


def test_other_modules_are_there() -> None:
    uses = b"local b = require('b')\nfunction f() return b.v end\n"
    assert "there is no module b" in Scene().save({"a.lua"}, {"a.lua": uses})[0]
    assert not Scene().save({"a.lua"}, {"a.lua": uses, "b.lua": b"return { v = 1 }\n"})
    assert not Scene().save({"a.lua"}, {"a.lua": uses}, {"b.lua": b"return { v = 1 }\n"})


def test_what_a_save_breaks_elsewhere_is_told_once() -> None:
    modules = {
        "a.lua": b"require('b')\nfunction f() return helper() end\n",
        "b.lua": b"function helper() return 1 end\n",
        "c.lua": LEAKS,
    }
    scene = Scene()
    scene.save(set(modules), modules)
    told = scene.save({"b.lua"}, {**modules, "b.lua": b"function other() return 1 end\n"})
    assert len(told) == 1
    assert "udf/a.lua:2:" in told[0]
    assert not scene.save({"b.lua"}, {**modules, "b.lua": b"function other() return 2 end\n"})
    gone = {name: modules[name] for name in ("a.lua", "c.lua")}
    assert any("there is no module b" in line for line in scene.save({"b.lua"}, gone))


def test_a_cycle_that_a_save_closes() -> None:
    modules = {"a.lua": b"local b = require('b')\nreturn b\n", "b.lua": b"return 1\n"}
    scene = Scene()
    assert not scene.save(set(modules), modules)
    told = scene.save({"b.lua"}, {**modules, "b.lua": b"local a = require('a')\nreturn a\n"})
    assert any("modules require each other" in line for line in told)


def test_the_thread_ends_when_nobody_waits() -> None:
    """After the module that it looks at: a directory may have thousands."""
    scene = Scene()

    async def stopped() -> None:
        following = asyncio.create_task(scene.findings.follow())
        scene.findings.changed({"a.lua"}, {"a.lua": LEAKS}, {})
        await asyncio.sleep(0)
        following.cancel()
        await asyncio.wait((following,))

    asyncio.run(stopped())
    with pytest.raises(udf_findings._StoppedError):
        scene.save({"a.lua"}, {"a.lua": LEAKS})


def test_most_lines_of_one_save(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udf_findings, "SHOWN_MAX", 2)
    told = Scene().save({"a.lua"}, {"a.lua": b"function f()\n  x = 1\n  y = 1\n  z = 1\nend\n"})
    assert len(told) == 3
    assert told[-1] == "findings that are not shown: 1; asadm udf lint udf shows all"
