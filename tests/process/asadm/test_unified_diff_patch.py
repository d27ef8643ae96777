"""Unified diffs of any bytes, applied by patch(1)."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from asadm.fleet.plan.unified_diff import unified


def patched(old: bytes, diff: bytes, path: Path) -> bytes:
    """``old`` after patch(1) has applied ``diff``."""
    (path / "old").write_bytes(old)
    (path / "diff").write_bytes(diff)
    subprocess.run(["patch", "-s", "-u", str(path / "old"), str(path / "diff")], check=True)
    return (path / "old").read_bytes() if (path / "old").exists() else b""


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs patch(1)")
def test_patch_understands_it(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(40):
        old, new = (
            b"".join(b"%d\n" % chance.randrange(6) for _ in range(chance.randrange(1, 40))) for _ in range(2)
        )
        new = new.rstrip(b"\n") if chance.random() < 0.3 else new
        if old != new:
            assert patched(old, unified(old, new, "old", "old"), tmp_path) == new
