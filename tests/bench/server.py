"""CPU time of the node for one `build`, against Debian's redis-server that answers PING to the same load generator.

CPU of the server process from the scheduler's account, divided by the number of requests that were answered; median of 7
interleaved rounds. The server shares one core with the generator and does not preempt it: it always finds the requests of all
connections waiting, as a saturated server does, and its cost does not depend on the speed of the generator. Where redis-server
is missing and root runs the benchmark, apt-get installs it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.figures import figure, note
from tests.bench.load import CORE
from tests.bench.processes import asudfd, cpu_nanoseconds, directory, median

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 7
SECONDS = 0.6
CONNECTIONS = 64
SHAPES = (1, 16)  # requests in flight on each connection
REDIS = "redis-server"
UVLOOP = "asudfd, uvloop"
TARGETS = {(UVLOOP, 1): "at most 1.3 x", (UVLOOP, 16): "at most 2 x"}
Server = tuple[int, tuple[str, int], str]  # process, address, protocol


def run() -> None:
    """Record microseconds of CPU a request, and the ratio to redis-server where there is one."""
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(directory())
        servers = _servers(stack, home)
        for pid, _, _ in servers.values():
            pin(pid)
        for pipeline in SHAPES:
            # each measurement is short and the servers take turns, so that load from outside meets all alike
            samples: dict[str, list[float]] = {name: [] for name in servers}
            for _ in range(ROUNDS):
                for name, server in servers.items():
                    samples[name].append(_measure(server, pipeline))
            _report(samples, pipeline)


def _servers(stack: contextlib.ExitStack, home: Path) -> dict[str, Server]:
    servers: dict[str, Server] = {}
    plain = stack.enter_context(asudfd(home / "plain", ASUDFD_LOOP="asyncio"))
    servers["asudfd, asyncio"] = (plain.process.pid, plain.addresses[0], "info")
    if importlib.util.find_spec("uvloop"):
        fast = stack.enter_context(asudfd(home / "uvloop"))
        servers[UVLOOP] = (fast.process.pid, fast.addresses[0], "info")
    redis = _find_redis()
    if redis:
        servers[REDIS] = stack.enter_context(_redis(redis, home))
    else:
        note("redis-server is not installed (Debian: apt-get install redis-server); no ratio")
    return servers


def _find_redis() -> str | None:
    """The program of Debian's package, installed now where that is possible."""
    if not shutil.which("redis-server") and shutil.which("apt-get") and os.geteuid() == 0:
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "redis-server"]
        subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True)
        subprocess.run(install, check=False, capture_output=True, env={**os.environ, "RUNLEVEL": "1"})
    return shutil.which("redis-server")


@contextlib.contextmanager
def _redis(program: str, home: Path) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    argv = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(home)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "accept connections" in line:
            break
    try:
        yield process.pid, ("127.0.0.1", port), "resp"
    finally:
        process.terminate()
        process.communicate()


def pin(pid: int) -> None:
    """Let a server run on the core of the generator, and never preempt it."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {CORE})
        os.sched_setscheduler(int(task.name), os.SCHED_BATCH, os.sched_param(0))


def _measure(server: Server, pipeline: int) -> float:
    """CPU microseconds of the server a request."""
    pid, (host, port), kind = server
    before = cpu_nanoseconds(pid)
    argv = [host, str(port), str(CONNECTIONS), str(pipeline), kind, str(SECONDS)]
    answered = subprocess.check_output([sys.executable, "-m", "tests.bench.load", *argv])
    time.sleep(0.02)  # let the server see the closed connections, within the account
    return (cpu_nanoseconds(pid) - before) / int(answered) / 1e3


def _report(samples: dict[str, list[float]], pipeline: int) -> None:
    redis = samples.get(REDIS)
    for name, values in samples.items():
        figure(
            f"{CONNECTIONS} connections, {pipeline} in flight on each: {name}",
            median(values),
            "us",
            target=TARGETS.get((name, pipeline)),
            ratio=median(values) / median(redis) if redis and name != REDIS else None,
            against=REDIS,
        )
