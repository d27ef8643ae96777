"""Three asudfd processes and a real etcd: modules on all nodes, members that come and go, etcd away and back."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from asinfo.wire import request
from asinfo.wire.digest import PARTITIONS, partition
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from tests import cluster_processes, etcd
from tests.cluster_processes import LEASE_SECONDS, NAME, Cluster, Node
from tests.etcd import Etcd, await_true

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.storm

COUNT = b"function count(rec) rec.n = (rec.n or 0) + 1 if aerospike:exists(rec) then aerospike:update(rec) else aerospike:create(rec) end return rec.n end"
OTHER = b"function other(rec) return 2 end"

PATIENT = Policy(limit=20_000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Etcd]:
    with etcd.running(tmp_path) as running:
        yield running


@pytest.fixture
def trio(tmp_path: Path, store: Etcd) -> Iterator[Cluster]:
    with cluster_processes.running(tmp_path, store.endpoints, 3) as cluster:
        yield cluster


def owners(nodes: list[Node]) -> list[str]:
    """The owner of every partition by the nodes' own words; fails unless there is exactly one."""
    found = [""] * PARTITIONS
    for node in nodes:
        bitmap = bitmap_of(node)
        for number in range(PARTITIONS):
            if bitmap[number >> 3] & 0x80 >> (number & 7):
                assert not found[number], number
                found[number] = node.id
    assert all(found)
    return found


def bitmap_of(node: Node) -> bytes:
    from base64 import b64decode

    return b64decode(node.ask("replicas").partition(":0,1,")[2])


def key_of(identity: str, nodes: list[Node]) -> Key:
    """A key whose record belongs to the node ``identity``."""
    owner = owners(nodes)
    return next(
        key
        for number in range(1000)
        if owner[partition((key := Key("test", "demo", number)).digest)] == identity
    )


def test_what_one_node_is_told_all_nodes_have(trio: Cluster) -> None:
    one, two, three = trio.nodes
    assert one.put("count.lua", COUNT) == "ok"
    listed = one.modules()
    assert [*listed] == [b"count.lua"]
    assert two.modules() == three.modules() == listed
    assert two.put("other.lua", OTHER) == "ok"
    assert three.remove("count.lua") == "ok"
    assert [[*node.modules()] for node in trio.nodes] == [[b"other.lua"]] * 3


def test_all_nodes_tell_of_one_cluster(trio: Cluster) -> None:
    assert len({node.ask("cluster-stable:size=3;ignore-migrations=true") for node in trio.nodes}) == 1
    assert {node.statistic("cluster_principal") for node in trio.nodes} == {"A3"}
    assert {node.statistic("smd_connected") for node in trio.nodes} == {"true"}
    owners(trio.nodes)
    for node in trio.nodes:
        others = [other for other in trio.nodes if other is not node]
        listed = ",".join(f"[{other.id},,[127.0.0.1:{other.ports[0]}]]" for other in others)
        assert node.ask("peers-clear-std").endswith(f",3000,[{listed}]")
        assert node.get("/healthz") == (200, "ok\n")
        assert node.get("/readyz") == (200, "ready\n")
        assert re.search(
            r"^aerospike_node_stats_cluster_size\{.*\} 3$", node.get("/metrics")[1], re.MULTILINE
        )


def test_a_request_reaches_the_owner_from_every_node(trio: Cluster) -> None:
    assert trio.nodes[0].put("count.lua", COUNT) == "ok"
    for number in range(24):
        key = Key("test", "demo", number)
        for times, node in enumerate(trio.nodes, 1):
            reply = node.send(request.apply(key, "count", "count", [], PATIENT))
            assert (reply.result, reply.bins) == (0, {"SUCCESS": times})
    held = [int(node.statistic("objects", "namespace/test")) for node in trio.nodes]
    assert sum(held) == 24
    figures = [
        {
            name: int(node.statistic(name, "namespace/test"))
            for name in ("client_proxy_complete", "from_proxy_udf_complete", "client_udf_complete")
        }
        for node in trio.nodes
    ]
    assert sum(each["client_proxy_complete"] for each in figures) == 48
    assert sum(each["from_proxy_udf_complete"] for each in figures) == 48
    assert sum(each["client_udf_complete"] for each in figures) == 24


