"""The example unit for systemd: it says what the daemon relies on."""

import configparser
from pathlib import Path

from asinfo.terminal.options import recognise
from asudfd.cli import OPTIONS
from asudfd.config.schema import ServiceConfig

UNIT = Path(__file__).parents[3] / "config/systemd/asudfd.service"


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
