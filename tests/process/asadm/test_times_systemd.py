"""systemd understands the calendar expressions that cron's five fields become."""

import shutil
import subprocess

import pytest

from asadm.cron.times import parse


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize(
    "text", ["*/15 * * * *", "0 9-17 * * mon-fri", "5,35 3 1 jan *", "0 0 1 * mon", "3 2-20/6 */2 * *"]
)
def test_systemd_accepts_the_expressions(text: str) -> None:
    for calendar in parse(text).calendars:
        subprocess.run(["systemd-analyze", "calendar", calendar], check=True, capture_output=True)
