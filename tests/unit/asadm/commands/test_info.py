"""`info` and its parts: one conversation a node, a row for every node, exit codes."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.fakes.node import FakeNode, Peer, closing, frame, refusing, reply, silent
from tests.unit.asadm.conftest import Asadm

NAMESPACE = (
    "objects=3;master_objects=2;prole_objects=1;stop_writes=false;data_used_bytes=50;data_total_bytes=200"
)
ANSWERS = {
    "node": "A1",
    "build": "8.1.2.0",
    "release": "edition=Aerospike Community Edition;version=8.1.2.0;os=debian12;arch=x86_64",
    "statistics": "cluster_size=2;uptime=5;system_free_mem_pct=80",
    "cluster-name": "null",
    "namespaces": "test;bar",
    "namespace/test": NAMESPACE,
    "namespace/bar": NAMESPACE,
    "sets": "ns=test:set=users:objects=3:data_used_bytes=50:stop-writes-count=0:stop-writes-size=0;",
    "sindex-list:": "ns=test:indexname=i:set=users:bin=b:type=numeric:state=RW;ns=test:indexname=j:set=users:bin=c:type=string:state=RW",
    "sindex-stat:namespace=test;indexname=i": "entries=3;entries_per_bval=1",
    "sindex-stat:namespace=test;indexname=j": "entries=3;entries_per_bval=3",
    "get-config:context=namespace;namespace=test": "sindex-type=mem",
}


def hosts(*nodes: FakeNode) -> str:
    return ",".join(node.address for node in nodes)


@pytest.mark.parametrize(
    ("command", "tables", "requests"),
    [
        ("info", ["network", "namespace_usage", "namespace_object"], 2),
        ("info network", ["network"], 1),
        ("info namespace", ["namespace_usage", "namespace_object"], 2),
        ("info names usage", ["namespace_usage"], 2),
        ("i names obj for te", ["namespace_object"], 2),
        ("info set", ["set"], 1),
        ("info sindex", ["sindex"], 2),
        ("info release", ["release"], 1),
    ],
)
def test_one_conversation_a_node(asadm: Asadm, command: str, tables: list[str], requests: int) -> None:
    with FakeNode(ANSWERS) as one, FakeNode(ANSWERS) as other:
        result = asadm("-j", "-h", hosts(one, other), "-e", command)
        assert (result.code, result.err) == (0, "")
        assert [table["name"] for table in result.document["tables"]] == tables
        for node in (one, other):
            assert len(node.requests) == requests
            asked = b"".join(node.requests).splitlines()
            assert len(asked) == len(set(asked))


def test_only_what_is_wanted_is_asked(asadm: Asadm) -> None:
    with FakeNode(ANSWERS) as node:
        asadm("-h", node.address, "-e", "info namespace for bar")
        assert b"namespace/test" not in b"".join(node.requests)
        node.requests.clear()
        asadm("-h", node.address, "-e", "info sindex like j")
        assert b"indexname=i" not in b"".join(node.requests)


def test_that_there_is_none_of_it_is_a_good_answer_and_that_nothing_matches_is_not(asadm: Asadm) -> None:
    with FakeNode({**ANSWERS, "sets": "", "sindex-list:": ""}) as node:
        for command, said in (
            ("info set", "no set was found"),
            ("info sindex", "no secondary index was found"),
        ):
            result = asadm("-h", node.address, "-e", command)
            assert (result.code, result.out.splitlines()[-1]) == (0, said)
            result = asadm("-h", node.address, "-e", f"{command} for tset")
            assert (result.code, result.out) == (1, "")
            assert "nothing matches 'tset'" in result.err


@pytest.mark.parametrize("command", ["info", "info namespace", "info set", "info sindex", "info release"])
def test_every_node_is_a_row_of_every_table(asadm: Asadm, command: str) -> None:
    dead = "{}:{}".format(*refusing())
    with FakeNode(ANSWERS) as node, FakeNode(behaviour=closing) as closed, FakeNode(behaviour=silent) as hung:
        addresses = f"{node.address},{closed.address},{hung.address},{dead}"
        result = asadm("-j", "-h", addresses, "--timeout", "0.5", "-e", command)
        assert result.code == 1
        for table in result.document["tables"]:
            states = {row["node"]: row["state"] for row in table["rows"]}
            assert states[node.address] == "ok"
            assert states[dead] == "refused"
            assert states[hung.address].startswith("timeout")
            assert len(states) == 4
            assert all(row["reason"] for row in table["rows"] if row["state"] != "ok")
            assert {(total["nodes_read"], total["nodes_asked"]) for total in table["totals"]} <= {(1, 4)}


def _first_only(peer: Peer) -> None:
    """Answer the first request, and close at the second."""
    peer.send(frame(reply(peer.request(), ANSWERS)))
    peer.request()


@pytest.mark.parametrize("command", ["info", "info namespace", "info sindex", "summary", "features"])
def test_a_node_that_goes_between_the_two_requests(asadm: Asadm, command: str) -> None:
    with FakeNode(ANSWERS) as node, FakeNode(behaviour=_first_only) as gone:
        result = asadm("-j", "-h", hosts(node, gone), "-e", command)
        assert result.code == 1
        for table in result.document["tables"]:
            (row,) = [row for row in table["rows"] if row["node"] == gone.address]
            assert row["state"] != "ok"
            assert row["reason"]


def test_all_nodes_failed(asadm: Asadm) -> None:
    dead = "{}:{}".format(*refusing())
    for command in ("info", "info namespace", "info set", "info sindex", "info release"):
        result = asadm("-h", dead, "-e", command)
        assert result.code == 1
        assert "nobody listens there" in result.out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("info set for nosuch", "nothing matches 'nosuch'"),
        ("info sindex like nosuch", "nothing matches 'nosuch'"),
        ("info namespace for nosuch", "nothing matches 'nosuch'"),
        ("info namespace usage for T", "nothing matches 'T'"),
    ],
)
def test_nothing_matches(asadm: Asadm, command: str, said: str) -> None:
    with FakeNode(ANSWERS) as node:
        result = asadm("-h", node.address, "-e", command)
        assert (result.code, result.out) == (1, "")
        assert said in result.err


@pytest.mark.parametrize(
    "command",
    [
        "info typo",
        "info like x",
        "info set like x",
        "info set for a b c",
        "info namespace for a b",
        "info sindex like (",
        "info with",
        "info release x",
        "info xdr x",
    ],
)
def test_what_means_nothing_is_refused(asadm: Asadm, command: str) -> None:
    with FakeNode(ANSWERS) as node:
        assert asadm("-h", node.address, "-e", command).code == 2
        assert node.requests == []


@pytest.mark.parametrize("command", ["info xdr", "info transactions"])
def test_what_is_of_another_edition_says_so(asadm: Asadm, command: str) -> None:
    with FakeNode(ANSWERS) as node:
        result = asadm("-h", node.address, "-e", command)
        assert (result.code, result.out) == (1, "")
        assert "Enterprise Edition" in result.err
        assert node.requests == []


def test_with_asks_only_these_nodes(asadm: Asadm) -> None:
    with FakeNode(ANSWERS) as one, FakeNode({**ANSWERS, "node": "A2"}) as other:
        result = asadm("-j", "-h", hosts(one, other), "-e", f"info set with {other.address}")
        assert [row["node"] for row in result.document["tables"][0]["rows"]] == [other.address]
        assert one.requests == []


def test_a_name_that_no_command_can_have_is_not_asked_for(asadm: Asadm) -> None:
    strange: Mapping[str, str] = {**ANSWERS, "namespaces": "te\0st;bar"}
    with FakeNode(strange) as node:
        result = asadm("-j", "-h", node.address, "-e", "info namespace")
        names = {row["namespace"] for row in result.document["tables"][0]["rows"]}
        assert "bar" in names
        json.dumps(result.document)
