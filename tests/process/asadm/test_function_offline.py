"""``asadm function`` on files in a process of its own: pipes, Ctrl-C, and what a second run imports."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from asinfo.wire.functions import libraries
from tests.process.asadm.test_asadm_terminal import SECONDS, command, environment

LIBRARY = b"""#!lua name=lib
server.register_function('loop', function()
  server.log(server.LOG_NOTICE, 'it runs')
  while true do pcall(error) end
end)
"""

IMPORTED = """
import sys
from asadm import cli
code = cli.run(sys.argv[1:])
print(code, *[name for name in %r if name in sys.modules])
"""
HEAVY = ("lupa", "asudfd", "asyncio", "typing", "yaml", "rich")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/a.lua").write_bytes(LIBRARY)
    return tmp_path


def test_an_rdb_file_into_a_pipe(directory: Path) -> None:
    done = subprocess.run(
        command("function", "rdb", "lib", "--out", "-"),
        cwd=directory,
        env=environment(directory),
        capture_output=True,
        check=True,
    )
    assert libraries(done.stdout) == [LIBRARY]
    assert done.stderr == b""


def test_an_rdb_file_into_a_pipe_that_nobody_reads(directory: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command("function", "rdb", "lib", "--out", "-"),
        cwd=directory,
        env=environment(directory),
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert b"Traceback" not in done.stderr


def test_ctrl_c_ends_a_function(directory: Path) -> None:
    process = subprocess.Popen(
        command("function", "run", "lib/a.lua", "loop", "--limit", "600"),
        cwd=directory,
        env=environment(directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    assert b"it runs" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert out == b""
    assert b"Traceback" not in errors


def test_a_library_that_was_good_before_needs_no_sandbox(directory: Path) -> None:
    argv = [sys.executable, "-c", IMPORTED % (HEAVY,), "function", "lint", "lib"]
    said = []
    for _ in range(2):
        done = subprocess.run(
            argv, cwd=directory, env=environment(directory), capture_output=True, check=True
        )
        said.append(done.stdout.decode().splitlines()[-1].split())
    assert said[0][:3] == ["0", "lupa", "asudfd"]
    assert said[1] == ["0"]
