"""Reading the content of modules: once a hash, from whoever serves it, in requests of bounded size."""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from asadm.cluster import ClusterNode
from asadm.fleet.observed import fetch as module
from asadm.fleet.observed.fetch import ModuleFetcher, fetch
from asadm.outcome import NodeAnswer
from asadm.target.aerospike.cluster import AerospikeCluster
from asinfo.exchange import Endpoint
from tests.fakes.fleet import Fleet
from tests.unit.asadm.conftest import Waited


def cluster(fleet: Fleet) -> AerospikeCluster:
    return AerospikeCluster(
        [ClusterNode(Endpoint(each.host, each.port)) for each in fleet.nodes], timeout=0.5
    )


def key(fleet: Fleet, name: bytes) -> tuple[bytes, str]:
    return name, fleet[0].hash(name) or ""


def test_many_modules_are_asked_for_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    with Fleet(2) as fleet:
        names = [b"m%d.lua" % number for number in range(7)]
        for name in names:
            fleet.load(name, b"return '%b'" % name)
        nodes = cluster(fleet).nodes
        found = fetch(cluster(fleet), {key(fleet, name): nodes for name in names})
        assert [found[key(fleet, name)].content for name in names] == [
            b"return '%b'" % name for name in names
        ]
        assert (fleet[0].count(b"udf-get"), fleet[1].count(b"udf-get")) == (7, 0)


def test_a_node_that_is_silent_is_asked_once() -> None:
    with Fleet(2) as fleet:
        for name in (b"a.lua", b"b.lua"):
            fleet.load(name, b"x")
        fleet[0].fault = "hangs"
        together = cluster(fleet)
        fetcher = ModuleFetcher(together)
        for name in (b"a.lua", b"b.lua"):
            assert fetcher.fetch({key(fleet, name): together.nodes})[key(fleet, name)].content == b"x"
        assert fleet[0].count(b"udf-get") == 1
        alone = fetcher.fetch({key(fleet, b"b.lua"): together.nodes[:1]})[key(fleet, b"b.lua")]
        assert (alone.content, alone.node.address) == (None, fleet[0].address)
        assert "no whole answer within" in alone.reason
        assert fleet[0].count(b"udf-get") == 1


def test_nobody_has_it() -> None:
    with Fleet(2) as fleet:
        wanted = (b"a.lua", "1" * 40)
        found = fetch(cluster(fleet), {wanted: cluster(fleet).nodes})[wanted]
        assert found.content is None
        assert "not_found" in found.reason or "no such" in found.reason.lower()
        assert fleet.count(b"udf-get") == 2


def test_nothing_wanted_is_nothing_sent() -> None:
    with Fleet(1) as fleet:
        assert fetch(cluster(fleet), {}) == {}
        assert fleet[0].commands == []


def test_many_nodes_that_hang_cost_few_time_outs() -> None:
    with Fleet(24) as fleet:
        fleet.load(b"a.lua", b"x")
        for node in fleet.nodes[:-1]:
            node.fault = "hangs"
        everybody = cluster(fleet)
        asked: list[int] = []

        class Counted(AerospikeCluster):
            def ask(
                self, asks: Sequence[tuple[Endpoint, tuple[bytes, ...]]], **words: Any
            ) -> list[NodeAnswer]:
                asked.append(len(asks))
                return super().ask(asks, **words)

        counted = Counted(everybody.members, timeout=0.5)
        wanted = b"a.lua", fleet[-1].hash(b"a.lua") or ""
        assert fetch(counted, {wanted: everybody.nodes})[wanted].content == b"x"
        assert asked == [1, 2, 6, 15]


def test_nothing_is_asked_after_the_deadline(waited: Waited) -> None:
    with Fleet(12) as fleet:
        fleet.load(b"a.lua", b"x")
        for node in fleet.nodes:
            node.fault = "hangs"
        together = cluster(fleet)
        wanted = b"a.lua", "1" * 40
        found = fetch(together, {wanted: together.nodes}, time.monotonic() + 0.6)[wanted]
        assert waited.seconds <= 0.6
        assert (found.content, found.silent) == (None, True)
        assert fleet.count(b"udf-get") <= 3
        over = fetch(together, {wanted: together.nodes}, time.monotonic())[wanted]
        assert over.reason == "not asked: the time was over"


def test_few_contents_are_in_memory_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROUND", 4)
    with Fleet(10) as fleet:
        for number, node in enumerate(fleet.nodes):
            node.hold(b"a.lua", b"return %d\n" % number)
        together = cluster(fleet)
        wanted = {
            (b"a.lua", node.hash(b"a.lua") or ""): [each]
            for node, each in zip(fleet.nodes, together.nodes, strict=True)
        }
        counts = [fleet.count(b"udf-get") for _ in ModuleFetcher(together).each(wanted)]
        assert counts == [4] * 4 + [8] * 4 + [10] * 2
