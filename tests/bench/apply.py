"""`asadm udf apply` of 200 modules to 300 nodes, some of which fail: CPU, memory and time of the whole process.

The fake nodes of `plan` run in another process. The modules have ten levels; each requires one of the level below. One run of
the whole process `asadm` for each figure, its history included, with `--timeout 2 --wait 30`. The nodes share the two
processors with it and are most of the time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.figures import figure, note
from tests.bench.processes import BIN, directory, environment, raise_file_limit
from tests.fakes.fleet import Fleet

NODES = 300
MODULES = 200
LEVELS = 10
"""Depth of the dependencies: every module requires one of the level below."""

TIMEOUT = 2.0
WAIT = 30.0

SHAPES = {
    "one cluster": (1, 0),
    "30 clusters of 10": (30, 0),
    "300 nodes that stand alone": (0, 0),
    "300 nodes that stand alone, 3 hung and 3 refusing": (0, 3),
    "30 clusters of 10, 3 hung and 3 refusing": (30, 3),
}


def run() -> None:
    """Record the cost of a first apply, a second one and one with --verify, for each shape of clusters."""
    with directory() as home:
        modules = home / "udf"
        modules.mkdir()
        for number in range(MODULES):
            (modules / f"m{number:03}.lua").write_bytes(_source(number))
        for shape in SHAPES:
            argv = [sys.executable, "-m", "tests.bench.apply", shape]
            with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as fleet:
                assert fleet.stdout is not None
                hosts = fleet.stdout.readline().decode().strip()
                words = [
                    str(BIN / "asadm"),
                    "-h",
                    hosts,
                    "--timeout",
                    str(TIMEOUT),
                    "udf",
                    "apply",
                    str(modules),
                ]
                flags = ["--yes", "--wait", str(WAIT), "--history", str(home / "history")]
                _report(home, f"{shape}, apply", [*words, *flags])
                _report(home, f"{shape}, apply again", [*words, *flags])
                _report(home, f"{shape}, apply again with --verify", [*words, *flags, "--verify"])
                fleet.communicate()


def _report(home: Path, name: str, argv: list[str]) -> None:
    began = time.monotonic()
    output = home / "output"
    actions = [
        (os.POSIX_SPAWN_OPEN, 1, str(output), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    pid = os.posix_spawn(argv[0], argv, environment(home), file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - began
    last = output.read_text().splitlines()[-1]
    figure(f"{name}: CPU", usage.ru_utime + usage.ru_stime, "s")
    figure(f"{name}: memory", usage.ru_maxrss / 1024, "MB")
    figure(f"{name}: time", seconds, "s")
    figure(f"{name}: exit code", os.waitstatus_to_exitcode(status), "")
    note(last)


def _source(number: int) -> bytes:
    required = (
        f'local m = require "m{number - MODULES // LEVELS:03}"\n' if number >= MODULES // LEVELS else ""
    )
    lines = "".join(f"  local v{line} = rec['bin{line}']\n" for line in range(30))
    return f"{required}function f(rec)\n{lines}end\n".encode()


def serve(shape: str) -> None:
    """Serve the fake nodes until standard input ends."""
    raise_file_limit()
    clusters, failing = SHAPES[shape]
    with Fleet(NODES, clusters=clusters) as fleet:
        for number in range(failing):
            fleet[number * 100 + 7].fault = "hangs"
            fleet[number * 100 + 57].fault = "refuses"
        print(fleet.hosts, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    serve(sys.argv[1])
