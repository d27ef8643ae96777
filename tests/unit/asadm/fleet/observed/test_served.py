"""A node that serves other bytes than it lists: every command that reads modules says so."""

import json
from collections.abc import Iterator

import pytest

from asadm.cluster import ClusterNode
from asadm.fleet.observed.served import ServedModules
from asadm.fleet.observed.survey import survey
from asadm.target.aerospike.cluster import AerospikeCluster
from asinfo.exchange import Endpoint
from tests.fakes.fleet import Fleet
from tests.unit.asadm.conftest import Asadm

ONE, TWO = b"return 1\n", b"return 2\n"
NAME = b"one.lua"


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Three nodes that list the same; the second serves something else."""
    with Fleet(3) as fleet:
        fleet.load(NAME, ONE)
        fleet.load(b"two.lua", TWO)
        fleet[1].files[NAME] = b"return 9\n"
        yield fleet


def diff(asadm: Asadm, fleet: Fleet, one: int, two: int, *flags: str) -> tuple[int, bytes, str]:
    words = ["udf", "diff", "one.lua", fleet[one].address, fleet[two].address]
    done = asadm(*flags, "-h", fleet.hosts, *words)
    return done.code, done.raw, done.err


def test_diff_compares_the_bytes(asadm: Asadm, fleet: Fleet) -> None:
    code, raw, err = diff(asadm, fleet, 0, 1)
    assert code == 3
    assert b"-return 1\n+return 9\n" in raw
    assert f"one.lua on {fleet[1].address}: what it serves has the hash" in err
    assert diff(asadm, fleet, 0, 2) == (0, b"", "")
    document = json.loads(diff(asadm, fleet, 1, 2, "-j")[1])
    assert document["hashes"] == [fleet[0].hash(NAME)] * 2
    assert document["served"][1] == fleet[0].hash(NAME) != document["served"][0]


def test_diff_of_two_that_are_damaged_alike(asadm: Asadm, fleet: Fleet) -> None:
    fleet[0].files[NAME] = fleet[1].files[NAME]
    code, raw, err = diff(asadm, fleet, 0, 1)
    assert (code, raw, err.count("but it lists")) == (3, b"", 2)


def test_diff_where_the_lists_differ_and_the_bytes_do_not(asadm: Asadm, fleet: Fleet) -> None:
    fleet[0].hold(NAME, TWO)
    fleet[0].files[NAME] = ONE
    code, raw, err = diff(asadm, fleet, 0, 2)
    assert (code, raw, err.count("but it lists")) == (3, b"", 1)


@pytest.mark.parametrize("left", [None, b""])
def test_diff_with_a_file_that_is_gone_or_empty(asadm: Asadm, fleet: Fleet, left: bytes | None) -> None:
    if left is None:
        del fleet[1].files[NAME]
    else:
        fleet[1].files[NAME] = left
    code, raw, err = diff(asadm, fleet, 0, 1)
    assert (code, b"-return 1" in raw, "but serves nothing" in err) == (3, True, True)


@pytest.mark.parametrize(
    "said", [b"ERROR:81:role violation", b"error=unknown_error", b"type=LUA;content=%%;"]
)
def test_diff_with_a_node_that_does_not_let_it_be_read(asadm: Asadm, fleet: Fleet, said: bytes) -> None:
    fleet[2].before = lambda _, command: said if command.startswith(b"udf-get") else None
    code, raw, err = diff(asadm, fleet, 0, 2)
    assert (code, raw) == (1, b"")
    assert fleet[2].address in err


def test_status_by_bytes(asadm: Asadm, fleet: Fleet) -> None:
    assert asadm("-h", fleet.hosts, "udf", "status").code == 0
    done = asadm("-h", fleet.hosts, "udf", "status", "--verify")
    rows = [line.split()[:3] for line in done.out.splitlines()]
    assert done.code == 1
    assert [row for row in rows if row[2] != "same"][1:] == [["one.lua", fleet[1].address, "damaged"]]
    document = asadm("-h", fleet.hosts, "-j", "udf", "status", "--verify").document
    assert (document["modules"][0]["damaged"], document["verified"]) == (1, True)
    fleet[1].files[NAME] = ONE
    assert asadm("-h", fleet.hosts, "udf", "status", "--verify").code == 0


def test_status_by_bytes_of_a_node_that_does_not_tell(asadm: Asadm, fleet: Fleet) -> None:
    fleet[2].before = lambda node, command: (
        node._switch("refuses") if command.startswith(b"udf-get") else None
    )
    done = asadm("-h", fleet.hosts, "udf", "status", "--verify")
    assert done.code == 1
    assert f"{fleet[2].address}  not verified" in done.out
    document = asadm("-h", fleet.hosts, "-j", "udf", "status", "--verify").document
    assert document["code"] == 1


def test_get_says_who_was_passed_by(asadm: Asadm, fleet: Fleet) -> None:
    fleet[0].files[NAME] = b"return 8\n"
    done = asadm("-h", fleet.hosts, "udf", "get", "one.lua")
    assert (done.code, done.raw) == (0, ONE)
    assert f"one.lua on {fleet[0].address}: what it serves has the hash" in done.err


def test_show_says_it_too(asadm: Asadm, fleet: Fleet) -> None:
    done = asadm("-h", fleet.hosts, "show", "udfs", "one.lua")
    assert f"one.lua on {fleet[1].address}: it serves other bytes than it lists" in done.err
    alone = asadm("-h", fleet[1].address, "show", "udfs", "one.lua")
    assert "it serves other bytes than it lists" in alone.err
    document = asadm("-h", fleet.hosts, "-j", "show", "udfs", "one.lua").document
    assert document["damaged"] == [fleet[1].address]
    assert [node["answer"] for node in document["nodes"]]


def test_check_by_bytes_finds_every_version(asadm: Asadm, fleet: Fleet) -> None:
    done = asadm("-h", fleet.hosts, "udf", "check", "--verify")
    assert done.code == 3
    assert "damaged" in done.out
    with Fleet(4) as other:
        for number, node in enumerate(other.nodes):
            node.hold(NAME, b"return %d\n" % (number % 2))
        other[3].files[NAME] = b"x"
        cluster = AerospikeCluster(
            [ClusterNode(Endpoint(node.host, node.port)) for node in other.nodes], timeout=5
        )
        served = ServedModules(cluster, survey(cluster))
        assert served.wrong() == {NAME: {cluster.nodes[3]}}
        assert served.complete
