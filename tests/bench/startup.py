"""CPU time of the whole process of `asinfo` and `asadm`, against `python -c pass` of the same virtual environment.

User and system time from `wait4`, medians of 31 interleaved rounds in random order. Bytecode is cached; `asadm` asks three
nodes of a running `asudfd`.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

from tests.bench.figures import figure
from tests.bench.processes import BIN, asudfd, directory, environment, median, run_cpu_seconds

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 31
BARE = "python -c pass"
TARGETS = {
    "asinfo -v build": "at most 2.5 x",
    'asadm -h A,B,C -e "asinfo -v build"': "at most 4 x",
}


def run() -> None:
    """Record milliseconds and the ratio to bare Python."""
    with directory() as home, asudfd(home / "state", "--nodes", "3") as daemon:
        commands = _commands(home, [f"{host}:{port}" for host, port in daemon.addresses])
        samples = _measure(commands, environment(home))
    bare = median(samples[BARE])
    for name, values in samples.items():
        ratio = None if name == BARE else median(values) / bare
        figure(
            f"{name}: CPU", median(values) * 1e3, "ms", target=TARGETS.get(name), ratio=ratio, against=BARE
        )


def _commands(home: Path, hosts: list[str]) -> dict[str, list[str]]:
    inventory = home / "asadm.yaml"
    nodes = "".join(f"      - {host}\n" for host in hosts)
    inventory.write_text(f"default: bench\nclusters:\n  bench:\n    nodes:\n{nodes}")
    asinfo, asadm = str(BIN / "asinfo"), str(BIN / "asadm")
    return {
        BARE: [sys.executable, "-c", "pass"],
        "asinfo -v build": [asinfo, "-h", hosts[0], "-v", "build"],
        'asadm -h A,B,C -e "asinfo -v build"': [asadm, "-h", ",".join(hosts), "-e", "asinfo -v build"],
        'asadm --inventory F -e "asinfo -v build"': [
            asadm, "--inventory", str(inventory), "-e", "asinfo -v build",
        ],
        "asadm --help": [asadm, "--help"],
    }  # fmt: skip


def _measure(commands: dict[str, list[str]], env: dict[str, str]) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {name: [] for name in commands}
    for argv in commands.values():
        run_cpu_seconds(argv, env)  # bytecode and caches are made now
    for _ in range(ROUNDS):
        for name in random.sample(list(commands), len(commands)):
            samples[name].append(run_cpu_seconds(commands[name], env))
    return samples
