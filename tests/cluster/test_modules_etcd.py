"""An etcd of three members that die, freeze, or die all at once with the nodes: what was acknowledged is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import etcd
from tests.cluster import load
from tests.cluster.ledger import OK, REFUSED, TIMEOUT, Ledger, agree, lists
from tests.etcd import await_true

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster_processes import Cluster
    from tests.etcd import Etcd

pytestmark = pytest.mark.storm


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    with etcd.running(tmp_path_factory.mktemp("etcd"), members=3) as running:
        yield running


def test_the_leader_of_etcd_is_killed(trio: Cluster, store: Etcd, ledger: Ledger, seed: int) -> None:
    with load.running(trio, ledger, seed=seed) as running:
        for _ in range(2):
            running.more(20)
            store.leader().kill()
            running.more(20)
            store.start()
    agree(trio, store, ledger)


def test_the_leader_of_etcd_freezes(trio: Cluster, store: Etcd, ledger: Ledger, seed: int) -> None:
    with load.running(trio, ledger, seed=seed) as running:
        running.more(20)
        leader = store.leader()
        leader.freeze()
        try:
            running.more(20)
        finally:
            leader.thaw()
        running.more(20)
    agree(trio, store, ledger)


def test_without_a_majority_nothing_is_acknowledged_and_nothing_lost(
    trio: Cluster, store: Etcd, ledger: Ledger
) -> None:
    one = trio.nodes[0]
    ledger.surely(ledger.put, one, "kept.lua")
    before = lists(trio.nodes)
    for member in store.members[:2]:
        member.kill()
    assert ledger.put(one, "kept.lua") in {TIMEOUT, REFUSED}
    for node in trio.nodes:
        await_true(lambda n=node: n.statistic("smd_connected") == "false", "etcd is missed")  # type: ignore[misc]  # mypy on defaults of lambdas
    assert ledger.remove(one, "kept.lua") == REFUSED
    assert lists(trio.nodes) == before
    store.start()
    for node in trio.nodes:
        await_true(lambda n=node: n.statistic("smd_connected") == "true", "etcd is back")  # type: ignore[misc]  # mypy on defaults of lambdas
    agree(trio, store, ledger)


def test_everything_is_killed_at_once(trio: Cluster, store: Etcd, ledger: Ledger, seed: int) -> None:
    for _ in range(2):
        with load.running(trio, ledger, seed=seed) as running:
            running.more(25)
            store.kill()
            for node in trio.nodes:
                node.kill()
        store.start()
        trio.start()
        agree(trio, store, ledger)


def test_a_node_comes_back_before_etcd_does(trio: Cluster, store: Etcd, ledger: Ledger) -> None:
    two = trio.nodes[1]
    two.kill()
    assert ledger.put(trio.nodes[0], "away.lua") in {OK, TIMEOUT}
    store.kill()
    two.begin()
    store.start()
    two.ready()
    assert ledger.wrong(ledger.look(two).listed) == {}  # as soon as it is ready
    agree(trio, store, ledger)