def left(store: Etcd, lease: int) -> dict[str, int | bool]:
    """What etcd says of a lease: seconds that it was granted for, and whether it lives."""
    told = json.loads(store.ctl("lease", "timetolive", f"{lease:x}", "-w", "json"))
    return {"granted": told["granted-ttl"], "alive": told["ttl"] >= 0}


def test_a_node_that_is_killed_leaves_with_its_lease(trio: Cluster, store: Etcd) -> None:
    one, two, three = trio.nodes
    before = owners(trio.nodes)
    key, generations = (
        key_of("A2", trio.nodes),
        [int(node.ask("partition-generation")) for node in (one, three)],
    )
    assert one.send(request.put(key, {"n": 1}, PATIENT)).result == 0
    lease = json.loads(store.ctl("get", f"/asudf/{NAME}/nodes/A2", "-w", "json"))["kvs"][0]["lease"]
    assert left(store, lease) == {"granted": LEASE_SECONDS, "alive": True}
    two.kill()
    reply = one.send(request.get(key, policy=PATIENT))
    assert reply.result in {Result.PARTITION_UNAVAILABLE, Result.NOT_FOUND}
    trio.await_members("A1", "A3")
    assert left(store, lease)["alive"] is False
    after = owners([one, three])
    assert all(old == new for old, new in zip(before, after, strict=True) if old != "A2")
    assert all(
        int(node.ask("partition-generation")) > old
        for node, old in zip((one, three), generations, strict=True)
    )
    # the next in line serves the partition; nobody has the records of a node that is gone
    assert one.send(request.get(key, policy=PATIENT)).result == Result.NOT_FOUND
    assert one.put("other.lua", OTHER) == "ok"


def test_a_frozen_node_costs_its_own_records_their_time_limit_until_its_lease_ends(trio: Cluster) -> None:
    one, two, three = trio.nodes
    theirs, ours = key_of("A2", trio.nodes), key_of("A3", trio.nodes)
    assert one.send(request.put(theirs, {"n": 1}, PATIENT)).result == 0
    two.freeze()
    reply = one.send(request.put(theirs, {"n": 2}, Policy(limit=200)))
    assert reply.result in {Result.TIMEOUT, 0}  # 0: its lease has ended already
    assert one.send(request.put(ours, {"n": 3}, PATIENT)).result == 0
    for node in (one, three):
        await_true(lambda n=node: n.members() == ["A1", "A3"], "the frozen node is gone")  # type: ignore[misc]  # mypy on defaults of lambdas
    assert one.send(request.get(theirs, policy=PATIENT)).result in {Result.NOT_FOUND, 0}
    assert one.put("other.lua", OTHER) == "ok"
    two.thaw()
    trio.await_members("A1", "A2", "A3")
    await_true(lambda: two.modules() == one.modules(), "the list of the node that was frozen")
    await_true(lambda: len({node.ask("cluster-stable") for node in trio.nodes}) == 1, "one key on all nodes")
    await_true(lambda: one.send(request.get(theirs, policy=PATIENT)).result == 0, "its records are back")
    assert one.send(request.get(theirs, policy=PATIENT)).bins["n"] in {1, 2}


def test_a_node_that_comes_back_has_the_list_before_it_is_ready(trio: Cluster) -> None:
    one, two, three = trio.nodes
    assert one.put("count.lua", COUNT) == "ok"
    assert one.put("gone.lua", OTHER) == "ok"
    two.kill()
    trio.await_members("A1", "A3")
    assert three.remove("gone.lua") == "ok"
    assert three.put("new.lua", OTHER) == "ok"
    two.start()
    assert two.modules() == one.modules()
    assert sorted(two.modules()) == [b"count.lua", b"new.lua"]
    trio.await_members("A1", "A2", "A3")
    owners(trio.nodes)


