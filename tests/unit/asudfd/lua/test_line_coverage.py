"""Which lines of modules have run, as workers tell it and as a node writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asudfd.config.schema.lua import ModLua
from asudfd.lua.aerospike.crossing import CROSSING
from asudfd.lua.worker.frames import LinesRan
from asudfd.lua.worker_telling import WorkerTelling

RAN = [
    LinesRan({"a": [3, 1], "b": [1]}, {"b": "it is a binary"}),
    LinesRan({"a": [2, 1]}, {"b": "it is a binary"}),
]


def told(directory: Path | None) -> list[tuple[Any, ...]]:
    """What is logged when the lines are written."""
    lines: list[tuple[Any, ...]] = []
    settings = ModLua(user_path="/udf", coverage_directory=str(directory or ""))
    telling = WorkerTelling(settings, lambda *line: lines.append(line), CROSSING)
    assert telling.settings.coverage == (directory is not None)
    for ran in RAN:
        telling.news.ran(ran)
    telling.write_coverage()
    return lines


def test_what_workers_have_told_is_written_once(tmp_path: Path) -> None:
    assert not told(tmp_path)
    [path] = tmp_path.iterdir()
    assert json.loads(path.read_text()) == {
        "lines": {"a": [1, 2, 3], "b": [1]},
        "followed": {"b": "it is a binary"},
    }


def test_a_directory_that_is_gone_is_a_line_of_the_log(tmp_path: Path) -> None:
    [(level, _, text, _)] = told(tmp_path / "gone")
    assert level == 1
    assert text.startswith("which lines have run cannot be written: ")


def test_without_a_directory_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not told(None)
    assert not list(tmp_path.iterdir())
