"""The pages that come from tables in the source are those of this source."""

import inspect
import shutil
import subprocess
from operator import attrgetter
from pathlib import Path

import pytest

from asudfd.aerospike.info.families import table
from asudfd.aerospike.info.table import InfoCommand
from docs.generate import pages
from tests.each import for_each, for_each_row

ROOT = Path(__file__).parents[2]
PAGES = pages()


@for_each_row("name", sorted(PAGES))
def test_a_generated_page_is_current(name: str) -> None:
    path = ROOT / name
    assert path.exists(), "run `make docs`"
    assert path.read_text(encoding="utf-8") == PAGES[name], "run `make docs`"


@pytest.mark.skipif(
    shutil.which("groff") is None, reason="groff is not installed: no second opinion on the pages"
)
@pytest.mark.parametrize("name", [name for name in sorted(PAGES) if name.endswith(".1")])
def test_a_manual_page_has_nothing_that_a_formatter_objects_to(name: str) -> None:
    found = subprocess.run(
        ["groff", "-man", "-ww", "-z", ROOT / name], capture_output=True, text=True, check=True
    )
    assert not found.stderr


@for_each(table().rows.values(), attrgetter("name"))
def test_every_info_command_states_its_grammar(row: InfoCommand) -> None:
    grammar, _, description = (inspect.getdoc(row.handler) or "").partition("\n")
    names = [other.name.decode() for other in table().rows.values() if other.handler == row.handler]
    assert "COMMAND" in grammar or any(grammar.startswith(name) for name in names)
    assert description.strip()
