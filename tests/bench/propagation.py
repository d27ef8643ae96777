"""A module from `udf-put` to the last node of 3, 10, 30 and 100 through a real etcd, and what etcd does for it.

The nodes are processes of their own, all on this machine, with etcd and whoever measures: with 30 of them its cores are
what is waited for. "Listed" is when the last node has written the module's file, which it does in the same turn in
which it begins to list it; the kernel tells (inotify), so that nobody asks the nodes. 100 are the part of a node that
speaks with etcd, in two processes.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import select
import shutil
import struct
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests import cluster_processes, etcd
from tests.bench.lean import serve
from tests.bench.processes import ask, connect, cpu_nanoseconds, directory, median, percentile, put

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    from tests.cluster_processes import Cluster
    from tests.etcd import Etcd

ROUNDS = 100
LARGE_ROUNDS = 10
LARGE = 1_048_575
IDLE_SECONDS = 5.0
RATE_SECONDS = 5.0
CLIENTS = 8
LEASE_SECONDS = 5
WAIT_SECONDS = 10.0

COUNTERS = {
    "transactions": 'grpc_server_handled_total{grpc_code="OK",grpc_method="Txn",grpc_service="etcdserverpb.KV",grpc_type="unary"}',
    "writes": "etcd_debugging_mvcc_put_total",
    "events": "etcd_debugging_mvcc_events_total",
    "sent": "etcd_network_client_grpc_sent_bytes_total",
    "fsyncs": "etcd_disk_wal_fsync_duration_seconds_count",
    "stored": "etcd_mvcc_db_total_size_in_bytes",
}


def run() -> None:
    """Print delays, rates and etcd's share, for each number of nodes."""
    if shutil.which("etcd") is None:
        print("  etcd is not installed")
        return
    for processes, each in ((3, 1), (10, 1), (30, 1), (3, 10)):
        options = {"nodes_each": each, "lease": LEASE_SECONDS}
        with (
            directory() as home,
            etcd.running(home) as store,
            cluster_processes.running(home, store.endpoints, processes, **options) as cluster,
        ):
            shape = f"{processes} processes" + (f" of {each} nodes" if each > 1 else "")
            _measure(shape, home, store, cluster)
    for processes, each in ((2, 5), (2, 15), (2, 50)):
        with directory() as home, etcd.running(home) as store:
            _measure_lean(processes, each, store)


def _measure(shape: str, home: Path, store: Etcd, cluster: Cluster) -> None:
    print(f"  {shape}", flush=True)
    _idle(store, len(cluster.nodes))
    with (
        Watched(mark.parent for mark in home.rglob(".asudfd")) as watched,
        connect(cluster.nodes[0].address) as sock,
    ):
        for name, source, rounds in (("1 KB", 1000, ROUNDS), ("1 MiB - 1", LARGE, LARGE_ROUNDS)):
            before = Figures(store)
            delays = [_once(sock, watched, number, source) for number in range(rounds)]
            listed = [each[0] for each in delays]
            ok = [each[1] for each in delays if each[2]]
            print(
                f"    {name:9}  listed on the last: {_spread(listed)};"
                f"  ok: {_spread(ok)}"
                f"{f', {rounds - len(ok)} x timeout' if len(ok) < rounds else ''}"
            )
            Figures(store).tell(before, rounds)
    _rate(cluster)


def _once(sock: socket.socket, watched: Watched, number: int, size: int) -> tuple[float, float, bool]:
    """Seconds until the last node lists a new content, and until the answer; whether that is `ok`."""
    head = b"function f() return %d end --" % number
    command = put("bench.lua", head + b"x" * (size - len(head)))
    began = time.perf_counter()
    answers: list[tuple[bytes, float]] = []
    asking = threading.Thread(target=lambda: answers.append((ask(sock, command), time.perf_counter())))
    asking.start()
    listed = watched.all_have("bench.lua")
    asking.join()
    answer, ended = answers[0]
    assert answer in {b"ok", b"error=timeout"}, answer
    return listed - began, ended - began, answer == b"ok"


