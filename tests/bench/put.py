"""`udf-put` of a changed 1 KB module, fsync included, beside what the disk itself takes to make a file durable."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tests.bench.processes import ask, asudfd, connect, directory, median, put

if TYPE_CHECKING:
    import socket
    from pathlib import Path

ROUNDS = 100
PADDING = "x" * 950


def run() -> None:
    """Print medians in milliseconds; the three are interleaved, so that they meet the same disk."""
    changed, identical, disk = [], [], []
    with directory() as home, asudfd(home / "state") as daemon, connect(daemon.addresses[0]) as sock:
        for number in range(ROUNDS):
            source = f"-- {PADDING}\nfunction f(r) return {number} end\n".encode()
            changed.append(_put(sock, source))
            identical.append(_put(sock, source))
            disk.append(_durable_file(home, source))
    print(f"  changed module:                 {median(changed) * 1e3:7.2f} ms")
    print(f"  the same module again:          {median(identical) * 1e3:7.2f} ms")
    print(f"  write, fsync, rename, fsync:    {median(disk) * 1e3:7.2f} ms  (the disk alone)")


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
