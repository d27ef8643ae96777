"""Memory of the daemon for a connection on which nothing happens."""

from __future__ import annotations

from tests.bench.processes import ask, asudfd, connect, directory, resident_bytes

COUNT = 5000


def run() -> None:
    """Print the growth of the resident memory a connection."""
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
    print(f"  {COUNT} idle connections: {(after - before) / COUNT:.0f} bytes each")
