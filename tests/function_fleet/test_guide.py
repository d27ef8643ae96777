"""The guide to fleets of functions: every command in it is run, on a real cluster."""

from __future__ import annotations

import re
from pathlib import Path

from asadm.inventory_file import parse
from tests.function_guide import EXAMPLE, FunctionWorld
from tests.guide import ROOT, differences, replay

GUIDE = ROOT / "docs/function-fleet.md"


def test_every_session_of_the_guide_goes_as_it_says(tmp_path: Path) -> None:
    page = GUIDE.read_text()
    with FunctionWorld(tmp_path) as world:
        differing = differences(page, replay(page, world))
    assert not differing, f"{differing}\n\nto write it anew: python -m tests.guide docs/function-fleet.md"


def test_commands_outside_of_sessions_are_in_one_too() -> None:
    kinds = set(re.findall(r"^```(\S+)", GUIDE.read_text(), re.MULTILINE))
    assert kinds <= {"console", "sh", "crontab", "yaml", "json", "text"}


def test_the_inventories_are_some() -> None:
    found = re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    for text in [*found, (EXAMPLE / "asadm.yaml").read_text()]:
        assert parse(text.encode(), "asadm.yaml")
