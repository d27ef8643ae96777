"""``asudfd --udf DIR``: modules that are registered as they are saved."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.processes import ROOT, Daemon, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECONDS = 20.0


@pytest.fixture
def udf(tmp_path: Path) -> Path:
    """A module, one that it requires, and one that does not compile."""
    directory = tmp_path / "udf"
    directory.mkdir()
    (directory / "a.lua").write_text("local d = require('dep')\nfunction f(rec) return d.v end\n")
    (directory / "dep.lua").write_text("return { v = 1 }\n")
    (directory / "bad.lua").write_text("function f(\n")
    (directory / "leaks.lua").write_text("function f(rec)\n    seen = 1\nend\n")
    return directory


@pytest.fixture
def daemon(tmp_path: Path, udf: Path) -> Iterator[Daemon]:
    with running(tmp_path / "work", ["--udf", str(udf)]) as daemon:
        yield daemon


def modules(daemon: Daemon) -> set[str]:
    listed = daemon.ask(b"udf-list\n").decode().split("\t")[1]
    return {row.split(",")[0].removeprefix("filename=") for row in listed.strip().split(";") if row}


def wait_for(condition: Callable[[], bool], daemon: Daemon) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, daemon.log.read_text()
        time.sleep(0.02)


def test_modules_are_there_once_it_is_ready(daemon: Daemon) -> None:
    assert modules(daemon) == {"a.lua", "dep.lua", "leaks.lua"}
    log = daemon.log.read_text()
    assert "(bad.lua:2) bad.lua is not registered: bad.lua:2: <name>" in log or "(bad.lua:1) bad.lua" in log


def test_what_is_saved_and_what_is_removed(daemon: Daemon, udf: Path) -> None:
    (udf / "bad.lua").write_text("function f(rec) return 1 end\n")
    (udf / "a.lua").unlink()
    (udf / "leaks.lua").unlink()
    wait_for(lambda: modules(daemon) == {"dep.lua", "bad.lua"}, daemon)
    (udf / "dep.lua").write_text("return {\n")
    wait_for(lambda: "the version before stays" in daemon.log.read_text(), daemon)
    before = daemon.ask(b"udf-get:filename=dep.lua\n")
    (udf / "dep.lua").write_text("return { v = 2 }\n")
    wait_for(lambda: daemon.ask(b"udf-get:filename=dep.lua\n") != before, daemon)


def test_a_directory_that_is_away_for_a_time(daemon: Daemon, udf: Path) -> None:
    away = udf.with_name("away")
    udf.rename(away)
    wait_for(lambda: "its modules stay registered" in daemon.log.read_text(), daemon)
    assert modules(daemon) == {"a.lua", "dep.lua", "leaks.lua"}
    (away / "new.lua").write_text("x = 1\n")
    away.rename(udf)
    wait_for(lambda: modules(daemon) == {"a.lua", "dep.lua", "leaks.lua", "new.lua"}, daemon)


def test_findings_are_those_of_udf_lint(daemon: Daemon, udf: Path) -> None:
    """At the start and at each save, however soon; a comment ignores one, and a module that has some is registered."""

    def told() -> int:
        return daemon.log.read_text().count(finding)

    (udf / "bad.lua").unlink()
    lint = subprocess.run(
        [sys.executable, "-m", "asadm.cli", "-e", f"udf lint {udf}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    finding = lint.stdout.splitlines()[0]
    assert finding.endswith("[global-in-function]")
    wait_for(lambda: told() == 1, daemon)
    assert f"(leaks.lua:2) {finding}" in daemon.log.read_text()
    (udf / "leaks.lua").write_text("function f(rec)\n    seen = 1\n    return 2\nend\n")
    wait_for(lambda: told() == 2, daemon)
    ignored = "function f(rec)\n    seen = 1 -- lint: ignore global-in-function\n    outbox = 2\nend\n"
    (udf / "leaks.lua").write_text(ignored)
    wait_for(lambda: "outbox" in daemon.log.read_text(), daemon)
    assert told() == 2
    assert "leaks.lua" in modules(daemon)


def test_no_directory(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "asudfd.cli", "--port", "0", "--udf", str(tmp_path / "none")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "is no directory" in ended.stderr
