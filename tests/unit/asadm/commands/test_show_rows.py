"""The commands of ``show`` that have one table, with nodes that answer, refuse or are away."""

from __future__ import annotations

import pytest

from asadm.commands.row import CommandRow
from asadm.commands.show_rows import SHOW_ROWS
from tests.fakes.node import FakeNode, refusing
from tests.unit.asadm.conftest import Asadm

COMMUNITY = {
    "node": "A1",
    "namespaces": "test",
    "statistics": "cluster_key=AB",
    "sets": "",
    "namespace/test": "effective_replication_factor=1",
    "release": "edition=Aerospike Community Edition",
    "service-clear-std": "127.0.0.1:3000",
    "sindex-list:": "",
    "query-show": "",
    "user-agents": "",
    "best-practices": "failed_best_practices=none",
    "latencies:": "",
    **dict.fromkeys(("racks:", "roster:", "masking-show:"), "ERROR:25:enterprise only"),
}
ROWS = [row for row in SHOW_ROWS if "[diff]" not in row.clauses]
"""Tables of names have tests of their own."""
ENTERPRISE = ("racks", "roster", "masking", "users", "roles")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_node_is_asked_and_a_dead_one_is_told(asadm: Asadm, row: CommandRow) -> None:
    name = row.name
    dead = "{}:{}".format(*refusing())
    enterprise = name.removeprefix("show ") in ENTERPRISE
    with FakeNode(COMMUNITY) as one, FakeNode(COMMUNITY) as two:
        whole = asadm("-h", f"{one.address},{two.address}", "-e", name)
        assert whole.code == (1 if enterprise else 0), whole.err
        assert (whole.err != "") == enterprise
        partial = asadm("-h", f"{one.address},{dead}", "-e", name)
        assert partial.code == 1
        assert dead in (partial.err if enterprise else partial.out)
        document = asadm("--json", "-h", f"{one.address},{dead}", "-e", name).document
        assert (document["nodes_read"], document["nodes_asked"]) == (1, 2)
        assert {node["node"] for node in document["nodes"]} == {one.address, dead}
        assert len(two.requests) <= 2
        unknown = [] if row.many else ["nosuch", "diff"]  # names of users may be any
        for words in (*unknown, "--nosuch", "with"):
            assert asadm("-h", one.address, "-e", f"{name} {words}").code == 2, words
        before = len(two.requests)
        asadm("-h", f"{one.address},{two.address}", "-e", f"{name} with {one.address}")
        assert len(two.requests) == before


@pytest.mark.parametrize("name", ENTERPRISE)
def test_what_is_of_another_edition_says_so_in_a_line(asadm: Asadm, name: str) -> None:
    with FakeNode(COMMUNITY) as one, FakeNode(COMMUNITY) as two:
        result = asadm("-h", f"{one.address},{two.address}", "-e", f"show {name}")
    assert result.out == ""
    assert "are of the Enterprise Edition: all nodes are without" in result.err
    assert len(result.err.splitlines()) == 1


def test_nodes_that_have_it_are_shown_beside_one_that_has_not(asadm: Asadm) -> None:
    with FakeNode({"racks:": "ns=test:rack_1=A1"}) as one, FakeNode(COMMUNITY) as two:
        result = asadm("-h", f"{one.address},{two.address}", "-e", "show racks")
        assert result.code == 1
        assert "rack" in result.out
        assert f"racks are of the Enterprise Edition: {two.address} is without" in result.out
    with FakeNode({"racks:": ""}) as one:
        result = asadm("-h", one.address, "-e", "show racks")
        assert (result.code, "there are no racks" in result.out) == (0, True)


def test_an_enterprise_server_may_have_users(asadm: Asadm) -> None:
    with FakeNode({"release": "edition=Aerospike Enterprise Edition"}) as node:
        result = asadm("-h", node.address, "-e", "show users")
        assert result.code == 1
        assert "shown by the vendor's asadm" in result.err


def test_indexes_are_chosen_by_namespace_set_and_name(asadm: Asadm) -> None:
    entry = "ns={}:indexname={}:set={}:bin=b:type=numeric:indextype=default:context=null:exp=null:state=RW"
    said = ";".join(
        [
            entry.format("test", "age", "users"),
            entry.format("test", "n", "demo"),
            entry.format("bar", "q", "users"),
        ]
    )
    with FakeNode({"sindex-list:": said}) as node:
        for words, names in {
            "": ["q", "n", "age"],
            "for test": ["n", "age"],
            "for . users": ["q", "age"],
            "for . age": ["age"],
            "like a": ["age"],
        }.items():
            (table,) = asadm("--json", "-h", node.address, "-e", f"show sindex {words}").document["tables"]
            assert [row["index"] for row in table["rows"]] == names, words
        assert asadm("-h", node.address, "-e", "show sindex for nosuch").code == 1


def test_limits_of_sets_ask_for_sets_alone(asadm: Asadm) -> None:
    with FakeNode({"sets": "ns=test:set=demo:objects=9:stop-writes-count=10;"}) as node:
        result = asadm("-h", node.address, "-e", "show stop-writes for test demo")
        assert result.code == 0
        assert node.requests == [b"sets\n"]


def test_limits_that_are_not_set_are_told(asadm: Asadm) -> None:
    with FakeNode({"sets": "ns=test:set=demo:objects=9:stop-writes-count=0;"}) as node:
        result = asadm("-h", node.address, "-e", "show stop-writes for test demo")
        assert (result.code, result.err) == (0, "")
        assert "2 limits are not set" in result.out
        result = asadm("-h", node.address, "-e", "show stop-writes for test other")
        assert (result.code, "nothing matches 'test', 'other'" in result.err) == (1, True)
