"""One request to each of N loopback nodes: CPU of the fan-out per node, false time-outs, the cost of hung nodes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from asinfo.exchange import Node, exchange
from asinfo.wire import info
from tests.bench.fleet import addresses
from tests.bench.processes import median

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 5
TIMEOUT = 2.0


def run() -> None:
    """Print CPU microseconds a node for several sizes, then the run with one hung node in a hundred."""
    with _fleet(3000, hung=0) as port:
        for count in (3, 30, 300, 3000):
            rounds = [_round(count, port) for _ in range(ROUNDS)]
            cpu = median([cpu for cpu, _, _ in rounds])
            wall = median([wall for _, wall, _ in rounds])
            failed = sum(failed for _, _, failed in rounds)
            print(
                f"  {count:>4} nodes: {cpu / count * 1e6:6.1f} us CPU a node, "
                f"{wall * 1e3:7.1f} ms, {failed} failures in {ROUNDS} rounds"
            )
    with _fleet(3000, hung=30) as port:
        _, wall, failed = _round(3000, port)
        print(f"  3000 nodes, 30 of them hung, time-out {TIMEOUT} s: {wall:.2f} s, {failed} failures")


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
    asks = [(Node(host, port), body) for host in addresses(count)]
    cpu, wall = time.process_time(), time.monotonic()
    replies = exchange(asks, timeout=TIMEOUT)
    return (
        time.process_time() - cpu,
        time.monotonic() - wall,
        sum(reply.failure is not None for reply in replies),
    )
