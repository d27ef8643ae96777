"""Modules are put and removed at all nodes while nodes join, leave, die and freeze, and so do members of etcd.

`make storm` lets it last longer. Whatever happens to a node or to etcd lasts until some changes more are acknowledged,
or for some seconds: long enough for leases to end, or too short for that.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests import cluster_processes, etcd
from tests.cluster import load
from tests.cluster.ledger import LOST, OK, REFUSED, TIMEOUT, Ledger, agree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.load import Load
    from tests.cluster_processes import Cluster, Node
    from tests.etcd import Etcd, Member

pytestmark = pytest.mark.storm

SECONDS = "STORM_SECONDS"
"""Environment variable: how long the storm lasts."""

DEFAULT_SECONDS = "30"
NODES = 5
STAY = 3
"""So many of the nodes are killed and frozen, but do not leave."""

CHANGES = 30
AWAY_SECONDS = (0.2, 5.0)
"""How long trouble lasts when there are fewer changes."""

GRACE_SECONDS = 5.0
"""How long after trouble a node may not know yet what it missed; generous, because the machine may be busy."""


@dataclass
class Storm:
    """What is done to the cluster, one trouble or two at a time."""

    cluster: Cluster
    store: Etcd
    load: Load
    choose: random.Random
    done: Counter[str] = field(default_factory=Counter)
    times: list[tuple[str, float, float]] = field(default_factory=list)

    def last(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.load.faults:
            self.round()

    def round(self) -> None:
        nodes = [node for node in self.cluster.nodes if node.alive]
        hit = self.choose.sample(nodes, self.choose.choice([0, 0, 1, 1, 2]))
        members = self.choose.sample(self.store.members, self.choose.choice([0, 0, 0, 0, 1, 1, 3]))
        began = time.monotonic()
        targets: list[Node | Member] = [*hit, *members]
        words = [(each, self.choose.choice(["kill", "freeze"])) for each in targets]
        for each, word in words:
            getattr(each, word)()
            self.done[f"{word} {'node' if each in hit else 'etcd'}"] += 1
        if not words:
            self.join_or_leave()
        self.load.pass_by(CHANGES, self.choose.uniform(*AWAY_SECONDS))
        self.mend(words)
        for each, _ in words:
            self.times.append(
                (
                    each.id if isinstance(each, cluster_processes.Node) else "etcd",
                    began,
                    time.monotonic() + GRACE_SECONDS,
                )
            )
        self.load.pass_by(CHANGES, 3.0)

    def mend(self, words: list[tuple[Node | Member, str]]) -> None:
        """End all trouble, in any order."""
        self.choose.shuffle(words)
        for each, word in words:
            if word == "freeze":
                each.thaw()
            elif isinstance(each, cluster_processes.Node):
                each.begin()
            else:
                each.start()
        self.store.ready()
        for each, word in words:
            if word == "kill" and isinstance(each, cluster_processes.Node):
                each.ready()

    def join_or_leave(self) -> None:
        node = self.choose.choice(self.cluster.nodes[STAY:])
        if node.alive:
            assert node.stop() == 0
            self.done["leave"] += 1
        else:
            node.start()
            self.done["join"] += 1

    def is_calm(self, node: str, moment: float) -> bool:
        """Whether neither the node nor etcd was in trouble then."""
        return not any(
            began <= moment <= ended for whom, began, ended in self.times if whom in {node, "etcd"}
        )


@pytest.fixture
def many(tmp_path: Path) -> Iterator[tuple[Etcd, Cluster]]:
    with etcd.running(tmp_path, members=3) as store:
        cluster = cluster_processes.make(tmp_path, store.endpoints, NODES)
        try:
            for node in cluster.nodes[:STAY]:
                node.begin()
            for node in cluster.nodes[:STAY]:
                node.ready()
            yield store, cluster
        finally:
            for node in cluster.nodes:
                node.kill()


def test_a_storm_of_changes(
    many: tuple[Etcd, Cluster], seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    store, cluster = many
    ledger = Ledger()
    seconds = float(os.environ.get(SECONDS, DEFAULT_SECONDS))
    with load.running(cluster, ledger, seed=seed) as running:
        storm = Storm(cluster, store, running, random.Random(seed))
        storm.last(seconds)
    agree(cluster, store, ledger)
    cluster.start()  # those that had left
    listed = agree(cluster, store, ledger)
    store.kill()
    for node in cluster.nodes:
        node.kill()
    store.start()
    cluster.start()
    assert agree(cluster, store, ledger) == listed
    stale = ledger.stale()
    calm = [(look, name) for look, name in stale if storm.is_calm(look.node, look.began)]
    counts = ledger.counts()
    with capsys.disabled():
        sys.stdout.write(
            f"\n  seed {seed}, {seconds:g} s: {counts.total()} changes tried, {counts[OK]} ok, {counts[TIMEOUT]} timeout, "
            f"{counts[REFUSED]} refused, {counts[LOST]} without an answer; "
            f"{', '.join(f'{count} x {word}' for word, count in sorted(storm.done.items()))}; "
            f"{len(ledger.looks)} looks, {len({id(look) for look, _ in stale})} at a node that lacked something for the moment\n"
        )
    assert calm == []
    assert counts[OK] > seconds
