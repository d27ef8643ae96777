"""`show sindex`: indexes that nodes have alike are one row, and what differs stands out."""

from __future__ import annotations

from asadm.target.aerospike.views import indexes, sindex_list
from asinfo.terminal.render import plain
from tests.fakes.said import dead, node, rows

AGE = "ns=test:indexname=idx_age:set=users:bin=age:type=numeric:indextype=default:context=null:exp=null:state=RW"
WHOLE = "ns=bar:indexname=idx_q:set=NULL:bin=q:type=string:indextype=list:context=null:exp=null:state=WO"


def test_nodes_that_differ_in_an_index_are_named() -> None:
    found = [
        node("a", {indexes.LIST: f"{AGE};{WHOLE}"}),
        node("b", {indexes.LIST: f"{AGE.replace('RW', 'WO')};{WHOLE}"}),
        node("c", {indexes.LIST: f"{AGE}"}),
        dead("d"),
    ]
    table = sindex_list.table(found, lambda *_: True)
    assert [(row.get("index"), row.get("index_state"), row.get("nodes")) for row in rows(table)] == [
        ("idx_q", "WO", ["a", "b"]),
        ("idx_age", "RW", ["a", "c"]),
        ("idx_age", "WO", ["b"]),
        (None, None, None),
    ]
    assert "only a, c" in plain(table.sheet())
    assert rows(table)[0]["set"] is None
    assert rows(table)[0]["context"] is None


def test_only_what_is_wanted() -> None:
    found = [node("a", {indexes.LIST: f"{AGE};{WHOLE}"})]
    asked: list[tuple[str, str, str]] = []

    def wanted(namespace: str, set_: str, index: str) -> bool:
        asked.append((namespace, set_, index))
        return namespace == "bar"

    assert [row["index"] for row in rows(sindex_list.table(found, wanted))] == ["idx_q"]
    assert asked == [("test", "users", "idx_age"), ("bar", "NULL", "idx_q")]
    assert sindex_list.table([node("a", {indexes.LIST: ""})], wanted).note
