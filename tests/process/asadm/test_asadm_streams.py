"""asadm with standard streams that are closed or full: a message where there is a place for it, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.node import FakeNode

ROOT = Path(__file__).parents[3]


def run(home: Path, redirections: str, *argv: str) -> "subprocess.CompletedProcess[bytes]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ASADM_"))}
    return subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirections}', "sh", sys.executable, "-m", "asadm.cli", *argv],
        env={**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("redirections", "argv", "code", "error"),
    [
        (">&-", ["help"], 1, "asadm: standard output: closed\n"),
        (">&-", ["--version"], 1, "asadm: standard output: closed\n"),
        (">/dev/full", ["help"], 1, "asadm: standard output: no space left on device\n"),
        (">/dev/full", ["--help"], 1, "asadm: standard output: no space left on device\n"),
        (">/dev/full", ["--version"], 1, "asadm: standard output: no space left on device\n"),
        ("", ["-o", "/dev/full", "help"], 1, "asadm: /dev/full: no space left on device\n"),
        ("<&-", [], 2, "asadm: standard input is closed: say what to run, with -e for instance\n"),
        ("<&-", ["enable"], 0, ""),
        ("2>&-", ["nosuch"], 2, ""),
        ("2>&-", ["--nosuch"], 2, ""),
        ("2>/dev/full", ["nosuch"], 2, ""),
        (">&- 2>&-", ["help"], 1, ""),
    ],
)
def test_streams(redirections: str, argv: list[str], code: int, error: str, tmp_path: Path) -> None:
    done = run(tmp_path, redirections, *argv)
    assert (done.returncode, done.stderr.decode()) == (code, error)


@pytest.mark.parametrize("redirections", [">&-", ">/dev/full"])
def test_answers_that_cannot_be_written(redirections: str, tmp_path: Path) -> None:
    with FakeNode({"build": "8"}) as node:
        done = run(tmp_path, redirections, "-h", node.address, "asinfo", "-v", "build")
        assert done.returncode == 1
        assert done.stderr.startswith(b"asadm: standard output: ")
        assert node.connections == (redirections != ">&-")


def test_an_output_file_needs_no_standard_output(tmp_path: Path) -> None:
    with FakeNode({"build": "8"}) as node:
        argv = ["-h", node.address, "-o", "out", "-e", "asinfo -v build --no_node_name"]
        assert run(tmp_path, ">&-", *argv).returncode == 0
    assert (tmp_path / "out").read_bytes() == b"8\n"
