"""A demo of the Makefile, run to its end with the programs that are installed beside this Python."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

SECONDS_MAX = 120


def run_demo(script: str, work: Path) -> str:
    """What ``script``, a file of docs/, prints; it must succeed and leave nothing in ``work``, its directory."""
    programs = Path(os.environ.get("DEMO_BIN", Path(sys.executable).parent))
    if not (programs / "asudfd").exists():
        pytest.skip("the programs are not installed beside this Python")
    done = subprocess.run(
        ["sh", ROOT / "docs" / script],
        env={**os.environ, "DEMO_DIRECTORY": str(work), "DEMO_BIN": str(programs)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not work.exists()
    return done.stdout
