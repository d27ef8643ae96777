"""`show stop-writes`: what is compared with which limit, and when writes are stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asadm.target.aerospike.views import stop_writes
from asadm.target.aerospike.views.namespaces import configuration, statistics
from tests.each import for_each_row
from tests.fakes.said import dead, node, rows

if TYPE_CHECKING:
    from asadm.target.aerospike.views.asking import NodeInfo


def everything(_: str) -> bool:
    return True


def info(node_: str = "", namespace: str = "", parameters: str = "", sets: str = "") -> NodeInfo:
    return node(
        "a",
        {
            "namespaces": "test",
            "statistics": node_,
            "sets": sets,
            statistics("test"): namespace,
            configuration("test"): parameters,
        },
    )


def only(found: NodeInfo) -> dict[str, Any]:
    (row,) = rows(stop_writes.table([found], everything))
    return row


@for_each_row(
    ("node_", "namespace", "parameters", "metric", "used"),
    [
        ("system_free_mem_pct=85", "", "stop-writes-sys-memory-pct=90", "system_free_mem_pct", 15 * 100 / 90),
        ("", "data_avail_pct=62", "storage-engine.stop-writes-avail-pct=5", "data_avail_pct", 40),
        ("", "data_used_bytes=30;data_total_bytes=100", "storage-engine.stop-writes-used-pct=60", "data_used_bytes", 50),
        ("", "index_used_bytes=1;set_index_used_bytes=2;sindex_used_bytes=3", "indexes-memory-budget=12", "index_used_bytes", 50),
        ("cluster_clock_skew_ms=4000", "", "nsup-period=5;strong-consistency=false", "cluster_clock_skew_ms", 10),
        ("cluster_clock_skew_ms=5000;cluster_clock_skew_stop_writes_sec=20", "", "strong-consistency=true;nsup-period=5",
         "cluster_clock_skew_ms", 25),
    ],
)  # fmt: skip
def test_how_much_of_a_limit_is_used(
    node_: str, namespace: str, parameters: str, metric: str, used: float
) -> None:
    row = only(info(node_, namespace, parameters))
    assert (row["metric"], row["usage_pct"], row["stop_writes"]) == (metric, used, False)


def test_a_limit_of_a_set_is_passed_when_it_is_passed_and_one_of_a_namespace_when_the_node_says_so() -> None:
    passed = "data_used_bytes=90;data_total_bytes=100"
    limit = "storage-engine.stop-writes-used-pct=70"
    assert only(info("", f"{passed};stop_writes=false", limit))["stop_writes"] is False
    assert only(info("", f"{passed};stop_writes=true", limit))["stop_writes"] is True
    row = only(
        info(sets="ns=test:set=demo:objects=10:stop-writes-count=10:data_used_bytes=1:stop-writes-size=0;")
    )
    assert (row["set"], row["stop_writes"], row["unit"]) == ("demo", True, "count")


def test_limits_that_are_not_set_are_counted_and_the_nearest_comes_first() -> None:
    sets = "ns=test:set=a:objects=1:stop-writes-count=10:data_used_bytes=9:stop-writes-size=10;ns=test:set=b:objects=5:stop-writes-count=10;"
    table = stop_writes.table([info(sets=sets), dead("b")], everything)
    assert [row.get("usage_pct") for row in rows(table)] == [90, 50, 10, None]
    assert table.note.startswith("6 limits are not set")


def test_only_sets_where_one_is_named() -> None:
    sets = "ns=test:set=a:objects=1:stop-writes-count=10;ns=test:set=b:objects=5:stop-writes-count=10;"
    found = info("system_free_mem_pct=85", "", "stop-writes-sys-memory-pct=90", sets)
    table = stop_writes.table([found], everything, lambda name: name == "b")
    assert [row["set"] for row in rows(table)] == ["b"]
    assert stop_writes.table([found], lambda name: name == "bar").rows == []
