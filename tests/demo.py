"""A demo of the Makefile, run to its end with the programs that are installed beside this Python."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

SECONDS_MAX = 120


def run_demo(script: str, work: Path) -> str:
    """What ``script``, a file of docs/, prints; it must succeed and leave nothing in ``work``, its directory."""
    programs = Path(os.environ.get("DEMO_BIN", Path(sys.executable).parent))
    if not (programs / "asudfd").exists():
        pytest.skip("the programs are not installed beside this Python")
    done = subprocess.run(
        ["sh", ROOT / "docs" / script],
        env={**os.environ, "DEMO_DIRECTORY": str(work), "DEMO_BIN": str(programs)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not work.exists()
    return done.stdout


def lines_that_are_not_printed(out: str, page: str, introduction: str) -> list[str]:
    """The lines of the session behind ``introduction`` in a page that ``out`` has not, in this order; numbers may be others."""
    (session,) = re.findall(
        rf"^{re.escape(introduction)}[^\n]*\n\n```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL
    )
    printed = map(_shape, out.splitlines())
    return [line for line in session.splitlines() if _shape(line) not in printed]


def _shape(line: str) -> str:
    """``line`` without its numbers, and how wide a table is for them."""
    return " ".join(re.sub(r"\b\d+(\.\d+)?\b", "0", line).split())
