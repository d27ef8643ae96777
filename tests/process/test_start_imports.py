"""What a start imports: what costs time and is not always needed is imported where it is needed."""

import subprocess
import sys

import pytest

from asudfd.valkey.commands import FAMILIES
from tests.processes import ROOT


def modules(statement: str) -> set[str]:
    command = [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)"]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import asudfd", {"typing", "asyncio", "asudfd.embedded", "asudfd.errors", "asudfd.server", "lupa"}),
        ("import asudfd.cli", {"typer", "asyncio", "yaml", "lupa", "asudfd.server"}),
        (
            "import asudfd.commands.run",
            {"typer", "rich", "asyncio", "yaml", "asudfd.config", "asudfd.lua.host", "difflib"},
        ),
        ("import asudfd.process.daemon", {"h11", "httpx", "typer", "yaml", "asudfd.exposition"}),
    ],
)
def test_a_start_does_without(statement: str, absent: set[str]) -> None:
    assert not modules(statement) & absent


FACE = "from asudfd.valkey.commands import FAMILIES, import_families\nfrom asudfd.valkey.server import ValkeyServer"


def test_the_valkey_face_starts_without_its_handlers_and_imports_them_afterwards() -> None:
    serve = (
        f"{FACE}\nfrom asudfd.valkey.settings import ValkeySettings\nValkeyServer(ValkeySettings(), print)"
    )
    families = {f"asudfd.valkey.commands.{family}" for family in FAMILIES}
    assert not modules(serve) & {
        *families,
        "asinfo.wire.rdb",
        "asudfd.valkey.journal",
        "asudfd.valkey.preload",
    }
    assert modules(f"{serve}\nfor _ in import_families():\n    pass") >= families
