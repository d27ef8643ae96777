"""The page about a node inside of a program: its examples are run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/embedding.md"
SECONDS_MAX = 60


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```\n", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def run(*command: str, directory: Path) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_first_example(tmp_path: Path) -> None:
    out = run("-c", blocks()[0], directory=tmp_path)
    assert re.fullmatch(r"(127\.0\.0\.1) (\d+)\n\[\('\1', \2\)\]\n", out)


def test_the_fixture_for_pytest(tmp_path: Path) -> None:
    pytest.importorskip("aerospike", reason="the aerospike client is not installed")
    (tmp_path / "test_visits.py").write_text(blocks()[1])
    assert "1 passed" in run("-m", "pytest", "-p", "no:cacheprovider", "test_visits.py", directory=tmp_path)


def test_functions_of_valkey(tmp_path: Path) -> None:
    pytest.importorskip("valkey", reason="the valkey client is not installed")
    assert run("-c", blocks()[2], directory=tmp_path) == "b'Hello'\n"
