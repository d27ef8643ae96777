"""Propagation of a module through a real etcd, from `udf-put` to the last node of 3, 10, 30 and 100, and the load on etcd.

The nodes are processes of their own. All run on one machine, with etcd and the measuring process: with 30 nodes its cores are
the bottleneck. "Listed" is the moment when the last node has written the module's file, which it does in the same turn of the
event loop in which it begins to list the module; inotify reports it, so that no node is polled. "ok" is the answer to the
client. "Etcd client only" is the part of a node that speaks with etcd, and nothing else, many in a process.
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
from tests.bench.figures import figure, note
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
    """Record delays, rates and the load on etcd, for each number of nodes."""
    if shutil.which("etcd") is None:
        note("etcd is not installed")
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
    _idle(shape, store, len(cluster.nodes))
    with (
        Watched(mark.parent for mark in home.rglob(".asudfd")) as watched,
        connect(cluster.nodes[0].address) as sock,
    ):
        for name, source, rounds in (("1 KB", 1000, ROUNDS), ("1 MiB - 1", LARGE, LARGE_ROUNDS)):
            before = Counters(store)
            delays = [_once(sock, watched, number, source) for number in range(rounds)]
            listed = [each[0] for each in delays]
            ok = [each[1] for each in delays if each[2]]
            _spread(f"{shape}, {name}: listed on the last", listed)
            _spread(f"{shape}, {name}: ok", ok)
            figure(f"{shape}, {name}: error=timeout", rounds - len(ok), "")
            Counters(store).record(f"{shape}, {name}", before, rounds)
    _rate(shape, cluster)


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


def _rate(shape: str, cluster: Cluster) -> None:
    """Record how many changes a second several concurrent clients get acknowledged."""
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
    figure(f"{shape}, 1 KB, {CLIENTS} clients at all nodes: acknowledged", sum(counts) / RATE_SECONDS, "/s")


def _measure_lean(processes: int, each: int, store: Etcd) -> None:
    """The same with etcd clients only."""
    shape = f"{processes} processes of {each} nodes, etcd client only"
    context = multiprocessing.get_context("spawn")
    ends: list[Connection] = []
    for number in range(processes):
        ours, theirs = context.Pipe()
        arguments = (theirs, store.endpoints, 0x1000 * (number + 1), each, LEASE_SECONDS)
        context.Process(target=serve, args=arguments, daemon=True).start()
        ends.append(ours)
    for end in ends:
        assert end.recv() == "ready"
    _idle(shape, store, processes * each)
    before = Counters(store)
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
    _spread(f"{shape}, 1 KB: known on the last", listed)
    _spread(f"{shape}, 1 KB: confirmed", ok)
    Counters(store).record(f"{shape}, 1 KB", before, ROUNDS // 2)
    for end in ends:
        end.send(None)
        end.recv()


class Counters:
    """etcd's metrics and the CPU time of its processes, read at one moment."""

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

    def record(self, name: str, before: Counters, changes: float) -> None:
        """Record what etcd did for each of ``changes``."""
        more = {name: (value - before.values[name]) / changes for name, value in self.values.items()}
        figure(f"{name}: etcd transactions a change", more["transactions"], "")
        figure(f"{name}: etcd keys written a change", more["writes"], "")
        figure(f"{name}: etcd events a change", more["events"], "")
        figure(f"{name}: etcd sent a change", more["sent"] / 1e3, "KB")
        figure(f"{name}: etcd fsyncs a change", more["fsyncs"], "")
        figure(f"{name}: etcd CPU a change", (self.cpu - before.cpu) / changes * 1e3, "ms")
        figure(f"{name}: etcd stored a change", more["stored"] / 1e3, "KB")


def _idle(shape: str, store: Etcd, nodes: int) -> None:
    before = Counters(store)
    select.select((), (), (), IDLE_SECONDS)
    after = Counters(store)
    seconds = after.time - before.time
    more = (after.values["transactions"] - before.values["transactions"]) / seconds
    cpu = (after.cpu - before.cpu) / seconds
    figure(f"{shape}, nothing to do: etcd transactions a node", more / nodes, "/s")
    figure(f"{shape}, nothing to do: etcd CPU of a core", cpu * 100, "%")


class Watched:
    """Watches directories for a new file with inotify. A context manager."""

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
        """Wait until every directory got a new ``name``; the time of the last."""
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


def _spread(name: str, seconds: Sequence[float]) -> None:
    if not seconds:
        note(f"{name}: never")
        return
    figure(f"{name}: median", median(seconds) * 1e3, "ms")
    figure(f"{name}: p99", percentile(seconds, 99) * 1e3, "ms")
