"""Processes for benchmarks: a daemon, a blocking client, CPU time and memory of a process, commit and machine."""

from __future__ import annotations

import base64
import contextlib
import os
import platform
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from asinfo.wire import frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BIN = Path(sys.executable).parent
START_SECONDS_MAX = 30
_CPU_CLOCK = (
    2  # of Linux: beside the inverted number of a process, the clock that `clock_getcpuclockid` names
)


@contextlib.contextmanager
def directory() -> Iterator[Path]:
    """A temporary directory. `make bench` sets TMPDIR to a real disk, so that fsync is measured and not a tmpfs."""
    path = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def environment(home: Path, **extra: str) -> dict[str, str]:
    """A minimal environment for child processes, independent of the user's shell."""
    return {"HOME": str(home), "PATH": f"{BIN}:/usr/bin:/bin", "LANG": "C.UTF-8", **extra}


class Daemon:
    """A running asudfd: its process and the address of each of its nodes."""

    def __init__(self, process: subprocess.Popen[bytes], addresses: list[tuple[str, int]]) -> None:
        self.process = process
        self.addresses = addresses

    def ask(self, command: bytes) -> bytes:
        """The answer of the first node to ``command``, over a connection of its own."""
        with connect(self.addresses[0]) as sock:
            return ask(sock, command)


@contextlib.contextmanager
def asudfd(work: Path, *options: str, **extra: str) -> Iterator[Daemon]:
    """A daemon on ports of the system's choice, ready; stopped at the end. ``extra`` joins its environment."""
    argv = [str(BIN / "asudfd"), "--port", "0", "--work-directory", str(work), *options]
    with (work.parent / "asudfd.log").open("ab") as log:
        process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=log, env=environment(work.parent, **extra)
        )
    try:
        yield Daemon(process, ready(process))
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=START_SECONDS_MAX)


def ready(process: subprocess.Popen[bytes]) -> list[tuple[str, int]]:
    """The addresses in the line `ready HOST:PORT ... resp=HOST:PORT`; blocks until it comes or the process ends."""
    assert process.stdout is not None
    words = process.stdout.readline().decode().split()
    if words[:1] != ["ready"]:
        raise SystemExit(f"asudfd did not start: {words}")
    places = (word.rpartition("=")[2].rpartition(":") for word in words[1:])
    return [(host, int(port)) for host, _, port in places]


def connect(address: tuple[str, int]) -> socket.socket:
    """A blocking connection."""
    sock = socket.create_connection(address, timeout=START_SECONDS_MAX)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def ask(sock: socket.socket, command: bytes) -> bytes:
    """The answer to one command on an open connection."""
    sock.sendall(frame.pack(frame.INFO, command + b"\n"))
    _, size = frame.unpack_header(receive(sock, frame.HEADER_SIZE))
    return receive(sock, size)[len(command) + 1 : -1]


def receive(sock: socket.socket, size: int) -> bytes:
    """Exactly ``size`` bytes."""
    data = bytearray()
    while len(data) < size:
        chunk = sock.recv(size - len(data))
        if not chunk:
            raise SystemExit("the node closed the connection")
        data += chunk
    return bytes(data)


def put(filename: str, source: bytes) -> bytes:
    """The command that registers a module."""
    content = base64.b64encode(source)
    return b"udf-put:filename=%s;content=%s;content-len=%d;udf-type=LUA;" % (
        filename.encode(),
        content,
        len(content),
    )


def cpu_nanoseconds(pid: int) -> int:
    """The CPU clock of a process: what all its threads have used, those that have ended among them."""
    return time.clock_gettime_ns(~pid << 3 | _CPU_CLOCK)


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def run_cpu_seconds(argv: Sequence[str], env: dict[str, str], *, quiet: bool = False) -> float:
    """User and system time of a process from start to end, from `wait4`; ``quiet``: its messages are not shown."""
    streams = (1, 2) if quiet else (1,)
    actions = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in streams]
    pid = os.posix_spawn(argv[0], list(argv), env, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(argv)} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def raise_file_limit() -> None:
    """Let this process and its children open as many files as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def percentile(values: Sequence[float], percent: float) -> float:
    """The percentile ``percent`` of ``values``."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def median(values: Sequence[float]) -> float:
    """The median of ``values``."""
    return statistics.median(values)


def commit() -> str:
    """The commit that is measured, with `+` where files differ from it; the figures and their page do not count."""
    figures = [":!docs/benchmarks.json", ":!docs/benchmarks.md"]
    try:
        head = _git("rev-parse", "--short", "HEAD").strip()
        changed = _git("status", "--porcelain", "--", ".", *figures)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"  # no git, or no repository: an unpacked sdist
    return head + "+" * bool(changed)


def _git(*words: str) -> str:
    root = Path(__file__).parents[2]
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout


def machine() -> str:
    """Processors, kernel and Python on one line."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{os.cpu_count()} x {model}, {platform.system()} {platform.release()}, {interpreter()}"


def interpreter() -> str:
    """The Python that runs, and whether it was built with PGO (profile-guided optimisation)."""
    optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    return f"Python {platform.python_version()}, built with{'' if optimised else 'out'} PGO"
