"""The file in which a node leaves which lines of its modules have run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from asudfd.lua.line_coverage import CoverageFile

if TYPE_CHECKING:
    from pathlib import Path


def test_what_workers_have_told_is_written_once(tmp_path: Path) -> None:
    file = CoverageFile(str(tmp_path))
    file.add({"a": [3, 1], "b": [1]}, {"b": "it is a binary"})
    file.add({"a": [2, 1]}, {})
    file.write()
    [path] = tmp_path.iterdir()
    assert json.loads(path.read_text()) == {
        "lines": {"a": [1, 2, 3], "b": [1]},
        "followed": {"b": "it is a binary"},
    }
