"""Unmodified clients and a cluster of processes: they find all nodes, follow joins and leaves, and apply goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests import cluster_processes, etcd
from tests.compat.calls import codes, put_module
from tests.compat.patience import policies
from tests.etcd import await_true

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster_processes import Cluster

aerospike = pytest.importorskip(
    "aerospike", reason="the client library is not installed: make test installs it"
)


MODULE = "function count(rec) rec.n = (rec.n or 0) + 1 aerospike:create(rec) aerospike:update(rec) return rec.n end"
KEYS = [("test", "demo", number) for number in range(600)]
FOLLOW_SECONDS = 20.0


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("cluster")
    with (
        etcd.running(directory) as store,
        cluster_processes.running(directory, store.endpoints, 3) as cluster,
    ):
        yield cluster


@pytest.fixture
def client(trio: Cluster, client_modules: Path) -> Iterator[Any]:
    """A client that was told of one node."""
    connected = aerospike.client(
        {
            "hosts": [trio.nodes[0].address],
            "lua": {"user_path": str(client_modules)},  # the first client of a process decides it for all
            "policies": policies(write={"max_retries": 0}, apply={"max_retries": 0}),
        }
    ).connect()
    yield connected
    connected.close()


def apply_all(client: Any, module: str) -> set[int]:
    return {client.apply(key, module, "count", []) for key in KEYS}


def proxied(trio: Cluster) -> int:
    return sum(int(node.statistic("client_proxy_complete", "namespace/test")) for node in trio.alive)


def await_nodes(client: Any, count: int) -> None:
    await_true(lambda: len(client.get_nodes()) == count, f"the client knows {count} nodes", FOLLOW_SECONDS)


def applied(client: Any, key: Any) -> bool:
    try:
        client.apply(key, "follow", "count", [])
    except aerospike.exception.AerospikeError:
        return False
    return True


def test_every_apply_goes_to_its_owner(trio: Cluster, client: Any) -> None:
    await_nodes(client, 3)
    put_module(client, "owner.lua", MODULE)
    assert apply_all(client, "owner") == {1}
    assert set(codes(client.batch_apply(KEYS, "owner", "count", []))) == {0}
    assert len(client.scan("test", "demo").results()) == len(KEYS)
    held = [int(node.statistic("objects", "namespace/test")) for node in trio.nodes]
    assert sum(held) == len(KEYS)
    assert min(held) > len(KEYS) / 6
    assert proxied(trio) == 0  # nothing had to be passed on
    client.truncate("test", "demo", 0)


def test_a_client_goes_on_while_nodes_come_and_go(trio: Cluster, client: Any, tmp_path: Path) -> None:
    await_nodes(client, 3)
    put_module(client, "follow.lua", MODULE)
    two = trio.nodes[1]
    two.kill()
    trio.await_members("A1", "A3")
    await_true(lambda: all(applied(client, key) for key in KEYS), "apply on all partitions", FOLLOW_SECONDS)
    await_nodes(client, 2)
    before = proxied(trio)
    assert all(applied(client, key) for key in KEYS)
    assert proxied(trio) == before
    two.start()
    await_nodes(client, 3)
    await_true(lambda: all(applied(client, key) for key in KEYS), "apply on all partitions", FOLLOW_SECONDS)
    end = time.monotonic() + FOLLOW_SECONDS
    while True:  # until the client has the new partitions of all nodes
        before = proxied(trio)
        assert all(applied(client, key) for key in KEYS)
        if proxied(trio) == before:
            break
        assert time.monotonic() < end


def test_the_other_python_client(trio: Cluster) -> None:
    aerospike_py = pytest.importorskip(
        "aerospike_py", reason="this client is not installed: make test installs it"
    )
    client = aerospike_py.client(
        {"hosts": [trio.nodes[2].address], "cluster_name": cluster_processes.NAME}
    ).connect()
    try:
        put_module_on(trio, "other.lua")
        answers = {client.apply(key, "other", "count", []) for key in KEYS[:200]}
        assert len(answers) >= 1
        assert len(client.get_node_names()) == 3
    finally:
        client.close()


def put_module_on(trio: Cluster, name: str) -> None:
    assert trio.nodes[1].put(name, MODULE.encode()) == "ok"
