"""Time from starting the process `asudfd` to its line `ready`, median of 7."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.bench.figures import figure
from tests.bench.processes import ask, asudfd, connect, directory, median, put

if TYPE_CHECKING:
    from pathlib import Path

MODULES = 100
ROUNDS = 7
TARGET = "at most 0.5 s"


def run() -> None:
    """Record the median, with and without modules."""
    with directory() as home:
        empty = [_start(home / "empty") for _ in range(ROUNDS)]
        with asudfd(home / "full") as daemon, connect(daemon.addresses[0]) as sock:
            for number in range(MODULES):
                source = f"-- {'x' * 1000}\nfunction f{number}(r) return {number} end\n"
                answer = ask(sock, put(f"module{number}.lua", source.encode()))
                assert answer == b"ok", answer
        full = [_start(home / "full") for _ in range(ROUNDS)]
    figure("start, no module stored", median(empty), "s", target=TARGET)
    figure(f"start, {MODULES} modules stored", median(full), "s", target=TARGET)


def _start(work: Path) -> float:
    began = time.monotonic()
    with asudfd(work):
        return time.monotonic() - began
