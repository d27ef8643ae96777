"""`asadm function` over 300 primaries and 300 replicas with 10 libraries: time, and CPU a node, of the whole process.

The servers are scripted, in another process. User and system time of the whole `asadm` come from `wait4`; times are medians of 7, CPU is
the least, since others on the machine only add to it. CPU a node is what a run takes beyond one that asks a single server, divided by the number of servers. The last figure is against bare Python.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from asadm.target.valkey.dump_answer import LIST
from tests.bench.figures import figure
from tests.bench.processes import BIN, directory, environment, median, raise_file_limit
from tests.fakes.valkey_fleet import library

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NODES = 300
LIBRARIES = 10
ROUNDS = 7
BARE = "python -c pass"
BARE_LOOP = "a bare loop over epoll, same bytes"
"""The least that so many connections cost in Python here: connect, send, receive, close, and nothing read of what came."""
NOWHERE = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]


class Cost(NamedTuple):
    """What one run of a program took, in seconds."""

    cpu: float
    wall: float


def run() -> None:
    """Record plan, apply, verify and a hung node over the large fleet, and status of three nodes."""
    raise_file_limit()
    with directory() as home:
        (home / "functions").mkdir()
        for number in range(LIBRARIES):
            (home / f"functions/lib{number}.lua").write_bytes(library(number))
        with fleet(home, 1, 0):
            alone = measured(home, ["plan", "functions"])
        with fleet(home, NODES, 0) as addresses:
            bare = bare_loop(addresses)
            found = measured(home, ["plan", "functions"])
            figure(f"plan, {NODES} primaries: time", found.wall, "s", target="at most 0.35 s")
            cpu = (found.cpu - alone.cpu) / (NODES - 1) * 1e6
            figure(
                f"plan, {NODES} primaries: CPU a node",
                cpu,
                "us",
                target="at most 100 us",
                ratio=cpu / bare,
                against=BARE_LOOP,
            )
        rounds = []
        for _ in range(ROUNDS):
            with fleet(home, NODES, 0, libraries=0):
                rounds.append(once(home, ["apply", "functions", "--yes"]))
        figure(
            f"apply, {NODES} primaries: time",
            median([cost.wall for cost in rounds]),
            "s",
            target="at most 0.7 s",
        )
        with fleet(home, NODES, NODES):
            found = measured(home, ["verify", "functions"])
            figure(f"verify, {NODES} replicas besides: time", found.wall, "s", target="at most 0.5 s")
        with fleet(home, NODES, 0, hung=1):
            found = measured(home, ["plan", "functions"], rounds=1, code=1)
            figure("plan, one hung node: time", found.wall, "s", target="one deadline, 1 s")
        with fleet(home, 3, 0):
            status = measured(home, ["status"])
        python = bare_python(home)
        figure(
            "status, 3 nodes: time",
            status.wall * 1e3,
            "ms",
            target="at most 4 x",
            ratio=status.wall / python,
            against=BARE,
        )


@contextlib.contextmanager
def fleet(
    home: Path, primaries: int, replicas: int, *, libraries: int = LIBRARIES, hung: int = 0
) -> Iterator[list[str]]:
    """The addresses of scripted servers, while the block lasts, and an inventory of the first of them."""
    words = map(str, (primaries, replicas, libraries, hung))
    argv = [sys.executable, "-m", "tests.fakes.valkey_fleet", *words]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        addresses = process.stdout.readline().decode().strip().split(",")
        cluster = {"type": "valkey", "mode": "cluster", "nodes": addresses[:1]}
        (home / "asadm.yaml").write_text(json.dumps({"default": "bench", "clusters": {"bench": cluster}}))
        yield addresses
        process.communicate()


def bare_loop(addresses: Sequence[str]) -> float:
    """Microseconds of CPU that a bare loop takes for each server, the least of some rounds."""
    found = []
    for _ in range(ROUNDS):
        before = time.process_time()
        ask_all(addresses)
        found.append(time.process_time() - before)
    return min(found) / len(addresses) * 1e6


def ask_all(addresses: Sequence[str]) -> None:
    """Send all servers what asadm reads them by, and wait until each has answered."""
    waiting: dict[int, socket.socket] = {}
    with select.epoll() as poll:
        for address in addresses:
            host, _, port = address.rpartition(":")
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex((host, int(port)))
            connection.send(LIST)
            poll.register(connection.fileno(), select.EPOLLIN)
            waiting[connection.fileno()] = connection
        while waiting:
            for descriptor, _ in poll.poll():
                connection = waiting.pop(descriptor)
                connection.recv(65_536)
                connection.close()


def measured(home: Path, words: Sequence[str], *, rounds: int = ROUNDS, code: int = 0) -> Cost:
    """The median time of `asadm function WORDS`, and the least CPU; one run before them fills the caches."""
    once(home, words, code=code)
    costs = [once(home, words, code=code) for _ in range(rounds)]
    return Cost(min(cost.cpu for cost in costs), median([cost.wall for cost in costs]))


def once(home: Path, words: Sequence[str], *, code: int = 0) -> Cost:
    """One run, which must end with ``code``."""
    options = ["--inventory", str(home / "asadm.yaml"), "--timeout", "1"]
    paths = [str(home / word) if word == "functions" else word for word in words]
    return spawned([str(BIN / "asadm"), *options, "function", *paths], home, code)


def bare_python(home: Path) -> float:
    return median([spawned([sys.executable, "-c", "pass"], home, 0).wall for _ in range(ROUNDS)])


def spawned(argv: list[str], home: Path, code: int) -> Cost:
    began = time.monotonic()
    pid = os.posix_spawn(argv[0], argv, environment(home), file_actions=NOWHERE)
    _, status, usage = os.wait4(pid, 0)
    ended = os.waitstatus_to_exitcode(status)
    if ended != code:
        raise SystemExit(f"{' '.join(argv[1:])} ended with {ended}")
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - began)
