"""`make demo`: the main job on real input, and nothing left behind, also when it is interrupted."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.demo import lines_that_are_not_printed

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 60
CONTEXTS = re.compile(r"^module=counter:contexts=(\d+):", re.MULTILINE)


def start(work: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "DEMO_DIRECTORY": str(work), "DEMO_BIN": str(Path(sys.executable).parent)}
    return subprocess.Popen(
        ["sh", ROOT / "docs/demo.sh"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def session_is_empty(number: int) -> bool:
    """Whether no process of the session is left."""
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        sessions = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                sessions.append(int(stat.read_text().rpartition(")")[2].split()[3]))
            except OSError:
                continue  # it has just ended
        if number not in sessions:
            return True
        time.sleep(0.02)
    return False


def test_the_demo_does_the_main_job(tmp_path: Path) -> None:
    work = tmp_path / "demo"
    with start(work) as process:
        out, err = process.communicate(timeout=SECONDS_MAX)
        assert process.returncode == 0, err
    assert not err
    before, _, rest = out.partition("udf-clear-cache:")
    cleared, _, after = rest.partition("\n#")
    assert cleared.count("ok") == 3
    assert len(CONTEXTS.findall(before)) == 3, "every node has run the function"
    assert all(int(contexts) > 0 for contexts in CONTEXTS.findall(before))
    assert CONTEXTS.findall(after) == ["0", "0", "0"]
    for path in (ROOT / "config/udf").glob("*.lua"):
        assert out.count(path.name) >= 2, "registered, and listed"
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    printed = out.replace(str(work), ".demo")
    assert lines_that_are_not_printed(printed, page, "From the output of `make demo`") == []
    assert not work.exists()
    assert session_is_empty(process.pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    work = tmp_path / "demo"
    with start(work) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("ready"):
                break
        os.killpg(process.pid, number)
        process.communicate(timeout=SECONDS_MAX)
        assert process.returncode in {128 + number, -number}
    assert not work.exists()
    assert session_is_empty(process.pid)
