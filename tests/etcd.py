"""A real etcd of one or more members on loopback ports: started, frozen, killed and started again by tests.

with etcd.running(tmp_path, members=3) as cluster:
    cluster.endpoints          # what goes into a configuration
    cluster.leader().kill()    # SIGKILL; start() brings the member back with its data
    cluster.ctl("put", "k", "v")
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.processes import free_ports

READY_SECONDS = 60.0
"""How long members may take to elect a leader; generous, because the machine may be busy."""

MEMORY = Path("/dev/shm")
"""Where the data is if it exists: a disk that takes its time to sync would take that of every test."""

START_ATTEMPTS = 3
"""A port that was free a moment ago may be taken; then others are tried."""

POLL_SECONDS = 0.02


def await_true(condition: Callable[[], Any], what: str, seconds: float = READY_SECONDS) -> None:
    """Poll until ``condition`` holds, or fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        select.select((), (), (), POLL_SECONDS)


class Member:
    """One etcd process; it keeps its ports and its data when it is started again."""

    def __init__(self, name: str, directory: Path, ports: tuple[int, int, int]) -> None:
        self.name = name
        self.directory = directory
        self.port = ports[0]
        self.endpoint = f"http://127.0.0.1:{ports[0]}"
        self.peer = f"http://127.0.0.1:{ports[1]}"
        self.secure = f"https://127.0.0.1:{ports[2]}"
        self.log = directory / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.arguments: Sequence[str] = ()

    def start(self) -> None:
        """Start the process; it is not ready yet."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ("etcd", *self.arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
            )

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def get(self, path: str, body: Any = None, seconds: float = 1.0) -> Any:
        """The JSON at ``path``, or None when the member does not answer so."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(
                "GET" if body is None else "POST", path, None if body is None else json.dumps(body)
            )
            reply = connection.getresponse()
            text = reply.read()
            return json.loads(text) if reply.status == http.HTTPStatus.OK else None
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def healthy(self) -> bool:
        """Whether the member serves and knows a leader."""
        answer = self.get("/health")
        return bool(answer) and answer.get("health") in {"true", True}

    def settled(self) -> bool:
        """Whether the member serves, or has ended."""
        return self.healthy() or not self.alive

    def leads(self) -> bool:
        status = self.get("/v3/maintenance/status", {})
        return bool(status) and status.get("leader") == status["header"]["member_id"]

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def freeze(self) -> None:
        """Stop it where it stands: connections stay open, nothing answers."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()


class Etcd:
    """All members; ``endpoints`` are their client URLs."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self.endpoints = [member.endpoint for member in members]

    def start(self) -> None:
        """Start what does not run, and wait until every member serves."""
        for member in self.members:
            if not member.alive:
                member.start()
        self.ready()

    def ready(self) -> None:
        for member in self.members:
            await_true(member.settled, f"{member.name} healthy")
            assert member.alive, member.log.read_text(errors="replace")[-2000:]

    def leader(self) -> Member:
        """The member that leads; waits for an election."""
        await_true(lambda: any(member.leads() for member in self.members if member.alive), "a leader")
        return next(member for member in self.members if member.leads())

    def ctl(self, *words: str, stdin: bytes | None = None) -> bytes:
        """Output of etcdctl."""
        command = ("etcdctl", f"--endpoints={','.join(self.endpoints)}", *words)
        environment = {**os.environ, "ETCDCTL_API": "3"}
        return subprocess.run(command, input=stdin, env=environment, check=True, capture_output=True).stdout

    def compact(self) -> int:
        """Forget all revisions but the present one, which is returned."""
        member = next(member for member in self.members if member.alive)
        key = b64encode(b"x").decode()
        revision = int(member.get("/v3/kv/range", {"key": key}, READY_SECONDS)["header"]["revision"])
        answer = member.get("/v3/kv/compaction", {"revision": str(revision), "physical": True}, READY_SECONDS)
        assert answer is not None
        return revision

    def kill(self) -> None:
        for member in self.members:
            member.kill()


def _make(directory: Path, count: int, options: Sequence[str], secure: Sequence[str]) -> Etcd:
    ports = free_ports(3 * count)
    members = [
        Member(f"etcd{n}", directory, (ports[3 * n], ports[3 * n + 1], ports[3 * n + 2]))
        for n in range(count)
    ]
    cluster = ",".join(f"{member.name}={member.peer}" for member in members)
    for member in members:
        member.arguments = (
            f"--name={member.name}",
            f"--data-dir={directory / member.name}",
            f"--listen-client-urls={member.endpoint}{f',{member.secure}' if secure else ''}",
            f"--advertise-client-urls={member.endpoint}",
            f"--listen-peer-urls={member.peer}",
            f"--initial-advertise-peer-urls={member.peer}",
            f"--initial-cluster={cluster}",
            "--heartbeat-interval=100",
            "--election-timeout=600",  # short, so that a dead leader costs a test little
            "--enable-v2=false",
            *options,
            *secure,
        )
    return Etcd(members)


@contextlib.contextmanager
def running(
    directory: Path, members: int = 1, *, options: Sequence[str] = (), secure: Sequence[str] = ()
) -> Iterator[Etcd]:
    """An etcd that serves. Skips the test where there is none.

    ``options`` are further ones of the program; with ``secure``, those for TLS, it also listens at `Member.secure`.
    """
    if shutil.which("etcd") is None:
        pytest.skip("etcd is not installed")
    for attempt in range(START_ATTEMPTS):
        place = Path(tempfile.mkdtemp(prefix="etcd-", dir=MEMORY if MEMORY.is_dir() else directory))
        cluster = _make(place, members, options, secure)
        try:
            try:
                cluster.start()
            except AssertionError:
                if attempt == START_ATTEMPTS - 1:
                    raise
                continue
            yield cluster
            return
        finally:
            cluster.kill()
            shutil.rmtree(place)
