"""``asadm udf status --watch`` into a pipe: what it printed when a signal stops it."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.fakes.fleet import Fleet
from tests.process.asadm.test_asadm_terminal import SECONDS, command, environment


@pytest.mark.parametrize(
    "words", [["udf", "status", "--watch", "0.05"], ["-j", "udf", "status", "--watch", "0.05"]]
)
def test_live_in_a_pipe(drifted: Fleet, tmp_path: Path, words: list[str]) -> None:
    drifted[0].fault = "refuses"
    process = subprocess.Popen(
        command("-h", drifted.hosts, *words),
        env=environment(tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    seen = b""
    deadline = time.monotonic() + SECONDS
    mark = b'{"command"' if "-j" in words else b"Ctrl-C ends"
    while seen.count(mark) < 3:
        assert time.monotonic() < deadline, seen
        seen += os.read(process.stdout.fileno(), 65536)
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1, "the code of the worst look"
    assert b"\x1b" not in seen + rest
    assert b"Traceback" not in errors
    if "-j" in words:
        assert json.loads((seen + rest).splitlines()[0])["code"] == 1
