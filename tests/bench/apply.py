"""`asadm udf apply` of 200 modules to 300 nodes: CPU, memory and time of the whole process; and with nodes that fail."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.processes import BIN, directory, environment, raise_file_limit
from tests.fakes.fleet import Fleet

NODES = 300
MODULES = 200
LEVELS = 10
"""Every module requires one of the level below."""

TIMEOUT = 2.0
WAIT = 30.0

SHAPES = {
    "one cluster": (1, 0),
    "30 clusters of 10": (30, 0),
    "300 nodes that stand alone": (0, 0),
    "the same, 3 hung and 3 refusing": (0, 3),
    "30 clusters, 3 hung and 3 refusing": (30, 3),
}


def run() -> None:
    """Print what an apply costs, by how the nodes hang together, and what a second one costs."""
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
                print(f"  {NODES} nodes, {MODULES} modules, {shape}", flush=True)
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
                _report(home, "apply", [*words, *flags])
                _report(home, "again", [*words, *flags])
                _report(home, "again, --verify", [*words, *flags, "--verify"])
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
    print(
        f"    {name:16} {usage.ru_utime + usage.ru_stime:5.2f} s CPU, {usage.ru_maxrss / 1024:4.0f} MB peak, "
        f"{seconds:5.2f} s, exit code {os.waitstatus_to_exitcode(status)}: {last}",
        flush=True,
    )


def _source(number: int) -> bytes:
    required = (
        f'local m = require "m{number - MODULES // LEVELS:03}"\n' if number >= MODULES // LEVELS else ""
    )
    lines = "".join(f"  local v{line} = rec['bin{line}']\n" for line in range(30))
    return f"{required}function f(rec)\n{lines}end\n".encode()


def serve(shape: str) -> None:
    """Be the fleet until standard input ends."""
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
