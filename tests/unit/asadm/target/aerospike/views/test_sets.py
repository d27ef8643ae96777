"""`info set`: quotas, which are of one node, and what a set is."""

from __future__ import annotations

import pytest

from asadm.tables.table import Table
from asadm.target.aerospike.views import sets
from asadm.target.aerospike.views.asking import NodeInfo
from asadm.target.aerospike.views.namespaces import every
from tests.fakes.said import dead, node, rows

FIELDS = {
    "ns": "test", "set": "users", "objects": "80", "data_used_bytes": "900", "stop-writes-count": "100",
    "stop-writes-size": "0", "disable-eviction": "true", "enable-index": "true", "index_populating": "false", "truncating": "false",
}  # fmt: skip


def info(name: str, **fields: str) -> NodeInfo:
    said = {**FIELDS, **{key.replace("__", "-"): value for key, value in fields.items()}}
    return node(name, {"sets": ":".join(f"{key}={value}" for key, value in said.items()) + ";"})


def made(*found: NodeInfo) -> Table:
    return sets.table(found, every, every)


def test_a_row_is_a_set_of_a_node() -> None:
    (row,) = made(info("a")).rows
    assert row.values["records_quota_used_pct"] == 80
    assert row.values["size_quota_used_pct"] is None
    assert row.values["disable_eviction"] is True
    assert row.values["truncating"] is False
    assert row.marks["records_quota_used_pct"] == "changed"


def test_quotas_of_all_nodes_are_shares_of_those_that_have_one() -> None:
    table = made(
        info("a", stop__writes__size="1000"),
        info("b", stop__writes__size="1000"),
        info("c", stop__writes__count="0"),
        dead("d"),
    )
    ((_, totals),) = table.totals()
    assert totals["records"] == 240
    assert totals["records_quota_used_pct"] == 80
    assert totals["size_quota_used_pct"] == 90
    assert table.rows[0].marks["size_quota_used_pct"] == "bad"
    assert "= 3 of 4 nodes" in [row[2].text for row in table.sheet().rows]


def test_a_node_without_the_set_counts_as_read() -> None:
    without = node("b", {"sets": ""})
    (total,) = rows(made(info("a"), without, dead("c")), "totals")
    assert (total["records"], total["nodes_read"], total["nodes_asked"]) == (80, 2, 3)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"enable__index": "false"}, "No"),
        ({"enable__index": "true"}, "Yes"),
        ({"enable__index": "true", "index_populating": "true"}, "Building"),
        ({"enable__index": "?"}, None),
    ],
)
def test_the_index_of_a_set(fields: dict[str, str], state: str | None) -> None:
    assert made(info("a", **fields)).rows[0].values["set_index"] == state


def test_only_sets_that_are_wanted() -> None:
    found = [info("a"), info("b", set="demo")]
    assert [row.values["set"] for row in sets.table(found, every, lambda name: name == "demo").rows] == [
        "demo"
    ]
    assert sets.table(found, lambda name: name == "bar", every).rows == []


def test_an_older_node_deletes_where_a_newer_one_truncates() -> None:
    found = node("a", {"sets": "ns=test:set=users:objects=1:deleting=true;"})
    assert made(found).rows[0].values["truncating"] is True
