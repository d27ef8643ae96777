"""Where Lua runs: `isolation inline` beside `isolation process`: CPU of node and workers, latency beside functions that hang.

CPU: the clocks of the node's process and of its workers, each divided by the requests answered; node, workers and load generator share
one core, medians of interleaved rounds. The rates are those of two modules against one of them, on two processors that the node and its
clients share: with one client each, a module has one worker at a time; with more clients a single module already has all processors.
The hostile minute: 20 clients call 80 functions that hang in a single instruction, for half a second each; a prober increments a counter
every 4 ms. HOSTILE_SECONDS=5 in the environment makes it shorter.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire import frame, request
from asinfo.wire.request import Key, Policy
from tests.bench.figures import distribution, figure
from tests.bench.processes import (
    Daemon,
    asudfd,
    connect,
    cpu_nanoseconds,
    directory,
    median,
    percentile,
    put,
    receive,
)
from tests.bench.records_load import KEYS, MODULE, SMALL, key
from tests.bench.server import pin
from tests.hostile_lua import MATCHER, REHASH, module
from tests.worker_processes import children, private_bytes

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

ROUNDS = 7
SECONDS = 0.6
MODES = ("inline", "process")
CONNECTIONS = (1, 64)
TARGETS = {1: "at most 2 x", 64: "at most 1.6 x"}
NODE_TARGET = "at most 1.2 x"

BUSY_ITERATIONS = {0.3: 30_000, 3: 300_000}
"""How often a function that takes so many milliseconds goes round its loop."""

BUSY_SECONDS = 2.0
BUSY_CLIENTS = 8

CLIENTS, FUNCTIONS, LIMIT = 20, 80, 500
HOSTILE_SECONDS = float(os.environ.get("HOSTILE_SECONDS", "60"))
PROBE_PAUSE = 0.004

HANGS = 20
RESPAWNS = 10_000


def run() -> None:
    """Record every figure, of both modes."""
    with directory() as home:
        with contextlib.ExitStack() as stack:
            nodes = {mode: stack.enter_context(_node(home, mode)) for mode in MODES}
            _cost(nodes)
        for mode in MODES:
            with _node(home, mode) as node:
                _memory(node, mode)
                _ends(node, mode)
                _hostile(node, mode)
        with _node(home, "process") as node:
            _two_modules(node)
            _respawns(node)


@contextlib.contextmanager
def _node(home: Path, mode: str) -> Iterator[Daemon]:
    """A node of a mode with its records, and the modules `bench`, `other` and `hostile`."""
    hostile = module([REHASH, MATCHER] * (FUNCTIONS // 2))
    with asudfd(home / mode, "--set", f"mod-lua.isolation={mode}") as node:
        for name, source in (("bench", MODULE), ("other", MODULE), ("hostile", hostile)):
            answer = node.ask(put(f"{name}.lua", source))
            assert answer == b"ok", answer
        with connect(node.addresses[0]) as sock:
            for number in range(KEYS):
                _ask(sock, request.put(key(number, "applied"), {"count": 1}))
                _ask(sock, request.put(key(number, "small"), SMALL))
            for _ in range(100):  # until the function is known to be quick
                _ask(sock, _increment("bench", 0))
        yield node


def _increment(name: str, number: int) -> bytes:
    return request.apply(key(number, "applied"), name, "increment", ["count", 1], Policy(limit=60_000))


def _ask(sock: socket.socket, body: bytes) -> request.RecordReply:
    sock.sendall(frame.pack(frame.MESSAGE, body))
    _, size = frame.unpack_header(receive(sock, frame.HEADER_SIZE))
    return request.reply(receive(sock, size))


def _workers(node: Daemon) -> list[int]:
    return [worker for zygote in children(node.process.pid) for worker in children(zygote)]


# ---- CPU


def _cost(nodes: dict[str, Daemon]) -> None:
    """CPU of node and workers a request, the modes interleaved."""
    samples: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
    for node in nodes.values():
        pin(node.process.pid)
        for worker in _workers(node):
            pin(worker)
    for _ in range(ROUNDS):
        for connections in CONNECTIONS:
            for kind in ("get", "apply"):
                for mode, node in nodes.items():
                    used = _load(node, kind, connections)
                    samples.setdefault((kind, mode, connections), []).append(used)
    for (kind, mode, connections), values in samples.items():
        inline = samples[kind, "inline", connections] if mode != "inline" else None
        what = f"{mode}: {kind}, {connections} connection{'s'[: connections > 1]}"
        own, theirs = (median([value[part] for value in values]) for part in (0, 1))
        whole_before = median([sum(value) for value in inline]) if inline else None
        own_before = median([value[0] for value in inline]) if inline else None
        _compared(f"{what}: CPU of the node", own, own_before, NODE_TARGET)
        if kind == "apply":
            figure(f"{what}: CPU of its workers", theirs, "us")
            _compared(f"{what}: CPU of both", own + theirs, whole_before, TARGETS[connections])


def _compared(name: str, value: float, before: float | None, target: str) -> None:
    ratio = None if before is None else value / before
    figure(name, value, "us", target=target if before else None, ratio=ratio, against="inline")


def _load(node: Daemon, kind: str, connections: int) -> tuple[float, float]:
    """Microseconds of the node and of its workers a request."""
    host, port = node.addresses[0]
    workers = _workers(node)
    before = cpu_nanoseconds(node.process.pid), _taken(workers)
    argv = [host, str(port), str(connections), kind, str(SECONDS)]
    answered = int(subprocess.check_output([sys.executable, "-m", "tests.bench.records_load", *argv]))
    time.sleep(0.02)  # let the node see the closed connections, within the account
    after = cpu_nanoseconds(node.process.pid), _taken(set(workers) | set(_workers(node)))
    own, theirs = ((later - earlier) / answered / 1e3 for earlier, later in zip(before, after, strict=True))
    return own, theirs


def _taken(workers: list[int] | set[int]) -> int:
    total = 0
    for worker in workers:
        with contextlib.suppress(OSError):  # it has ended
            total += cpu_nanoseconds(worker)
    return total


# ---- two modules


def _two_modules(node: Daemon) -> None:
    """Calls a second of one module, and of two at once: with one client each, and with as many as keep all processors busy."""
    for milliseconds, iterations in BUSY_ITERATIONS.items():
        _one_and_two(node, milliseconds, iterations, clients=1, target="at least 1.6 x")
        _one_and_two(node, milliseconds, iterations, clients=BUSY_CLIENTS)


def _one_and_two(
    node: Daemon, milliseconds: float, iterations: int, *, clients: int, target: str | None = None
) -> None:
    calls = f"process: calls of {milliseconds} ms, {clients} client{'s'[: clients > 1]} a module"
    one, two = (_rate(node, names, iterations, clients) for names in (["bench"], ["bench", "other"]))
    figure(f"{calls}: one busy module", one.calls, "/s")
    figure(
        f"{calls}: two busy modules",
        two.calls,
        "/s",
        target=target,
        ratio=two.calls / one.calls,
        against="one",
    )
    figure(f"{calls}: processors that workers take of one module", one.processors, "")
    figure(f"{calls}: processors that workers take of two modules", two.processors, "")


class BusyRate(NamedTuple):
    """What busy modules come to: calls a second, and processor seconds of the workers a second."""

    calls: float
    processors: float


def _rate(node: Daemon, names: list[str], iterations: int, clients: int) -> BusyRate:
    counts: list[int] = []
    workers = _workers(node)
    before = _taken(workers)
    end = time.monotonic() + BUSY_SECONDS

    def work(name: str, number: int) -> None:
        body = request.apply(key(number, "applied"), name, "loop", [iterations], Policy(limit=60_000))
        count = 0
        with connect(node.addresses[0]) as sock:
            while time.monotonic() < end:
                _ask(sock, body)
                count += 1
        counts.append(count)

    threads = [
        threading.Thread(target=work, args=(name, clients * place + number))
        for place, name in enumerate(names)
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = _taken(set(workers) | set(_workers(node))) - before
    return BusyRate(sum(counts) / BUSY_SECONDS, taken / 1e9 / BUSY_SECONDS)


# ---- memory, ends, respawns


def _memory(node: Daemon, mode: str) -> None:
    """Private memory of a worker after one call, which is that of a new context and of Python."""
    with connect(node.addresses[0]) as sock:
        _ask(sock, request.apply(key(0, "applied"), "bench", "loop", [1_000_000], Policy(limit=60_000)))
    sizes = [private_bytes(worker) for worker in _workers(node)]
    figure(f"{mode}: private memory of a worker", median(sizes) / (1 << 20), "MiB", target="at most 3 MiB")


def _ends(node: Daemon, mode: str) -> None:
    """How long after its deadline a call ends that hangs in one instruction."""
    late = []
    with connect(node.addresses[0]) as sock:
        for number in range(HANGS):
            body = request.apply(Key("test", "h", number), "hostile", f"f{number}", [], Policy(limit=LIMIT))
            began = time.perf_counter()
            _ask(sock, body)
            late.append((time.perf_counter() - began) * 1e3 - LIMIT)
    distribution(
        f"{mode}: end of a function that hangs, after its deadline", late, "ms", longest="at most 50 ms"
    )


def _respawns(node: Daemon) -> None:
    """Calls that each cost their worker: how long a worker takes, and what is left of them."""
    descriptors = _descriptors(node)
    body = request.apply(key(1, "applied"), "bench", "forever", [], Policy(limit=1))
    began = time.perf_counter()
    with connect(node.addresses[0]) as sock:
        for _ in range(RESPAWNS):
            _ask(sock, body)
    took = (time.perf_counter() - began) / RESPAWNS * 1e3
    figure(f"process: a call of 1 ms that costs its worker, of {RESPAWNS:,}", took, "ms")
    time.sleep(1)  # those that have been killed are taken away
    figure("process: workers that are left then", len(_workers(node)), "")
    figure("process: descriptors that the node has more then", _descriptors(node) - descriptors, "")


def _descriptors(node: Daemon) -> int:
    return sum(1 for _ in Path(f"/proc/{node.process.pid}/fd").iterdir())


# ---- the hostile minute


def _hostile(node: Daemon, mode: str) -> None:
    """Milliseconds of the prober, on a quiet node and under attack; and how the hostile calls ended."""
    found, _ = _probed(node, min(HOSTILE_SECONDS, 10.0))
    distribution(f"{mode}: increment, quiet node", found, "ms")
    host, port = node.addresses[0]
    words = map(str, (host, port, "hostile", FUNCTIONS, CLIENTS, LIMIT, HOSTILE_SECONDS))
    attackers = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile_clients", *words], stdout=subprocess.PIPE
    )
    found, failed = _probed(node, HOSTILE_SECONDS)
    said, _ = attackers.communicate()
    ended = [milliseconds for _, milliseconds in json.loads(said)]
    beside = f"{mode}: increment beside {CLIENTS} clients with {FUNCTIONS} functions that hang"
    distribution(beside, found, "ms", p99="at most 10 ms", longest="at most 100 ms")
    figure(f"{beside}: errors", failed, "", target="0")
    figure(f"{mode}: hostile calls that ended", len(ended), "")
    figure(f"{mode}: hostile calls, end after the deadline: p99", percentile(ended, 99) - LIMIT, "ms")


def _probed(node: Daemon, seconds: float) -> tuple[list[float], int]:
    """What each increment took, and how many failed."""
    found, failed = [], 0
    end = time.monotonic() + seconds
    with connect(node.addresses[0]) as sock:
        while time.monotonic() < end:
            began = time.perf_counter()
            reply = _ask(sock, _increment("bench", 0))
            found.append((time.perf_counter() - began) * 1e3)
            failed += "SUCCESS" not in reply.bins
            time.sleep(PROBE_PAUSE)
    return found, failed
