"""The test in a repository that ``asadm udf init`` has written passes, and fails when the module is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asadm.fleet.desired.new_repository import files

pytest.importorskip("aerospike")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for path, text in files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (
        tmp_path / "pytest.ini"
    ).touch()  # or the settings of this repository would count, which may lie around it
    return tmp_path


def _pytest(directory: Path) -> subprocess.CompletedProcess[str]:
    """With the plugin of asudf alone: that of an installed one could be another tree's."""
    plugins = ["-p", "asudfd.pytest_plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins],
        cwd=directory, env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "HOME": str(directory)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_it_passes(repository: Path) -> None:
    done = _pytest(repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_it_fails_when_the_module_is_wrong(repository: Path) -> None:
    module = repository / "udf/counter.lua"
    module.write_text(module.read_text().replace("before + amount", "amount"))
    done = _pytest(repository)
    assert done.returncode == 1
    assert "1 failed, 3 passed" in done.stdout
