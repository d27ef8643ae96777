"""The example unit for systemd: it says what the daemon relies on."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from asinfo.terminal.options import recognise
from asudfd.cli import OPTIONS
from asudfd.config.schema import ServiceConfig

UNIT = Path(__file__).parents[4] / "config/systemd/asudfd.service"


def read() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their case
    parser.read(UNIT)
    return parser


def test_it_starts_the_daemon_anew_and_watches_it() -> None:
    service = read()["Service"]
    assert (service["Type"], service["Restart"]) == ("notify", "on-failure")
    assert int(service["WatchdogSec"].removesuffix("s")) > 2 * ServiceConfig().watchdog_seconds
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_its_command_line_is_understood() -> None:
    program, *words = read()["Service"]["ExecStart"].split()
    assert program.endswith("/asudfd")
    values = recognise(words, OPTIONS)
    assert values is not None
    assert {"config-file", "work-directory"} <= values.given.keys()
    assert f"/var/lib/{read()['Service']['StateDirectory']}" == values.text("work-directory")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_it(tmp_path: Path) -> None:
    text = UNIT.read_text(encoding="utf-8").replace("/usr/local/bin/asudfd", "/bin/true")
    (tmp_path / UNIT.name).write_text(text, encoding="utf-8")
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / UNIT.name)], check=False, capture_output=True, text=True
    )
    assert UNIT.name not in checked.stderr
