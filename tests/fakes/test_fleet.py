"""The fake fleet keeps its word: what its servers answer, replicate and suffer."""

import time

import pytest

from asadm.cluster import ClusterNode
from asadm.target.aerospike.cluster import AerospikeCluster
from asinfo.exchange import Endpoint
from asinfo.wire.udf import base64, digest, put
from tests.each import for_each_row
from tests.fakes.fleet import FAULTS, Fleet

NAME = b"a.lua"
ONE, TWO = b"return 1\n", b"return 2\n"
LIST = b"udf-list"
GET = b"udf-get:filename=" + NAME


def cluster_of(fleet: Fleet, timeout: float = 5.0) -> AerospikeCluster:
    members = [ClusterNode(Endpoint(node.host, node.port, name=f"n{node.number}")) for node in fleet.nodes]
    return AerospikeCluster(members, timeout=timeout)


def answers(fleet: Fleet, command: bytes, timeout: float = 5.0) -> list[tuple[str, bytes]]:
    found = cluster_of(fleet, timeout).each([command])
    return [(answer.status, answer.answer) for answer in found]


def test_put_list_get_remove() -> None:
    with Fleet(1) as fleet:
        assert answers(fleet, LIST) == [("ok", b"")]
        assert answers(fleet, put(NAME, ONE)) == [("ok", b"ok")]
        listed = b"filename=a.lua,hash=%b,type=LUA;" % digest(NAME, base64(ONE)).encode()
        assert answers(fleet, LIST) == [("ok", listed)]
        assert answers(fleet, GET) == [("ok", b"type=LUA;content=" + base64(ONE) + b";")]
        assert answers(fleet, b"udf-remove:filename=a.lua") == [("ok", b"ok")]
        assert answers(fleet, LIST) == [("ok", b"")]
        assert answers(fleet, GET) == [("error", b"error=not_found")]
        assert answers(fleet, b"what") == [("error", b"ERROR:4:unrecognized command")]


def test_an_identical_put_mends_neither_file_nor_cache() -> None:
    with Fleet(1) as fleet:
        fleet.load(NAME, ONE)
        del fleet[0].files[NAME]
        answers(fleet, b"udf-clear-cache:")
        assert fleet[0].cold == {NAME}
        answers(fleet, put(NAME, ONE))
        assert fleet[0].source(NAME) is None
        assert fleet[0].cold == {NAME}
        answers(fleet, put(NAME, TWO))
        assert fleet[0].source(NAME) == TWO
        assert not fleet[0].cold


def test_asudfd_fills_its_cache_again() -> None:
    with Fleet(1, real=False) as fleet:
        fleet.load(NAME, ONE)
        answers(fleet, b"udf-clear-cache:")
        assert not fleet[0].cold
        assert answers(fleet, b"udf-cache-stats:")[0][0] == "ok"


@pytest.mark.parametrize("delay", [0.0, 0.02])
def test_clusters_replicate(delay: float) -> None:
    with Fleet(4, clusters=2, delay=delay) as fleet:
        members = cluster_of(fleet)
        members.each([put(NAME, ONE)], nodes=members.nodes[:1])
        deadline = time.monotonic() + 5
        while fleet[1].hash(NAME) is None and time.monotonic() < deadline:
            members.each([LIST])
        assert [digest is None for digest in fleet.hashes(NAME)] == [False, False, True, True]
        keys = [answer for _, answer in answers(fleet, b"cluster-stable:ignore-migrations=true")]
        assert keys[0] == keys[1] != keys[2] == keys[3]


def test_a_deaf_node_keeps_the_old_one_whatever_is_put_again() -> None:
    with Fleet(2, clusters=1) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].hold(NAME, TWO)
        answers(fleet, put(NAME, ONE))
        assert fleet.sources(NAME) == [ONE, TWO]


@for_each_row("fault", FAULTS)
def test_faults_come_and_go(fault: str) -> None:
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)
        fleet[0].fault = fault
        (bad, _), (good, _) = answers(fleet, put(NAME, TWO), 0.3)
        assert (bad == "ok", good) == (False, "ok") if fault != "nonsense" else good == "ok"
        fleet[0].fault = ""
        assert [status for status, _ in answers(fleet, LIST)] == ["ok", "ok"]


def test_a_restart_loses_connections_and_warms_the_cache() -> None:
    with Fleet(1) as fleet:
        fleet.load(NAME, ONE)
        answers(fleet, b"udf-clear-cache:")
        fleet[0].restart(seconds=0.01)
        deadline = time.monotonic() + 5
        while answers(fleet, LIST)[0][0] != "ok":
            assert time.monotonic() < deadline
        assert fleet.sources(NAME) == [ONE]
        assert not fleet[0].cold


def test_an_empty_return() -> None:
    with Fleet(1) as fleet:
        fleet.load(NAME, ONE)
        fleet[0].restart(keep=False, seconds=0.01)
        deadline = time.monotonic() + 5
        while answers(fleet, LIST) != [("ok", b"")]:
            assert time.monotonic() < deadline


def test_a_hook_switches_a_fault_in_the_middle() -> None:
    def hook(server: object, command: bytes) -> None:
        if command.startswith(b"udf-put"):
            fleet[0].fault = "refuses"

    with Fleet(1) as fleet:
        fleet[0].after = hook
        assert answers(fleet, put(NAME, ONE))[0][0] == "closed"
        assert fleet.sources(NAME) == [ONE]
        assert answers(fleet, LIST)[0][0] == "refused"


def test_three_hundred_nodes() -> None:
    with Fleet(300) as fleet:
        fleet.load(NAME, ONE)
        assert {status for status, _ in answers(fleet, LIST)} == {"ok"}
