"""Three asudfd processes and a real etcd: nodes that others do not count on any more, as their clients see them."""

from __future__ import annotations

import shutil
import time
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest

from asinfo.wire import request
from asinfo.wire.digest import partition
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from tests import cluster_processes, etcd
from tests.cluster_processes import Cluster, Node
from tests.etcd import Etcd, await_true

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.storm

CODE = b'function f(rec) return "%s" end'
PATIENT = Policy(limit=20_000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Etcd]:
    with etcd.running(tmp_path) as running:
        yield running


@pytest.fixture
def trio(tmp_path: Path, store: Etcd) -> Iterator[Cluster]:
    with cluster_processes.running(tmp_path, store.endpoints, 3) as cluster:
        yield cluster


def key_of(node: Node) -> Key:
    """A key whose record belongs to ``node``."""
    bitmap = b64decode(node.ask("replicas").partition(":0,1,")[2])
    keys = (Key("test", "demo", number) for number in range(1000))
    return next(
        key for key in keys if bitmap[partition(key.digest) >> 3] & 0x80 >> (partition(key.digest) & 7)
    )


def surely(node: Node, name: str, source: bytes) -> None:
    await_true(lambda: node.put(name, source) == "ok", f"{name} is acknowledged")


def test_a_node_whose_id_was_taken_answers_nothing_of_its_own(
    tmp_path: Path, store: Etcd, trio: Cluster
) -> None:
    old, other, _ = trio.nodes
    key = key_of(old)
    assert old.send(request.put(key, {"n": "old"}, PATIENT)).result == 0
    old.freeze()
    await_true(lambda: other.members() == ["A2", "A3"], "the frozen node is gone")
    new = cluster_processes.make(tmp_path / "new", store.endpoints, 1).nodes[0]
    try:
        new.start()
        assert new.send(request.put(key, {"n": "new"}, PATIENT)).result == 0
        old.thaw()
        await_true(lambda: "has taken the node-id A1" in old.get("/readyz")[1], "it says what has happened")
        assert old.get("/readyz")[0] == 503
        assert "CRITICAL (smd)" in old.log
        assert old.members() == ["A2", "A3"]
        assert old.ask("cluster-stable:").startswith("ERROR:")
        assert "has taken the node-id A1" in old.put("a.lua", CODE % b"old")
        for wish in (request.get(key, policy=PATIENT), request.put(key, {"n": "older"}, PATIENT)):
            assert old.send(wish).result == Result.PARTITION_UNAVAILABLE
        surely(other, "a.lua", CODE % b"new")
        for node in (new, other):
            assert node.send(request.get(key, policy=PATIENT)).bins == {"n": "new"}
            await_true(lambda n=node: n.get("/readyz")[0] == 200, "the others are ready")  # type: ignore[misc]  # mypy on defaults of lambdas
    finally:
        new.kill()


def test_code_that_was_replaced_while_a_node_was_frozen_does_not_run_any_more(
    store: Etcd, trio: Cluster
) -> None:
    one, two, _ = trio.nodes
    surely(one, "a.lua", CODE % b"old")
    key = key_of(two)
    assert one.send(request.apply(key, "a", "f", [], PATIENT)).bins == {"SUCCESS": "old"}
    two.freeze()
    await_true(lambda: one.members() == ["A1", "A3"], "the frozen node is gone")
    for number in range(24):
        surely(one, f"large{number}.lua", CODE % b"large" + b"--%d" % number + b"x" * 400_000)
    surely(one, "a.lua", CODE % b"new")
    store.compact()
    two.thaw()
    deadline = time.monotonic() + etcd.READY_SECONDS
    back = False
    while not back:
        assert time.monotonic() < deadline
        back = one.members() == ["A1", "A2", "A3"] and two.get("/readyz")[0] == 200
        reply = one.send(request.apply(key, "a", "f", [], PATIENT))
        assert reply.result in {0, Result.PARTITION_UNAVAILABLE}
        assert reply.bins in ({}, {"SUCCESS": "new"})
    assert two.modules() == one.modules()


def test_an_etcd_that_lost_everything_takes_nothing_from_the_nodes(store: Etcd, trio: Cluster) -> None:
    for number, node in enumerate(trio.nodes):
        surely(node, f"{number}.lua", CODE % b"kept")
    kept = trio.nodes[0].modules()
    member = store.members[0]
    member.kill()
    shutil.rmtree(member.directory / member.name)
    store.start()
    for node in trio.nodes:
        await_true(lambda n=node: "set back" in n.get("/readyz")[1], "it says what has happened")  # type: ignore[misc]  # mypy on defaults of lambdas
        assert "set back" in node.put("new.lua", CODE % b"new")
    trio.nodes[2].stop()
    trio.nodes[2].start()
    for number in range(20):  # as many revisions as there were, and more
        surely(trio.nodes[2], f"new{number}.lua", CODE % b"new")
    for node in trio.nodes[:2]:
        assert node.modules() == kept
        assert "set back" in node.remove("0.lua")
        assert node.get("/readyz")[0] == 503
    for node in trio.nodes[:2]:
        node.stop()
    trio.start()
    trio.await_modules(trio.nodes[2].modules())
    surely(trio.nodes[0], "0.lua", CODE % b"again")
    trio.await_modules(trio.nodes[0].modules())
