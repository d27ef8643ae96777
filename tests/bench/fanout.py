"""One info request to each of up to 3000 nodes: CPU time of the asking process, false timeouts, the cost of hung nodes.

3000 listeners, each on its own address of 127/8, share one epoll of another process; `asinfo.exchange` asks each once. CPU
time without imports, medians of 5 rounds. The hung nodes accept a connection and never answer.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from asinfo.exchange import Endpoint, exchange
from asinfo.wire import info
from tests.bench.figures import figure
from tests.bench.fleet import addresses
from tests.bench.processes import median

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 5
TIMEOUT = 2.0
LARGEST = 3000
HUNG = 30


def run() -> None:
    """Record CPU a node for several sizes, then the run with one hung node in a hundred."""
    with _fleet(LARGEST, hung=0) as port:
        for count in (3, 30, 300, LARGEST):
            rounds = [_round(count, port) for _ in range(ROUNDS)]
            cpu = median([cpu for cpu, _, _ in rounds])
            wall = median([wall for _, wall, _ in rounds])
            failed = sum(failed for _, _, failed in rounds)
            target = "at most 40 us" if count == LARGEST else None
            figure(f"{count} nodes: CPU a node", cpu / count * 1e6, "us", target=target)
            figure(f"{count} nodes: time", wall * 1e3, "ms")
            figure(f"{count} nodes: failures in {ROUNDS} rounds", failed, "", target="0")
    with _fleet(LARGEST, hung=HUNG) as port:
        _, wall, failed = _round(LARGEST, port)
        hung = f"{LARGEST} nodes, {HUNG} of them hung"
        figure(f"{hung}: time", wall, "s", target=f"one timeout, {TIMEOUT:g} s")
        figure(f"{hung}: failures", failed, "", target=str(HUNG))


@contextlib.contextmanager
def _fleet(count: int, *, hung: int) -> Iterator[int]:
    argv = [sys.executable, "-m", "tests.bench.fleet", str(count), str(hung)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate()


def _round(count: int, port: int) -> tuple[float, float, int]:
    """CPU seconds, seconds, and how many nodes gave no answer."""
    body = info.request([b"build"])
    asks = [(Endpoint(host, port), body) for host in addresses(count)]
    cpu, wall = time.process_time(), time.monotonic()
    replies = exchange(asks, timeout=TIMEOUT)
    return (
        time.process_time() - cpu,
        time.monotonic() - wall,
        sum(reply.failure is not None for reply in replies),
    )