def test_a_node_that_stops_leaves_at_once(trio: Cluster, store: Etcd) -> None:
    """Its key is gone before its process is, with no lease to wait for."""
    key = f"/asudf/{NAME}/nodes/A3"
    assert store.ctl("get", "--keys-only", key).strip() == key.encode()
    assert trio.nodes[2].stop() == 0
    assert store.ctl("get", "--keys-only", key) == b""
    trio.await_members("A1", "A2")
    assert trio.nodes[0].put("other.lua", OTHER) == "ok"


def test_etcd_away(trio: Cluster, store: Etcd) -> None:
    one = trio.nodes[0]
    assert one.put("count.lua", COUNT) == "ok"
    store.kill()
    for node in trio.nodes:
        await_true(lambda n=node: n.statistic("smd_connected") == "false", "etcd is missed")  # type: ignore[misc]  # mypy on defaults of lambdas
        assert node.get("/readyz")[0] == 503
        assert "metadata store" in node.get("/readyz")[1]
        assert node.get("/healthz")[0] == 200
    assert one.put("other.lua", OTHER).startswith("error=storage_error,metadata store etcd is unreachable")
    for number in range(12):
        reply = one.send(request.apply(Key("test", "away", number), "count", "count", [], PATIENT))
        assert (reply.result, reply.bins) == (0, {"SUCCESS": 1})
    store.start()
    for node in trio.nodes:
        await_true(lambda n=node: n.get("/readyz")[0] == 200, "etcd is back")  # type: ignore[misc]  # mypy on defaults of lambdas
    assert [*one.modules()] == [b"count.lua"]
    assert one.put("other.lua", OTHER) == "ok"
    assert trio.nodes[2].modules() == one.modules()
    trio.await_members("A1", "A2", "A3")


def test_a_start_waits_for_etcd_and_can_be_stopped(tmp_path: Path, store: Etcd) -> None:
    cluster = cluster_processes.make(tmp_path, store.endpoints, 1)
    (node,) = cluster.nodes
    store.kill()
    try:
        node.begin()
        await_true(lambda: _answers(node), "the port for supervisors")
        await_true(
            lambda: node.get("/readyz") == (503, "starting: waiting for the metadata\n"), "it says what for"
        )
        assert node.stop() == 0
        node.begin()
        store.start()
        node.ready()
        await_true(lambda: node.get("/readyz") == (200, "ready\n"), "ready")
    finally:
        node.kill()


def _answers(node: Node) -> bool:
    try:
        return node.get("/healthz")[0] == 200
    except OSError:
        return False


def test_a_taken_id_is_refused(tmp_path: Path, store: Etcd) -> None:
    with cluster_processes.running(tmp_path / "a", store.endpoints, 1):
        other = cluster_processes.make(tmp_path / "b", store.endpoints, 1).nodes[0]
        try:
            other.begin()
            assert other.daemon is not None
            assert other.daemon.process.wait(30) == 1
            assert "A1" in other.log
        finally:
            other.kill()


def test_several_nodes_of_a_process_in_a_larger_cluster(tmp_path: Path, store: Etcd) -> None:
    with cluster_processes.running(tmp_path, store.endpoints, 2, nodes_each=2) as cluster:
        one, two = cluster.nodes
        assert one.ids + two.ids == ["A1", "A2", "A3", "A4"]
        assert one.put("count.lua", COUNT) == "ok"
        assert one.modules(1) == two.modules(0) == two.modules(1) == one.modules()
        for number in range(40):
            key = Key("test", "demo", number)
            replies = [
                node.send(request.apply(key, "count", "count", [], PATIENT), place)
                for node in (one, two)
                for place in (0, 1)
            ]
            assert [reply.bins for reply in replies] == [{"SUCCESS": times} for times in (1, 2, 3, 4)]
        two.kill()
        cluster.await_members("A1", "A2")
