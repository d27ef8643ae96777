"""How a node of a cluster starts: what it says until it is ready, and what keeps it from starting."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from asinfo.dialogue import Endpoint
from asinfo.exchange import exchange
from tests import cluster_processes, etcd
from tests.etcd import await_true

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster_processes import Node
    from tests.etcd import Etcd


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Etcd]:
    with etcd.running(tmp_path) as running:
        yield running


def answers(node: Node) -> bool:
    try:
        return node.get("/healthz")[0] == 200
    except OSError:
        return False


def test_a_node_that_waits_refuses_connections(tmp_path: Path, store: Etcd) -> None:
    (node,) = cluster_processes.make(tmp_path, store.endpoints, 1).nodes
    store.kill()
    try:
        node.begin()
        await_true(lambda: answers(node), "the port for supervisors")
        (reply,) = exchange([(Endpoint(*node.address), b"build\n")], timeout=5.0)
        assert reply.failure is not None
        assert reply.failure.kind == "refused"
        assert node.get("/readyz") == (503, "starting: waiting for the metadata\n")
        store.start()
        node.ready()
        assert node.ask("build")
    finally:
        node.kill()


def test_a_port_that_is_taken_meanwhile(tmp_path: Path, store: Etcd) -> None:
    (node,) = cluster_processes.make(tmp_path, store.endpoints, 1).nodes
    store.kill()
    try:
        node.begin()
        await_true(lambda: answers(node), "the port for supervisors")
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(node.address)
            other.listen()
            store.start()
            assert node.daemon is not None
            assert node.daemon.process.wait(60) == 1
        assert f"cannot listen on 127.0.0.1:{node.ports[0]}: Address already in use" in node.log
    finally:
        node.kill()


def test_two_nodes_with_one_address(tmp_path: Path, store: Etcd) -> None:
    cluster = cluster_processes.make(tmp_path, store.endpoints, 2)
    first, second = cluster.nodes
    for node in cluster.nodes:
        text = node.config.read_text(encoding="utf-8")
        said = "network {\n    service {\n        access-address 10.0.0.11\n        access-port 3000\n    }\n"
        node.config.write_text(text.replace("network {\n", said), encoding="utf-8")
    try:
        first.start()
        second.begin()
        assert second.daemon is not None
        assert second.daemon.process.wait(60) == 1
        assert "node A2 would tell clients and other nodes that it is at 10.0.0.11:3000" in second.log
        assert "where node A1 of this cluster is: set access-address" in second.log
        await_true(lambda: first.members() == ["A1"], "the first is alone")
    finally:
        first.kill()
        second.kill()
