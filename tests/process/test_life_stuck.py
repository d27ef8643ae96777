"""A stop that Lua holds up: a state that a thread makes or frees for ever may cost the daemon seconds, not its end."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, Daemon, frame, log_path

LUA_HANGS = """
import asyncio, sys, threading
from asudfd import cli, server
from asudfd.lua.aerospike.host import UdfHost
from asudfd.process import daemon

daemon.DRAIN_SECONDS = server.LEAVE_SECONDS = 0.2

async def validate(host, filename, content):
    await asyncio.get_running_loop().run_in_executor(host._maker._thread, threading.Event().wait)

UdfHost.validate = validate
sys.exit(cli.run(sys.argv[1:]))
"""

RELEASE_HANGS = """
import sys, threading
from asudfd import cli
from asudfd.process import daemon
from asudfd.process.lock import WorkDirectory

daemon.EXIT_SECONDS = 0.5
WorkDirectory.release = lambda directory: threading.Event().wait()
sys.exit(cli.run(sys.argv[1:]))
"""


def start(tmp_path: Path, script: str) -> Daemon:
    directory = tmp_path / "work"
    with log_path(directory).open("ab") as messages:
        process = subprocess.Popen(
            [sys.executable, "-c", script, "--port", "0", "--work-directory", str(directory)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
        )
    return Daemon(process, directory, log_path(directory))


@pytest.mark.parametrize(
    ("script", "told"),
    [(LUA_HANGS, "1 threads of Lua do not end"), (RELEASE_HANGS, "0.5 s since the signal to stop")],
)
def test_sigterm_ends_it_whatever_hangs(tmp_path: Path, script: str, told: str) -> None:
    daemon = start(tmp_path, script)
    try:
        with daemon.connect() as connection:
            connection.sendall(frame(b"udf-put:filename=a.lua;content=LS0K;content-len=4;\n"))
            assert daemon.ask(b"node\n") == b"node\tA1\n"  # hence the put has begun
            daemon.process.send_signal(signal.SIGTERM)
            assert daemon.wait() == 1
    finally:
        daemon.kill()
    log = daemon.log.read_text()
    assert told in log
    assert "leaving at once" in log
