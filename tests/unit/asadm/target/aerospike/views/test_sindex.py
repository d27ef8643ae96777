"""`info sindex`: each index is a group of its own, and averages are not added."""

from __future__ import annotations

from collections.abc import Mapping

from asadm.target.aerospike.views import sindex
from asadm.target.aerospike.views.asking import NodeInfo
from tests.fakes.said import dead, node

ENTRY = "ns=test:indexname={}:set=users:bin=age:type=numeric:indextype=default:context=null:exp=null:state={}"


def every(_: Mapping[str, str]) -> bool:
    return True


def info(name: str, *indexes: str, state: str = "RW", per_value: str = "12") -> NodeInfo:
    answers = {
        "sindex-list:": ";".join(ENTRY.format(index, state) for index in indexes),
        "get-config:context=namespace;namespace=test": "sindex-type=mem",
    }
    for index in indexes:
        answers[f"sindex-stat:namespace=test;indexname={index}"] = (
            f"entries=96;used_bytes=1024;entries_per_bval={per_value};entries_per_rec=1"
        )
    return node(name, answers)


def test_two_indexes_of_a_set_have_sums_of_their_own() -> None:
    table = sindex.table([info("a", "i", "j"), info("b", "i", "j"), dead("c")], every)
    assert [(rows[0].values["index"], totals) for rows, totals in table.totals()] == [
        ("i", {"entries": 192, "used_bytes": 2048}),
        ("j", {"entries": 192, "used_bytes": 2048}),
    ]


def test_keys_are_entries_by_their_average() -> None:
    (row,) = sindex.table([info("a", "i")], every).rows
    assert row.values["keys"] == 8
    assert row.values["storage_type"] == "mem"
    assert row.values["context"] is None
    (row,) = sindex.table([info("a", "i", per_value="0")], every).rows
    assert row.values["keys"] is None


def test_an_index_that_is_being_built_stands_out() -> None:
    table = sindex.table([info("a", "i"), info("b", "i", state="WO")], every)
    assert [row.marks for row in table.rows] == [{}, {"index_state": "changed"}]
    assert table.note == sindex.BUILDING


def test_an_index_whose_figures_are_refused_is_a_row() -> None:
    found = node(
        "a",
        {
            "sindex-list:": ENTRY.format("i", "RW"),
            "sindex-stat:namespace=test;indexname=i": "ERROR:201:no index",
        },
    )
    (row,) = sindex.table([found], every).rows
    assert (row.values["index"], row.values["entries"], row.values["used_bytes"]) == ("i", None, None)


def test_only_what_is_wanted_is_listed() -> None:
    found = info("a", "i", "j")
    assert [each["indexname"] for each in sindex.listed(found, lambda index: index["indexname"] == "j")] == [
        "j"
    ]
