"""`info namespace usage`: shares, limits and what stands out."""

from __future__ import annotations

import pytest

from asadm.tables.table import Table
from asadm.target.aerospike.views import namespace_usage
from asadm.target.aerospike.views.asking import NodeInfo
from asadm.target.aerospike.views.namespaces import every
from tests.fakes.said import dead, node, rows

NAMESPACE = (
    "stop_writes=false;evicted_objects=2;index-type=mem;index_used_bytes=640;sindex-type=mem;sindex_used_bytes=320;"
    "storage-engine=memory;data_used_bytes=50;data_total_bytes=200;data_avail_pct=62;storage-engine.evict-used-pct=0;"
    "storage-engine.stop-writes-used-pct=70;storage-engine.stop-writes-avail-pct=5;stop-writes-sys-memory-pct=90"
)


def info(name: str, more: str = "", free: int = 80) -> NodeInfo:
    answers = {
        "namespaces": "test",
        "statistics": f"system_free_mem_pct={free}",
        "namespace/test": NAMESPACE,
    }
    fields = dict(field.split("=") for field in [*NAMESPACE.split(";"), *filter(None, more.split(";"))])
    answers["namespace/test"] = ";".join(f"{name}={value}" for name, value in fields.items())
    return node(name, answers)


def made(*found: NodeInfo) -> Table:
    return namespace_usage.table(found, every)


def test_values_are_raw_and_shares_are_percent() -> None:
    (row,) = made(info("a")).rows
    assert row.values["data_used_pct"] == 25
    assert row.values["memory_avail_pct"] == 80
    assert row.values["index_used_pct"] is None
    assert row.values["stop_writes"] is False
    assert row.marks == {}


def test_the_total_of_a_share_is_weighted_and_percentages_are_not_summed() -> None:
    table = made(info("a"), info("b", "data_used_bytes=10;data_total_bytes=800"), dead("c"))
    ((_, totals),) = table.totals()
    assert totals["data_used_bytes"] == 60
    assert totals["data_used_pct"] == 6
    assert totals["evictions"] == 4
    assert "data_avail_pct" not in totals
    (total,) = rows(table, "totals")
    assert (total["nodes_read"], total["nodes_asked"]) == (2, 3)
    assert "= 2 of 3 nodes" in [row[1].text for row in table.sheet().rows]


@pytest.mark.parametrize(
    ("more", "marked"),
    [
        ("data_used_bytes=140", {"data_used_pct"}),
        ("storage-engine.evict-used-pct=25", {"data_used_pct"}),
        ("storage-engine.evict-used-pct=26", set()),
        ("data_avail_pct=5", {"data_avail_pct"}),
        ("data_avail_pct=6", set()),
        ("indexes-memory-budget=700", {"index_used_pct"}),
        ("indexes-memory-budget=0", set()),
        ("indexes-memory-budget=1280;evict-indexes-memory-pct=50", {"index_used_pct"}),
        ("sindex_mounts_used_pct=90", {"sindex_used_pct"}),
        ("stop_writes=true", {"stop_writes"}),
    ],
)
def test_a_value_past_its_limit_stands_out(more: str, marked: set[str]) -> None:
    (row,) = made(info("a", more)).rows
    assert {name for name, mark in row.marks.items() if mark == "bad"} == marked


def test_little_memory_stands_out() -> None:
    assert made(info("a", free=10)).rows[0].marks == {"memory_avail_pct": "bad"}


def test_mounts_of_an_index_say_how_full_it_is() -> None:
    (row,) = made(info("a", "index_mounts_used_pct=30;index-type.evict-mounts-pct=80")).rows
    assert (row.values["index_used_pct"], row.values["index_evict_pct"]) == (30, 80)


def test_a_node_that_refuses_statistics_has_its_namespaces() -> None:
    (row,) = made(
        node(
            "a",
            {"namespaces": "test", "statistics": "ERROR:4:unrecognized command", "namespace/test": NAMESPACE},
        )
    ).rows
    assert row.values["memory_avail_pct"] is None
    assert row.values["data_used_bytes"] == 50
