"""The asinfo command as a process: completion, output that nobody takes, imports, Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.fakes.node import FakeNode, Peer
from tests.unit.asinfo.test_cli import Run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run: Run, shell: str) -> None:
    code, out, _ = run("--completion", shell)
    assert code == 0
    assert b"tls-cafile" in out
    checker = {"bash": "bash", "zsh": "zsh", "fish": "fish"}[shell]
    try:
        done = subprocess.run([checker, "-n"], input=out, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip(f"no {checker} here")
    assert (done.returncode, done.stderr) == (0, b"")


PROGRAM = [sys.executable, "-c", "import sys; from asinfo.cli import main; sys.exit(main())"]


def process(*argv: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.run([*PROGRAM, *argv], env=environment, timeout=30, check=False, **options)  # type: ignore[call-overload,no-any-return] # options pass through


def test_full_disk(node: FakeNode) -> None:
    with Path("/dev/full").open("wb") as full:
        done = process("-h", node.address, "-v", "build", stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, b"asinfo: standard output: no space left on device\n")


def test_nobody_reads(node: FakeNode) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = process("-h", node.address, "-v", "build", stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_closed_standard_output(node: FakeNode) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&-', "sh", *PROGRAM, "-h", node.address, "-v", "build"],
        stderr=subprocess.PIPE, check=False, timeout=30, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert done.stderr.startswith(b"asinfo: standard output: ")
    assert node.connections == 0


FORBIDDEN = {
    "argparse", "asyncio", "collections", "dataclasses", "enum", "httpx", "inspect", "json", "logging", "pathlib", "re",
    "rich", "selectors", "socket", "ssl", "threading", "tomllib", "typer", "typing", "yaml", "asinfo.terminal.application",
    "asinfo.terminal.render", "asinfo.login", "asinfo.tls", "asinfo.astools", "asinfo.reasons", "asinfo.resolve",
}  # fmt: skip


def test_a_plain_run_imports_little(node: FakeNode) -> None:
    """The start-up budget of the tool is kept by what it does not import."""
    code = "import sys; from asinfo.cli import run; code = run(sys.argv[1:]); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r}); {code}",
         "-h", node.address, "-v", "build"],
        capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, b"8.1.2.0\n")
    assert FORBIDDEN & set(done.stderr.decode().split()) == set()


def test_ctrl_c() -> None:
    """Ends at once, says which node did not answer, exit 130, no traceback."""
    reached = threading.Event()

    def behave(peer: Peer) -> None:
        peer.request()
        reached.set()
        peer.wait()

    with FakeNode(behaviour=behave) as hung:
        started = subprocess.Popen(
            [*PROGRAM, "-h", hung.address, "-v", "build", "--timeout", "30"],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with started:
            assert reached.wait(20)
            started.send_signal(signal.SIGINT)
            out, err = started.communicate(timeout=20)
    assert (started.returncode, out) == (130, b"")
    assert err.decode() == f"asinfo: {hung.address}: interrupted: interrupted before the answer\n"
