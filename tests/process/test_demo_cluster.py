"""`make demo-cluster`: nodes on a real etcd, and nothing left behind."""

import shutil
from pathlib import Path

import pytest

from tests.demo import run_demo


def test_the_demo_of_a_cluster(tmp_path: Path) -> None:
    if not shutil.which("etcd"):
        pytest.skip("etcd is not installed")
    printed = run_demo("demo_cluster.sh", tmp_path / "demo")
    assert printed.count("\nready 127.0.0.1:") == 4
    shown, _, after = printed.partition("2 of 3 nodes were read")
    assert shown.count("info network") == 2
    assert after
    before, _, after = printed.partition("meanwhile a module is removed")
    assert "bins.lua     same" in before
    shown = after.partition("show udfs")[2]
    assert "counter.lua  same" in shown
    assert "bins.lua" not in shown
