"""Resident memory of the node for an idle connection: its growth by 5000 connections that send nothing."""

from __future__ import annotations

from tests.bench.figures import figure
from tests.bench.processes import ask, asudfd, connect, directory, resident_bytes

COUNT = 5000


def run() -> None:
    """Record the growth of the resident memory a connection."""
    with directory() as home, asudfd(home / "state") as daemon:
        address, pid = daemon.addresses[0], daemon.process.pid
        warm = [connect(address) for _ in range(100)]
        ask(warm[-1], b"build")
        before = resident_bytes(pid)
        connections = [connect(address) for _ in range(COUNT)]
        ask(connections[-1], b"build")  # connections are accepted in order: all are there now
        after = resident_bytes(pid)
        for connection in warm + connections:
            connection.close()
    figure("memory of an idle connection", (after - before) / COUNT, "bytes", target="at most 4096 bytes")