def _rate(cluster: Cluster) -> None:
    """Changes a second that several clients get acknowledged."""
    counts = [0] * CLIENTS
    end = time.monotonic() + RATE_SECONDS

    def work(place: int) -> None:
        node = cluster.nodes[place % len(cluster.nodes)]
        with connect(node.address) as sock:
            while time.monotonic() < end:
                source = f"function f() return {counts[place]} end --{'x' * 950}".encode()
                counts[place] += ask(sock, put(f"rate{place}.lua", source)) == b"ok"

    threads = [threading.Thread(target=work, args=(place,)) for place in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(
        f"    1 KB, {CLIENTS} clients at all nodes: {sum(counts) / RATE_SECONDS:.0f} acknowledged a second",
        flush=True,
    )


def _measure_lean(processes: int, each: int, store: Etcd) -> None:
    """The same with nodes that are nothing but their part for etcd."""
    print(f"  {processes} processes of {each} nodes that only speak with etcd", flush=True)
    context = multiprocessing.get_context("spawn")
    ends: list[Connection] = []
    for number in range(processes):
        ours, theirs = context.Pipe()
        arguments = (theirs, store.endpoints, 0x1000 * (number + 1), each, LEASE_SECONDS)
        context.Process(target=serve, args=arguments, daemon=True).start()
        ends.append(ours)
    for end in ends:
        assert end.recv() == "ready"
    _idle(store, processes * each)
    before = Figures(store)
    ok, listed = [], []
    for number in range(ROUNDS // 2):
        began = time.perf_counter()
        ends[0].send(f"{number} {'x' * 1000}")
        confirmed = ends[0].recv()
        ok.append(confirmed - began)
        latest = 0.0
        for end in ends:
            if end is not ends[0]:
                end.send("")
            latest = max(latest, end.recv())
        listed.append(latest - began)
    print(f"    1 KB       known on the last: {_spread(listed)};  confirmed: {_spread(ok)}")
    Figures(store).tell(before, ROUNDS // 2)
    for end in ends:
        end.send(None)
        end.recv()


class Figures:
    """etcd's own counters, and the time of its processes on a core."""

    def __init__(self, store: Etcd) -> None:
        self.values = dict.fromkeys(COUNTERS, 0.0)
        self.time = time.monotonic()
        self.cpu = 0.0
        for member in store.members:
            with urllib.request.urlopen(f"{member.endpoint}/metrics") as page:
                lines = dict(line.rsplit(" ", 1) for line in page.read().decode().splitlines())
            for name, metric in COUNTERS.items():
                self.values[name] += float(lines.get(metric, 0))
            assert member.process is not None
            self.cpu += cpu_nanoseconds(member.process.pid) / 1e9

    def tell(self, before: Figures, changes: float) -> None:
        """Print what each of ``changes`` took; with 1, a second of nothing."""
        more = {name: (value - before.values[name]) / changes for name, value in self.values.items()}
        print(
            f"      etcd, each: {more['transactions']:.1f} transactions, {more['writes']:.1f} keys written, "
            f"{more['events']:.1f} events, {more['sent'] / 1e3:.1f} KB sent, {more['fsyncs']:.1f} fsyncs, "
            f"{(self.cpu - before.cpu) / changes * 1e3:.2f} ms CPU, {more['stored'] / 1e3:.1f} KB more stored",
            flush=True,
        )


def _idle(store: Etcd, processes: int) -> None:
    before = Figures(store)
    select.select((), (), (), IDLE_SECONDS)
    after = Figures(store)
    seconds = after.time - before.time
    more = (after.values["transactions"] - before.values["transactions"]) / seconds
    cpu = (after.cpu - before.cpu) / seconds
    print(
        f"    nothing to do: etcd answers {more / processes:.2f} transactions a second and node, {cpu * 100:.1f} % of a core"
    )


class Watched:
    """Directories in which a file is awaited; the kernel tells. A context manager."""

    def __init__(self, directories: Iterator[Path]) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._number = library.inotify_init1(os.O_CLOEXEC)
        moved_to = 0x80  # IN_MOVED_TO
        self._all = {
            library.inotify_add_watch(self._number, os.fsencode(path), moved_to) for path in directories
        }
        assert self._number >= 0
        assert -1 not in self._all

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._number)

    def all_have(self, name: str) -> float:
        """When the last directory got a new ``name``."""
        missing = set(self._all)
        while missing:
            assert select.select([self._number], [], [], WAIT_SECONDS)[0], (
                f"{len(missing)} nodes lack the module"
            )
            data = os.read(self._number, 65536)
            now = time.perf_counter()
            while data:  # struct inotify_event: wd, mask, cookie, len, name
                place, _, _, size = struct.unpack_from("iIII", data)
                if data[16 : 16 + size].rstrip(b"\0") == name.encode():
                    missing.discard(place)
                data = data[16 + size :]
        return now


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "never"
    return f"median {median(seconds) * 1e3:.1f} ms, p99 {percentile(seconds, 99) * 1e3:.1f} ms"
