"""Calls through every node of a cluster while nodes are killed, stopped and frozen: nothing acknowledged is lost or done twice.

Each call adds one to a counter. Every node keeps its own records, so in the end each is left alone in turn, owns all
partitions, and tells what it has; the sum over the nodes is what was acknowledged, give or take calls in doubt.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from asinfo.wire import request
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from tests import cluster_processes, etcd

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster_processes import Cluster

pytestmark = pytest.mark.storm

COUNT = b"function count(rec) rec.n = (rec.n or 0) + 1 if aerospike:exists(rec) then aerospike:update(rec) else aerospike:create(rec) end return rec.n end"
KEYS = 60
WORKERS = 3
ROUNDS = 4
BRIEF = Policy(limit=1000)
PATIENT = Policy(limit=20_000)

REFUSED = {Result.PARTITION_UNAVAILABLE}
DOUBT = {Result.TIMEOUT}
TOO_LATE = {"FAILURE": "UDF Execution Timeout"}
"""A call that a frozen process woke up with; it has changed nothing."""

SEED = "STORM_SEED"
"""Environment variable with the seed of a storm to repeat; threads and processes still have a say."""


class Storm:
    """What the workers were told, by key."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.acknowledged: Counter[int] = Counter()
        self.doubtful: Counter[int] = Counter()
        self.refused = 0
        self.wrong: list[request.RecordReply] = []
        self.over = threading.Event()
        self._lock = threading.Lock()

    def work(self, seed: int) -> None:
        choose = random.Random(seed)
        while not self.over.is_set():
            number = choose.randrange(KEYS)
            node = choose.choice(self.cluster.nodes)
            if node.daemon is None or not node.daemon.addresses:
                continue
            try:
                reply = node.send(request.apply(Key("test", "storm", number), "count", "count", [], BRIEF))
            except ConnectionRefusedError:
                continue
            except (OSError, AssertionError):  # it was killed, or stopped, while it answered
                reply = None
            with self._lock:
                self.count(number, reply)

    def count(self, number: int, reply: request.RecordReply | None) -> None:
        if reply is None or reply.result in DOUBT:
            self.doubtful[number] += 1
        elif reply.result == 0:
            self.acknowledged[number] += 1
        elif reply.result in REFUSED or reply.bins == TOO_LATE:
            self.refused += 1
        else:
            self.wrong.append(reply)


def trouble(storm: Storm, choose: random.Random) -> None:
    """Let one node after another be away for a while."""
    for _ in range(ROUNDS):
        node = choose.choice(storm.cluster.nodes)
        kind = choose.choice(["kill", "stop", "freeze"])
        getattr(node, kind)()
        for other in storm.cluster.nodes:
            if other is not node:
                etcd.await_true(lambda o=other, n=node: n.id not in o.members(), f"{node.id} is gone")  # type: ignore[misc]  # mypy on defaults of lambdas
        if kind == "freeze":
            node.thaw()
        else:
            node.start()
        storm.cluster.await_members(*(node.id for node in storm.cluster.nodes))


def stored(cluster: Cluster) -> Counter[int]:
    """The sums of what the nodes have, each left alone for that."""
    found: Counter[int] = Counter()
    for node in cluster.nodes:
        node.stop()
    for node in cluster.nodes:
        node.start()
        cluster.await_members(node.id)
        for number in range(KEYS):
            reply = node.send(request.get(Key("test", "storm", number), policy=PATIENT))
            assert reply.result in {0, Result.NOT_FOUND}
            held = reply.bins.get("n", 0)
            assert isinstance(held, int)
            found[number] += held
        node.stop()
    return found


def test_a_storm_of_calls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get(SEED, time.time_ns()))
    engine = "device {\n        file PLACE/records\n        filesize 128M\n    }"
    with (
        etcd.running(tmp_path) as store,
        cluster_processes.running(tmp_path, store.endpoints, 3, engine=engine) as cluster,
    ):
        assert cluster.nodes[0].put("count.lua", COUNT) == "ok"
        storm = Storm(cluster)
        workers = [threading.Thread(target=storm.work, args=(seed + number,)) for number in range(WORKERS)]
        for worker in workers:
            worker.start()
        try:
            trouble(storm, random.Random(seed))
        finally:
            storm.over.set()
            for worker in workers:
                worker.join()
        found = stored(cluster)
    acknowledged, doubtful = storm.acknowledged.total(), storm.doubtful.total()
    with capsys.disabled():
        sys.stdout.write(
            f"\n  seed {seed}: {acknowledged} calls acknowledged, {doubtful} in doubt, {storm.refused} refused\n"
        )
    assert not [(reply.result, reply.bins) for reply in storm.wrong]
    assert acknowledged > 10 * KEYS
    for number in range(KEYS):
        least = storm.acknowledged[number]
        assert least <= found[number] <= least + storm.doubtful[number], (seed, number)
