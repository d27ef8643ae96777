"""Modules are checked in processes: what such a process may do, what becomes of it, and what the node does without it."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asinfo.wire.udf import put as put_command
from tests.processes import ROOT, Daemon, log_path, running, spawn
from tests.waiting import wait_for
from tests.worker_processes import children, gone

if TYPE_CHECKING:
    from collections.abc import Iterator

PAUSE_SECONDS = 0.002
"""Between two requests of a client that is to be served."""

GOOD = b"function f(r) return 1 end"
ENDLESS = b"while true do end"
MANY_LOCALS = b"local function f() %s " % b" ".join(b"local a%d" % n for n in range(190))
SLOW_TO_COMPILE = MANY_LOCALS * 170 + b"x=1 " * 100_000 + b" end" * 170
"""The compiler looks for `x` among 32,000 local variables each time: for seconds, and nothing can interrupt it."""

SANDBOX_CALLS = (
    b"os.time()",
    b"os.time{year=2020, month=1, day=1}",
    b"os.date()",
    b"os.date('*t').hour",
    b"os.date('%c %Z', 0)",
    b"os.date('!%c')",
    b"os.clock()",
    b"os.difftime(1, 2)",
    b"math.random()",
    b"string.format('%a %5.2f %q', 1, 1.5, 'x')",
    b"tostring({})",
    b"print('x')",
    b"collectgarbage()",
    b"coroutine.wrap(function() coroutine.yield(1) end)()",
)
"""What depends on the system, or on the C library."""

BUILD = b"build\t8.1.2.0\n"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Daemon]:
    with running(tmp_path / "state") as daemon:
        yield daemon


def put(node: Daemon, name: bytes, source: bytes) -> bytes:
    """What the node answers to the put of a module; a message of its is readable."""
    answer = node.ask(put_command(name, source) + b"\n").partition(b"\t")[2].strip()
    _, marker, rest = answer.partition(b"message=")
    return base64.b64decode(rest.partition(b";")[0]) if marker else answer


def test_modules_are_checked_in_a_worker(node: Daemon) -> None:
    [zygote] = children(node.process.pid)
    assert children(zygote) == []
    assert put(node, b"a.lua", GOOD) == b"ok"
    [worker] = children(zygote)
    assert b"expected near" in put(node, b"b.lua", b"function f(")
    assert put(node, b"c.lua", b"local a = require('a')") == b"ok"
    assert children(zygote) == [worker]
    assert b"did not end within 1000 ms" in put(node, b"d.lua", ENDLESS)


@pytest.mark.parametrize("zone", [None, "", "Europe/Berlin", ":/nowhere"])
def test_a_body_may_call_what_the_sandbox_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str | None
) -> None:
    """None of it needs a system call that a worker may not make."""
    if zone is None:
        monkeypatch.delenv("TZ", raising=False)
    else:
        monkeypatch.setenv("TZ", zone)
    with running(tmp_path / "state") as node:
        answers = {call: put(node, b"a.lua", b"local x = " + call) for call in SANDBOX_CALLS}
    assert answers == dict.fromkeys(SANDBOX_CALLS, b"ok")


def test_a_compiler_that_is_stuck_is_killed_and_nobody_waits_for_it(node: Daemon) -> None:
    answers: list[bytes] = []
    stuck = threading.Thread(target=lambda: answers.append(put(node, b"slow.lua", SLOW_TO_COMPILE)))
    stuck.start()
    served = 0
    while stuck.is_alive():
        assert node.ask(b"build\n") == BUILD
        served += 1
        stuck.join(PAUSE_SECONDS)
    assert answers == [b"module takes more than 1 s to compile"]
    assert served > 100
    assert put(node, b"a.lua", GOOD) == b"ok"


def test_a_worker_that_dies_fails_its_check_alone(node: Daemon) -> None:
    assert put(node, b"a.lua", GOOD) == b"ok"
    [zygote] = children(node.process.pid)
    [worker] = children(zygote)
    answers: list[bytes] = []
    checking = threading.Thread(target=lambda: answers.append(put(node, b"d.lua", ENDLESS)))
    checking.start()
    wait_for(lambda: Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[0] == "R")
    os.kill(worker, signal.SIGKILL)
    checking.join()
    assert answers == [b"the process that checked the module has ended"]
    assert put(node, b"b.lua", GOOD) == b"ok"


def test_a_worker_that_died_while_it_was_idle_fails_no_check(node: Daemon) -> None:
    assert put(node, b"a.lua", GOOD) == b"ok"
    [zygote] = children(node.process.pid)
    [worker] = children(zygote)
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: gone(worker))
    assert put(node, b"b.lua", GOOD) == b"ok"
    assert children(zygote) != [worker]


def test_a_zygote_that_died_has_a_successor(node: Daemon) -> None:
    [zygote] = children(node.process.pid)
    os.kill(zygote, signal.SIGKILL)
    assert put(node, b"a.lua", GOOD) == b"ok"
    assert b"expected near" in put(node, b"b.lua", b"function f(")
    [successor] = children(node.process.pid)
    assert successor != zygote
    assert len(children(successor)) == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_node(tmp_path: Path, how: signal.Signals) -> None:
    work_directory = tmp_path / "state"
    node = Daemon(spawn(work_directory), work_directory, log_path(work_directory))
    assert put(node, b"a.lua", GOOD) == b"ok"
    [zygote] = children(node.process.pid)
    [worker] = children(zygote)
    node.process.send_signal(how)
    node.wait()
    wait_for(lambda: gone(zygote) and gone(worker))


CONFINED = """
import os, socket, sys
from asudfd.lua.worker import confinement
if len(sys.argv) > 2:
    confinement.STATM = sys.argv[2]
lacking = confinement.confine(64 << 20)
print(",".join(lacking), flush=True)
exec(sys.argv[1])
print("done", flush=True)
"""


@pytest.mark.parametrize(
    ("what", "ended"),
    [
        ("1 + 1", 0),
        ("open('/etc/passwd')", -signal.SIGSYS),
        ("socket.socket()", -signal.SIGSYS),
        ("os.fork()", -signal.SIGSYS),
        ("os.kill(os.getppid(), 0)", -signal.SIGSYS),
        ("b'x' * (1 << 30)", 1),
    ],
)
def test_what_a_confined_process_cannot_do(what: str, ended: int) -> None:
    run = subprocess.run([sys.executable, "-c", CONFINED, what], cwd=ROOT, capture_output=True, check=False)
    lacking = run.stdout.decode().splitlines()[0]
    assert "seccomp" not in lacking
    assert "resource limits" not in lacking
    assert "limit of memory" not in lacking
    assert run.returncode == ended, run.stderr
    assert (b"done" in run.stdout) == (ended == 0)


def test_without_proc_the_other_measures_hold() -> None:
    command = [sys.executable, "-c", CONFINED, "open('/etc/passwd')", "/nowhere/statm"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert "a limit of memory" in run.stdout.decode().splitlines()[0].split(",")
    assert run.returncode == -signal.SIGSYS, run.stderr
