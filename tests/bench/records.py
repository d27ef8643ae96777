"""Records over the wire: CPU of the node for a request, rates of a Python client, latency while UDFs loop, durable writes.

CPU: the CPU clock of the node's process. Ready-made frames come from one load generator, which shares a core with the node; neither
preempts the other, so that with 64 connections the node finds the requests of all waiting; medians of 7 interleaved rounds. The
floor is a server on the same event loop that answers every chunk with a constant, a reply to `get`: what is above it is the
node's own. A Python built with PGO is 3 to 8 % faster, so the run names its interpreter. "apply" is a call of a UDF that adds to a
counter in the record, "push" one that appends to a list of ten and removes its first element. The rates are those of the
`aerospike` client. The latencies are round trips of one request at a time, about one every millisecond.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from asinfo.wire import frame, request
from tests.bench.figures import distribution, figure, note
from tests.bench.processes import (
    Daemon,
    ask,
    asudfd,
    connect,
    cpu_nanoseconds,
    directory,
    median,
    put,
    ready,
    receive,
    resident_bytes,
)
from tests.bench.records_load import KEYS, MODULE, SMALL, TEN, key
from tests.bench.server import pin

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

ROUNDS = 7
SECONDS = 0.6
FLOOR = "floor"
NAMES = {
    FLOOR: "the floor",
    "put": "put of two bins",
    "put1": "put of one bin",
    "push": "push to a list of ten",
}
"""What the kinds of requests are called that are not called by their names."""

SHAPES = [
    *(
        (kind, connections)
        for connections in (1, 64)
        for kind in (FLOOR, "get", "put1", "put", "apply", "push")
    ),
    ("loop", 1),
]

CPU_TARGETS = {
    ("get", 1): "at most 1.3 x",
    ("put1", 1): "at most 1.6 x",
    ("apply", 1): "at most 2.7 x",
    ("push", 1): "at most 3.5 x",
    ("apply", 64): "at most 20 us",
    ("get", 64): "at most 15 us",
    ("put", 64): "at most 20 us",
    ("loop", 1): "at most 1950 us",
}

CONFIG = """\
namespace test {{
    storage-engine {engine}
    nsup-period 120
}}
"""
DEVICE = """device {{
        file {file}
        filesize 1G
        commit-to-device {commit}
    }}"""

DURABLE_TARGETS = {"writes of 1 KB, commit-to-device true, 64 connections": "at least 5000 /s"}

MEMORY_RECORDS = 50_000
MEMORY_BYTES = 1024
BATCH = 500

LOOPING = (2, 20, 140)
LOOPING_SECONDS = 6.0
THREADED_ITERATIONS = 300_000  # some 3 ms: too long for the event loop


def run() -> None:
    """Record every figure."""
    with directory() as home:
        with _node(home, "pinned") as daemon:
            _cost(daemon)
        with _node(home, "memory") as daemon:
            _seen_by_a_client(daemon)
            _after_clear_cache(daemon)
            _while_udfs_loop(daemon)
        _memory(home)
        _durable(home)


@contextlib.contextmanager
def _node(home: Path, name: str, engine: str = "memory") -> Iterator[Daemon]:
    """A node with its records and the module `bench`."""
    config = home / f"{name}.conf"
    config.write_text(CONFIG.format(engine=engine))
    with asudfd(home / name, "--config-file", str(config)) as daemon:
        answer = daemon.ask(put("bench.lua", MODULE))
        assert answer == b"ok", answer
        with connect(daemon.addresses[0]) as sock:
            for number in range(KEYS):
                _send(sock, request.put(key(number, "applied"), {"count": 1}))
                _send(sock, request.put(key(number, "small"), SMALL))
                _send(sock, request.put(key(number, "ten"), TEN))
        yield daemon


def _send(sock: socket.socket, body: bytes) -> request.RecordReply:
    """One request; raises SystemExit when the node refuses it."""
    reply = _ask(sock, body)
    if reply.result:
        raise SystemExit(f"result code {reply.result}: {reply.bins}")
    return reply


def _ask(sock: socket.socket, body: bytes) -> request.RecordReply:
    sock.sendall(frame.pack(frame.MESSAGE, body))
    return request.reply(_receive(sock))


def _receive(sock: socket.socket) -> bytes:
    _, size = frame.unpack_header(receive(sock, frame.HEADER_SIZE))
    return receive(sock, size)


# ---- CPU


def _cost(daemon: Daemon) -> None:
    """CPU of the node a request, the kinds interleaved; see `server` for how the core is shared."""
    samples: dict[tuple[str, int], list[float]] = {shape: [] for shape in SHAPES}
    with _floor(daemon) as floor:
        pin(daemon.process.pid)
        pin(floor.process.pid)
        for _ in range(ROUNDS):
            for kind, connections in SHAPES:
                asked = (floor, "get") if kind == FLOOR else (daemon, kind)
                answered, used = _load(*asked, connections, SECONDS)
                samples[kind, connections].append(used / answered / 1e3)
    for (kind, connections), values in samples.items():
        what = f"{NAMES.get(kind, kind)}, {connections} connection{'s'[: connections > 1]}"
        ratio = median(values) / median(samples[FLOOR, connections]) if kind != FLOOR else None
        target = CPU_TARGETS.get((kind, connections))
        figure(
            f"{what}: CPU a request", median(values), "us", target=target, ratio=ratio, against=NAMES[FLOOR]
        )


@contextlib.contextmanager
def _floor(daemon: Daemon) -> Iterator[Daemon]:
    """A server that answers as the node does to a `get`, whatever it is asked."""
    with connect(daemon.addresses[0]) as sock:
        sock.sendall(frame.pack(frame.MESSAGE, request.get(key(0, "small"))))
        reply = frame.pack(frame.MESSAGE, _receive(sock))
    argv = [sys.executable, "-m", "tests.bench.records_floor", reply.hex()]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE)
    try:
        yield Daemon(process, ready(process))
    finally:
        process.terminate()
        process.communicate()


def _load(daemon: Daemon, kind: str, connections: int, seconds: float) -> tuple[int, int]:
    """Requests answered, and the nanoseconds of CPU that the node took."""
    pid, (host, port) = daemon.process.pid, daemon.addresses[0]
    before = cpu_nanoseconds(pid)
    argv = [host, str(port), str(connections), kind, str(seconds)]
    answered = subprocess.check_output([sys.executable, "-m", "tests.bench.records_load", *argv])
    time.sleep(0.02)  # let the node see the closed connections, within the account
    return int(answered), cpu_nanoseconds(pid) - before


# ---- what a client sees


def _seen_by_a_client(daemon: Daemon) -> None:
    """Calls a second of one Python client: with the node on one processor, and each on its own."""
    try:
        import aerospike  # noqa: F401 - looked for once, before anything is moved
    except ImportError:
        note("the Python client is not installed (pip install --group compat): no rates")
        return
    cores = sorted(os.sched_getaffinity(0))
    for where, core in (("on the processor of the node", cores[0]), ("on a processor of its own", cores[-1])):
        _bind(daemon.process.pid, {cores[0]})
        _bind(os.getpid(), {core})  # and so the client's threads, which it makes later
        _rates(daemon, where)
    _bind(daemon.process.pid, set(cores))
    _bind(os.getpid(), set(cores))


def _bind(pid: int, cores: set[int]) -> None:
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), cores)


def _rates(daemon: Daemon, place: str) -> None:
    """`apply` beside `get`, in turns."""
    import aerospike

    client = aerospike.client({"hosts": daemon.addresses}).connect()
    where = ("test", "applied", "key1")
    calls: dict[str, Callable[[], object]] = {
        "apply": lambda: client.apply(where, "bench", "increment", ["count", 1]),
        "get": lambda: client.get(where),
    }
    rates: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            rates[name].append(_rate(call))
    client.close()
    apply, get = median(rates["apply"]), median(rates["get"])
    name = f"one Python client, {place}"
    figure(f"{name}: get", get, "/s")
    figure(f"{name}: apply", apply, "/s", target="at least 0.8 x", ratio=apply / get, against="get")


def _rate(call: Callable[[], object]) -> float:
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        call()
        count += 1
    return count / (time.perf_counter() - began)


def _after_clear_cache(daemon: Daemon) -> None:
    """Milliseconds of each call after `udf-clear-cache:`, beside a call of before."""
    body = request.apply(key(1, "applied"), "bench", "increment", ["count", 1])
    rounds, steady = [], []
    with connect(daemon.addresses[0]) as sock:
        for _ in range(3 * ROUNDS):
            steady += [_seconds(sock, body) for _ in range(40)][20:]
            ask(sock, b"udf-clear-cache:")
            rounds.append([_seconds(sock, body) for _ in range(20)])
    medians = [median(values) * 1e6 for values in zip(*rounds, strict=True)]
    before = median(steady) * 1e6
    figure("apply before udf-clear-cache: round trip", before, "us")
    for number in (1, 2, 5, 10, 11, 20):
        name = f"apply after udf-clear-cache, call {number}: round trip"
        figure(name, medians[number - 1], "us", ratio=medians[number - 1] / before, against="before it")


def _seconds(sock: socket.socket, body: bytes) -> float:
    began = time.perf_counter()
    _send(sock, body)
    return time.perf_counter() - began


# ---- while UDFs loop


def _while_udfs_loop(daemon: Daemon) -> None:
    """Latency of `get`, `build` and a call in a thread, on a quiet node and while UDFs loop until their deadlines."""
    _report("quiet node", _latencies(daemon, LOOPING_SECONDS / 3))
    _report("quiet node", _threaded(daemon, LOOPING_SECONDS / 3))
    for looping in LOOPING:
        stop = threading.Event()
        ended: list[int] = []
        threads = [
            threading.Thread(target=_loop, args=(daemon.addresses[0], number, stop, ended))
            for number in range(looping)
        ]
        for thread in threads:
            thread.start()
        _report(f"{looping} UDFs loop", _latencies(daemon, LOOPING_SECONDS))
        _report(f"{looping} UDFs loop", _threaded(daemon, LOOPING_SECONDS / 2))
        stop.set()
        for thread in threads:
            thread.join()
        figure(f"{looping} UDFs loop: endless calls", len(ended), "")
        timeouts = sum(code == 100 for code in ended)
        figure(f"{looping} UDFs loop: endless calls that ended with the timeout", timeouts, "")


def _loop(address: tuple[str, int], number: int, stop: threading.Event, ended: list[int]) -> None:
    body = request.apply(key(number, "looping"), "bench", "forever", [])
    with connect(address) as sock:
        while not stop.is_set():
            ended.append(_ask(sock, body).result)


def _latencies(daemon: Daemon, seconds: float) -> dict[str, list[float]]:
    """Milliseconds of `get` and of `build`, one of each every millisecond or so."""
    found: dict[str, list[float]] = {"get": [], "build": []}
    body = request.get(key(1, "small"))
    end = time.monotonic() + seconds
    with connect(daemon.addresses[0]) as records, connect(daemon.addresses[0]) as info:
        while time.monotonic() < end:
            found["get"].append(_seconds(records, body) * 1e3)
            began = time.perf_counter()
            ask(info, b"build")
            found["build"].append((time.perf_counter() - began) * 1e3)
            time.sleep(0.001)
    return found


def _threaded(daemon: Daemon, seconds: float) -> dict[str, list[float]]:
    """Milliseconds of a call that is too long for the event loop, one after the other."""
    found: list[float] = []
    body = request.apply(key(1, "applied"), "bench", "loop", [THREADED_ITERATIONS])
    end = time.monotonic() + seconds
    with connect(daemon.addresses[0]) as sock:
        while time.monotonic() < end:
            found.append(_seconds(sock, body) * 1e3)
    return {"call of 3 ms in a thread": found}


def _report(when: str, found: dict[str, list[float]]) -> None:
    for name, values in found.items():
        p99 = "at most 10 ms" if "loop" in when and name in {"get", "build"} else None
        distribution(f"{when}: {name}", values, "ms", p99=p99)


# ---- memory and the disk


def _memory(home: Path) -> None:
    """Growth of the node's resident memory a record."""
    data = {"data": b"x" * MEMORY_BYTES}
    with _node(home, "full") as daemon, connect(daemon.addresses[0]) as sock:
        _fill(sock, range(BATCH), data)
        before = resident_bytes(daemon.process.pid)
        _fill(sock, range(BATCH, BATCH + MEMORY_RECORDS), data)
        grown = resident_bytes(daemon.process.pid) - before
    name = f"memory of a record with {MEMORY_BYTES} bytes of data"
    figure(name, grown / MEMORY_RECORDS, "bytes", target="at most 2048 bytes")


