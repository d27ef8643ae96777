"""The page on Valkey functions: every command in it is run, with a real valkey-cli."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guide import ROOT, differences, replay
from tests.valkey_guide import ValkeyWorld, valkey_cli

GUIDE = ROOT / "docs/valkey.md"

needs_cli = pytest.mark.skipif(
    valkey_cli() is None, reason="the sessions use valkey-cli: make test installs it"
)


@pytest.fixture
def valkey_world(tmp_path: Path) -> Iterator[ValkeyWorld]:
    with ValkeyWorld(tmp_path) as world:
        yield world


@needs_cli
def test_every_session_of_the_page_goes_as_it_says(valkey_world: ValkeyWorld) -> None:
    page = GUIDE.read_text()
    differing = differences(page, replay(page, valkey_world))
    assert not differing, f"{differing}\n\nto write it anew: python -m tests.guide docs/valkey.md"


@needs_cli
def test_an_output_that_is_wrong_is_found(valkey_world: ValkeyWorld) -> None:
    page = GUIDE.read_text()
    page = page[: page.index("## More functions")]
    now = replay(page, valkey_world)
    assert not differences(page, now)
    for before, after in (("(integer) 3", "(integer) 4"), ('"Who\'s there?"', "Who's there?")):
        assert before in page
        assert differences(page.replace(before, after), now)


def test_commands_stand_in_sessions_that_are_run() -> None:
    kinds = set(re.findall(r"^```(\S+)", GUIDE.read_text(), re.MULTILINE))
    assert kinds <= {"console", "sh", "nginx"}
