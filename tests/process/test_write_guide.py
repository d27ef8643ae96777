"""The page for authors: every session of it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.guide import ROOT, differences, replay
from tests.write_guide import WriteWorld

if TYPE_CHECKING:
    from pathlib import Path

GUIDE = ROOT / "docs/write-a-udf.md"


def test_every_session_of_the_page_goes_as_it_says(tmp_path: Path) -> None:
    page = GUIDE.read_text()
    with WriteWorld(tmp_path) as world:
        differing = differences(page, replay(page, world))
    assert not differing, f"{differing}\n\nto write it anew: python -m tests.guide docs/write-a-udf.md"