def _fill(sock: socket.socket, numbers: range, bins: dict[str, bytes]) -> None:
    for first in range(numbers.start, numbers.stop, BATCH):
        for number in range(first, min(first + BATCH, numbers.stop)):
            sock.sendall(frame.pack(frame.MESSAGE, request.put(key(number, "filled"), bins)))
        for _ in range(first, min(first + BATCH, numbers.stop)):
            assert request.reply(_receive(sock)).result == 0


def _durable(home: Path) -> None:
    """Record acknowledged writes a second of the file engine, interleaved with flushes of the disk alone."""
    rates: dict[str, list[float]] = {}
    with contextlib.ExitStack() as stack:
        nodes = {}
        for commit in ("true", "false"):
            engine = DEVICE.format(file=home / f"commit-{commit}", commit=commit)
            nodes[commit] = stack.enter_context(_node(home, f"device-{commit}", engine))
        for _ in range(3):
            for commit, daemon in nodes.items():
                for connections in (1, 64):
                    answered, _ = _load(daemon, "put1k", connections, 2 * SECONDS)
                    name = f"writes of 1 KB, commit-to-device {commit}, {connections} connection{'s'[: connections > 1]}"
                    rates.setdefault(name, []).append(answered / (2 * SECONDS))
            rates.setdefault("the disk alone: fdatasync of 1 KB", []).append(_flushes(home / "flushed"))
    for name, values in rates.items():
        figure(name, median(values), "/s", target=DURABLE_TARGETS.get(name))


def _flushes(path: Path) -> float:
    """`fdatasync` of 1 KB a second, in a preallocated file."""
    number = os.open(path, os.O_RDWR | os.O_CREAT)
    os.pwrite(number, bytes(8 << 20), 0)
    os.fsync(number)
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < 2 * SECONDS:
        os.pwrite(number, b"x" * 1024, count * 1024 % (8 << 20))
        os.fdatasync(number)
        count += 1
    os.close(number)
    return count / (2 * SECONDS)
