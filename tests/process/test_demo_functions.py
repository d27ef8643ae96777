"""`make demo-functions`: the library of the guide through the real valkey-cli, and nothing left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

SECONDS_MAX = 120


def test_the_demo_of_functions(tmp_path: Path) -> None:
    programs = Path(os.environ.get("DEMO_BIN", Path(sys.executable).parent))
    if not (programs / "asudfd").exists():
        pytest.skip("the programs are not installed beside this Python")
    work = tmp_path / "demo"
    done = subprocess.run(
        ["sh", ROOT / "docs/demo_functions.sh"],
        env={**os.environ, "DEMO_DIRECTORY": str(work), "DEMO_BIN": str(programs)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    steps = done.stdout.split("\n# ")
    assert [step.count("\nready 127.0.0.1:") for step in steps] == [0, 1, 0, 0, 1, 0, 1, 0]
    assert "\nmylib\n" in steps[2]
    assert "\nWho's there?\n" in steps[2]
    assert "\n3\n" in steps[3]
    assert "\nmyfield\nsome value\n" in steps[3]
    assert "\nHash key name not provided\n" in steps[3]
    assert "functions_count\n3\n" in steps[4]
    assert "BUSY Valkey is busy running a script." in steps[5]
    assert "ERR Script killed by user with FUNCTION KILL. script: on @user_function:2." in steps[5]
    assert steps[6].count("functions_count\n3\n") == 3
    assert steps[6].rstrip().endswith("name\nAda")
    assert not work.exists()
