"""Round trip of a `udf-put` of a 1 KB module, fsync included, beside what the disk itself takes to make a file durable.

Over one open connection, medians of 100, interleaved with writing, fsyncing and renaming a file of the same size and fsyncing
its directory.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tests.bench.figures import figure
from tests.bench.processes import ask, asudfd, connect, directory, median, put

if TYPE_CHECKING:
    import socket
    from pathlib import Path

ROUNDS = 100
PADDING = "x" * 950


def run() -> None:
    """Record medians in milliseconds; the three are interleaved, so that they meet the same disk."""
    changed, identical, disk = [], [], []
    with directory() as home, asudfd(home / "state") as daemon, connect(daemon.addresses[0]) as sock:
        for number in range(ROUNDS):
            source = f"-- {PADDING}\nfunction f(r) return {number} end\n".encode()
            changed.append(_put(sock, source))
            identical.append(_put(sock, source))
            disk.append(_durable_file(home, source))
    figure("udf-put of a changed module", median(changed) * 1e3, "ms")
    figure("udf-put of the same module again", median(identical) * 1e3, "ms")
    figure("the disk alone: write, fsync, rename, fsync of the directory", median(disk) * 1e3, "ms")


def _put(sock: socket.socket, source: bytes) -> float:
    began = time.perf_counter()
    answer = ask(sock, put("bench.lua", source))
    assert answer == b"ok", answer
    return time.perf_counter() - began


def _durable_file(home: Path, content: bytes) -> float:
    """Seconds to replace a file so that it survives a power failure."""
    began = time.perf_counter()
    with (home / "new").open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    (home / "new").rename(home / "kept")
    number = os.open(home, os.O_RDONLY)
    os.fsync(number)
    os.close(number)
    return time.perf_counter() - began
