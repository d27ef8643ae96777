"""What a person looks at daily, of 300 nodes and of 3: `show statistics`, `show config diff`, `info`; time and memory of the whole process.

The nodes are scripted, in another process, with 400 statistics and 200 parameters each. Times are medians of 7, memory is the most of
them; the last figure is against bare Python.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.figures import figure
from tests.bench.fleet import addresses
from tests.bench.processes import BIN, directory, environment, median, raise_file_limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NODES = 300
ROUNDS = 7
BARE = "python -c pass"
DEADLINE = 1.0


class Cost(NamedTuple):
    """What a run of a program took: seconds, and the most bytes that were resident."""

    wall: float
    resident: float


def run() -> None:
    """Record the two of the large fleet, one hung node in it, and `info` of three nodes."""
    raise_file_limit()
    with directory() as home:
        with fleet(NODES) as hosts:
            found = measured(home, hosts, "show statistics")
            figure(f"show statistics, {NODES} nodes: time", found.wall, "s", target="at most 1.0 s")
            figure(
                f"show statistics, {NODES} nodes: memory",
                found.resident / 2**20,
                "MiB",
                target="at most 120 MiB",
            )
            found = measured(home, hosts, "show statistics", "--json")
            figure(f"show statistics --json, {NODES} nodes: time", found.wall, "s")
            found = measured(home, hosts, "show config diff")
            figure(f"show config diff, {NODES} nodes: time", found.wall, "s", target="at most 0.6 s")
        with fleet(NODES, hung=1) as hosts:
            found = measured(home, hosts, "show statistics", rounds=1, code=1)
            figure("show statistics, one hung node: time", found.wall, "s", target="one deadline, 1 s")
        with fleet(3) as hosts:
            info = measured(home, hosts, "info")
        python = median([spawned([sys.executable, "-c", "pass"], home, 0).wall for _ in range(ROUNDS)])
        figure(
            "info, 3 nodes: time",
            info.wall * 1e3,
            "ms",
            target="at most 4 x",
            ratio=info.wall / python,
            against=BARE,
        )


@contextlib.contextmanager
def fleet(count: int, *, hung: int = 0) -> Iterator[str]:
    """The addresses of scripted nodes, for ``-h``, while the block lasts."""
    argv = [sys.executable, "-m", "tests.bench.mirror_fleet", str(count), str(hung)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield ",".join(f"{host}:{port}" for host in addresses(count))
        process.communicate()


def measured(
    home: Path, hosts: str, command: str, *options: str, rounds: int = ROUNDS, code: int = 0
) -> Cost:
    """The median time of the command, and the most memory; one run before them fills the caches."""
    argv = [str(BIN / "asadm"), "-h", hosts, "--timeout", f"{DEADLINE:g}", *options, "-e", command]
    spawned(argv, home, code)
    costs = [spawned(argv, home, code) for _ in range(rounds)]
    return Cost(median([cost.wall for cost in costs]), max(cost.resident for cost in costs))


def spawned(argv: Sequence[str], home: Path, code: int) -> Cost:
    """One run, which must end with ``code``."""
    nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    began = time.monotonic()
    pid = os.posix_spawn(argv[0], list(argv), environment(home), file_actions=nowhere)
    _, status, usage = os.wait4(pid, 0)
    ended = os.waitstatus_to_exitcode(status)
    if ended != code:
        raise SystemExit(f"{' '.join(argv[-2:])} ended with {ended}")
    return Cost(time.monotonic() - began, usage.ru_maxrss * 1024)
