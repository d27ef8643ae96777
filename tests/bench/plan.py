"""`asadm udf plan` and `udf status` over 300 nodes with 200 modules each: CPU, memory and time of the whole process.

The nodes are scripted, in another process. User and system time and the largest resident memory of the whole `asadm` come from
`wait4`; medians of 5. The directory has 200 modules of 1.4 KB that require each other.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from tests.bench.figures import figure
from tests.bench.processes import BIN, directory, environment, median, raise_file_limit
from tests.fakes.fleet import Fleet

NODES = 300
MODULES = 200
ROUNDS = 5
NOWHERE = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]


def run() -> None:
    """Record the cost of plan and status without drift, with little drift and with drift of every module."""
    with directory() as home:
        modules = home / "udf"
        modules.mkdir()
        for number in range(MODULES):
            (modules / f"m{number:03}.lua").write_bytes(_source(number))
        for drift in ("none", "one module on each node", "every module on every node"):
            argv = [sys.executable, "-m", "tests.bench.plan", drift]
            with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as fleet:
                assert fleet.stdout is not None
                hosts = fleet.stdout.readline().decode().strip()
                for words in (["udf", "plan"], ["-j", "udf", "plan"], ["udf", "status", "--dir"]):
                    _report(home, drift, hosts, [*words, str(modules)])
                fleet.communicate()


def _report(home: Path, drift: str, hosts: str, words: list[str]) -> None:
    rounds = [_measure([str(BIN / "asadm"), "-h", hosts, *words], environment(home)) for _ in range(ROUNDS)]
    is_plan = words[0] == "udf" and words[1] == "plan"
    name = f"asadm {' '.join(words[:-1])}, drift: {drift}"
    figure(
        f"{name}: CPU", median([cost.cpu for cost in rounds]), "s", target="at most 3 s" if is_plan else None
    )
    figure(
        f"{name}: memory",
        median([cost.peak for cost in rounds]) / 1e6,
        "MB",
        target="at most 150 MB" if is_plan else None,
    )
    figure(f"{name}: time", median([cost.seconds for cost in rounds]), "s")


class Cost(NamedTuple):
    """What one run of a program took: CPU seconds, largest resident bytes, seconds."""

    cpu: float
    peak: int
    seconds: float


def _measure(argv: list[str], env: dict[str, str]) -> Cost:
    """One run, which must have read every node."""
    began = time.monotonic()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=NOWHERE)
    _, status, usage = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in {0, 3}:
        raise SystemExit(f"{' '.join(argv[3:])} ended with {code}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, time.monotonic() - began)


def _source(number: int, variant: int = 0) -> bytes:
    required = f'local m = require "m{number - 1:03}"\n' if number % 10 else ""
    lines = "".join(f"  local v{line} = rec['bin{line}'] or {variant}\n" for line in range(30))
    return f"{required}function f(rec)\n{lines}end\n".encode()


def serve(drift: str) -> None:
    """Serve the fake nodes until standard input ends."""
    raise_file_limit()
    with Fleet(NODES) as fleet:
        for number in range(MODULES):
            fleet.load(f"m{number:03}.lua".encode(), _source(number))
        for node in fleet.nodes:
            changed = {"none": range(0), "one module on each node": [node.number % MODULES]}.get(
                drift, range(MODULES)
            )
            for number in changed:
                node.hold(f"m{number:03}.lua".encode(), _source(number, node.number + 1))
        for node in fleet.nodes:  # its list costs a digest a module: made once, not in every run
            listing = node.answer(b"udf-list")
            node.before = lambda _, command, listing=listing: listing if command == b"udf-list" else None
        print(fleet.hosts, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    serve(sys.argv[1])
