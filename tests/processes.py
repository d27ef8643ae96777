"""A real daemon as a child process, and the few bytes a test needs to talk to it."""

import contextlib
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

READY_SECONDS = 60.0
"""How long a daemon may take to its `ready` line; generous, because the machine may be busy."""

PORTS = range(12_000, 32_000)
"""Below those that Linux gives to outgoing connections."""

ROOT = Path(__file__).parent.parent


RESP = "resp="
"""What stands before the address of a port for Valkey's protocol in the `ready` line."""


class Daemon:
    """A daemon process that has printed its `ready` line; with ``wait`` off, one that may have yet to."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", work_directory: Path, log: Path, *, wait: bool = True
    ) -> None:
        self.process = process
        self.work_directory = work_directory
        self.log = log
        self.addresses: list[tuple[str, int]] = []
        self.resp_addresses: list[tuple[str, int]] = []
        if wait:
            self.await_ready()

    def await_ready(self) -> None:
        """Wait for the `ready` line; fails with the daemon's own words when it does not come."""
        self.addresses = self._ready()

    @property
    def port(self) -> int:
        return self.addresses[0][1]

    def _ready(self) -> list[tuple[str, int]]:
        """Addresses of the `ready` line."""
        assert self.process.stdout is not None
        line = b""
        deadline = time.monotonic() + READY_SECONDS
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                break
            byte = os.read(self.process.stdout.fileno(), 4096)
            if not byte:
                break
            line += byte
        words = line.decode().split()
        if not words or words[0] != "ready":
            self.kill()
            raise AssertionError(f"no ready line but {line!r}:\n{self.log.read_text(errors='replace')}")
        self.resp_addresses = [_address(word) for word in words[1:] if word.startswith(RESP)]
        return [_address(word) for word in words[1:] if "=" not in word]

    def connect(self, node: int = 0) -> socket.socket:
        return socket.create_connection(self.addresses[node], timeout=READY_SECONDS)

    def ask(self, body: bytes, node: int = 0) -> bytes:
        """Reply body of one info request on a connection of its own."""
        with self.connect(node) as connection:
            connection.sendall(frame(body))
            return receive(connection)

    def stop(self) -> int:
        """End the daemon as an operator would; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        try:
            return self.process.wait(READY_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def _address(word: str) -> tuple[str, int]:
    host, _, port = word.removeprefix(RESP).rpartition(":")
    return host, int(port)


def frame(body: bytes, kind: int = 1) -> bytes:
    return bytes([2, kind]) + len(body).to_bytes(6, "big") + body


def receive_exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise AssertionError(f"the daemon closed after {data!r}")
        data += chunk
    return data


def receive(connection: socket.socket) -> bytes:
    header = receive_exactly(connection, 8)
    assert header[:2] == b"\2\1", header
    return receive_exactly(connection, int.from_bytes(header[2:], "big"))


def spawn(
    work_directory: Path, arguments: Sequence[str] = (), **environment: str
) -> "subprocess.Popen[bytes]":
    """A daemon process on a port of the system's choice; its messages go to ``work_directory``.log."""
    command = [sys.executable, "-m", "asudfd.cli", "--port", "0", "--work-directory", str(work_directory)]
    with log_path(work_directory).open("ab") as messages:
        return subprocess.Popen(
            [*command, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
        )


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on just now, and that no outgoing connection is given: a process may come back to its own."""
    ports: list[int] = []
    while len(ports) < count:
        port = random.SystemRandom().choice(PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            if port not in ports:
                ports.append(port)
    return ports


@contextlib.contextmanager
def running(work_directory: Path, arguments: Sequence[str] = ()) -> Iterator[Daemon]:
    """A daemon for as long as the block takes; it must end cleanly."""
    daemon = Daemon(spawn(work_directory, arguments), work_directory, log_path(work_directory))
    try:
        yield daemon
        assert daemon.stop() == 0, daemon.log.read_text(errors="replace")
    finally:
        daemon.kill()


def log_path(work_directory: Path) -> Path:
    return work_directory.with_suffix(".log")
