"""Racks, rosters and masking rules, and who says that they are of another edition."""

from __future__ import annotations

from asadm.target.aerospike.views import enterprise
from tests.fakes.said import dead, node, rows

REFUSED = "ERROR:25:enterprise only"


def test_a_community_server_is_without() -> None:
    found = [
        node("a", {enterprise.RACKS: REFUSED}),
        node("b", {enterprise.RACKS: "ns=test:rack_1=A1"}),
        dead("c"),
    ]
    without = enterprise.without(found, enterprise.RACKS)
    assert [answer.node.name for answer in without] == ["a"]
    assert enterprise.only("racks", without, found) == "racks are of the Enterprise Edition: a is without"
    both = enterprise.without(found[:1] * 2, enterprise.RACKS)
    assert enterprise.only("racks", both, found[:2]).endswith("all nodes are without")


def test_racks_that_nodes_see_alike_are_one_row() -> None:
    said = {enterprise.RACKS: "ns=test:rack_1=A1,A2:rack_2=A3;ns=bar:rack_0=A1"}
    table = enterprise.racks_table([node("a", said), node("b", said)], "")
    assert [(row["namespace"], row["rack_id"], row["members"], row["nodes"]) for row in rows(table)] == [
        ("bar", "0", ["A1"], ["a", "b"]),
        ("test", "1", ["A1", "A2"], ["a", "b"]),
        ("test", "2", ["A3"], ["a", "b"]),
    ]


def test_rosters() -> None:
    said = {enterprise.ROSTER: "ns=test:roster=A1@1,A2@2:pending_roster=null:observed_nodes=A1@1"}
    (row,) = rows(enterprise.roster_table([node("a", said)], ""))
    assert row["current_roster"] == ["A1@1", "A2@2"]
    assert row["pending_roster"] == []
    assert row["observed_nodes"] == ["A1@1"]


def test_masking_rules_have_the_fields_that_nodes_give_them() -> None:
    said = {
        enterprise.MASKING: "ns=test:set=demo:bin=a:function=redact;ns=test:set=demo:bin=b:function=constant:value=x"
    }
    table = enterprise.masking_table([node("a", said)], "")
    assert [row["rule_bin"] for row in rows(table)] == ["a", "b"]
    assert rows(table)[0]["rule_value"] is None


def test_editions() -> None:
    found = [
        node("a", {"release": "arch=x;edition=Aerospike Community Edition"}),
        node("b", {"release": "edition=Aerospike Enterprise Edition"}),
    ]
    assert [answer.node.name for answer in enterprise.communities(found)] == ["a"]
