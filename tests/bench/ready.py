"""From exec to the line `ready`, with 100 modules stored."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.bench.processes import ask, asudfd, connect, directory, median, put

if TYPE_CHECKING:
    from pathlib import Path

MODULES = 100
ROUNDS = 7


def run() -> None:
    """Print the median, with and without modules."""
    with directory() as home:
        empty = [_start(home / "empty") for _ in range(ROUNDS)]
        with asudfd(home / "full") as daemon, connect(daemon.addresses[0]) as sock:
            for number in range(MODULES):
                source = f"-- {'x' * 1000}\nfunction f{number}(r) return {number} end\n"
                answer = ask(sock, put(f"module{number}.lua", source.encode()))
                assert answer == b"ok", answer
        full = [_start(home / "full") for _ in range(ROUNDS)]
    print(f"  no module: {median(empty):.3f} s;  {MODULES} modules: {median(full):.3f} s")


def _start(work: Path) -> float:
    began = time.monotonic()
    with asudfd(work):
        return time.monotonic() - began
