"""The example unit for systemd is one that systemd understands."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.asudfd.test_cli_unit_file import UNIT


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_it(tmp_path: Path) -> None:
    text = UNIT.read_text(encoding="utf-8").replace("/usr/local/bin/asudfd", "/bin/true")
    (tmp_path / UNIT.name).write_text(text, encoding="utf-8")
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / UNIT.name)], check=False, capture_output=True, text=True
    )
    assert UNIT.name not in checked.stderr
