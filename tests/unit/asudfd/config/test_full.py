"""What is made from the schema is what is committed, and the example files load."""

from pathlib import Path

import pytest

from asudfd.config.full import text
from asudfd.config.load import load
from asudfd.config.page import page
from asudfd.config.schema import Config
from asudfd.config.walk import sections

ROOT = Path(__file__).parents[4]
FULL = ROOT / "config" / "asudfd-full.conf"


def test_the_full_file_is_up_to_date() -> None:
    assert FULL.read_text() == text(), "run: python -m asudfd.config.full > config/asudfd-full.conf"


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "parameters.md").read_text() == page(), (
        "run: python -m asudfd.config.page > docs/parameters.md"
    )


def test_the_full_file_is_the_default() -> None:
    config = load(str(FULL))
    assert config.warnings == []
    assert config.service == Config().service
    assert config.network == Config().network
    assert config.mod_lua.user_path == "/opt/aerospike/usr/udf/lua"
    assert config.logging == Config().logging


def test_the_full_file_names_every_parameter() -> None:
    written = {line.split()[0] for line in FULL.read_text().replace("# ", "").splitlines() if line.split()}
    declared = {one.name for top in sections() for _, section in top.all() for one in section.parameters}
    assert declared <= written


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.conf")), ids=lambda path: path.name)
def test_every_example_loads(path: Path) -> None:
    if path.name.startswith("asudfd"):
        assert load(str(path)).warnings == []
