"""`make demo-cluster`: nodes on a real etcd, and nothing left behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

SECONDS_MAX = 120


def test_the_demo_of_a_cluster(tmp_path: Path) -> None:
    if not shutil.which("etcd"):
        pytest.skip("etcd is not installed")
    programs = Path(os.environ.get("DEMO_BIN", Path(sys.executable).parent))
    if not (programs / "asudfd").exists():
        pytest.skip("the programs are not installed beside this Python")
    work = tmp_path / "demo"
    done = subprocess.run(
        ["sh", ROOT / "docs/demo_cluster.sh"],
        env={**os.environ, "DEMO_DIRECTORY": str(work), "DEMO_BIN": str(programs)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\nready 127.0.0.1:") == 4
    assert "3 of 3 nodes answered" in done.stdout
    assert "2 of 3 nodes answered" in done.stdout
    before, _, after = done.stdout.partition("meanwhile a module is removed")
    assert "bins.lua     same" in before
    shown = after.partition("show udfs")[2]
    assert "counter.lua  same" in shown
    assert "bins.lua" not in shown
    assert not work.exists()
