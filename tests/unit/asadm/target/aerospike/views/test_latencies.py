"""`show latencies`: rates and shares, and what they come to over all nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.target.aerospike.views import latencies
from tests.fakes.said import dead, node, rows

if TYPE_CHECKING:
    from asadm.tables.table import Table
    from asadm.target.aerospike.views.asking import NodeInfo


def info(name: str, *histograms: str) -> NodeInfo:
    return node(name, {"latencies:": ";".join(histograms)})


def tables(*found: NodeInfo, every: int = 3, count: int = 3) -> list[Table]:
    return latencies.tables(found, lambda _namespace, _kind: True, every=every, count=count)


def test_a_row_is_a_histogram_of_a_node_and_one_without_requests_is_none() -> None:
    (table,) = tables(info("a", "batch-index:msec,1.5,2.00,1.00,0.50,0.25", "{test}-read:"))
    (row,) = rows(table)
    assert row == {
        "node": "a",
        "state": "ok",
        "namespace": None,
        "histogram": "batch-index",
        "ops_per_second": 1.5,
        "over_1_ms": 2.0,
        "over_8_ms": 0.25,
        "over_64_ms": None,
    }


def test_every_kth_threshold_and_so_many() -> None:
    (table,) = tables(info("a", "{test}-read:msec,1,1,1,1"), every=2, count=20)
    assert [column.title for column in table.columns][1:4] == [">1ms", ">4ms", ">16ms"]
    assert table.columns[-1].title == ">65536ms"


def test_nodes_count_by_their_requests() -> None:
    found = [info("a", "{test}-read:msec,10.0,10.00"), info("b", "{test}-read:msec,30.0,2.00"), dead("c")]
    (table,) = tables(*found)
    (total,) = rows(table, "totals")
    assert total["ops_per_second"] == 40
    assert total["over_1_ms"] == 4
    assert total["over_8_ms"] is None
    assert (total["nodes_read"], total["nodes_asked"]) == (2, 3)


def test_no_request_is_no_slow_one() -> None:
    (table,) = tables(info("a", "{test}-read:msec,0.0,0.00"))
    assert rows(table, "totals")[0]["over_1_ms"] == 0


def test_nodes_with_another_unit_have_a_table_of_their_own() -> None:
    found = tables(info("a", "{test}-read:msec,1.0,1.00"), info("b", "{test}-read:usec,1.0,50.00"))
    assert [table.name for table in found] == ["latencies_ms", "latencies_us"]
    assert [row["node"] for row in rows(found[1])] == ["b"]


def test_a_histogram_that_cannot_be_read_is_none() -> None:
    (table,) = tables(info("a", "{test}-read:msec,x", "{test}-write:hours,1,1", "{test}-udf:msec", "junk"))
    assert table.rows == []


def test_what_several_commands_tell_counts_once() -> None:
    line = "{test}-read:msec,1.0,1.00"
    found = node(
        "a",
        {
            "latencies:": line,
            "latencies:hist={test}-benchmarks-read": f"{line};{{test}}-read-start:msec,1.0,0.00",
        },
    )
    (table,) = tables(found)
    assert [row["histogram"] for row in rows(table)] == ["read", "read-start"]


def test_on_a_narrow_terminal_every_second_threshold_goes_first_and_the_first_stays() -> None:
    (table,) = tables(info("a", "{test}-read:msec,1,1"), every=1, count=5)
    going = sorted((column for column in table.columns if column.detail), key=lambda column: -column.detail)
    assert [column.title for column in going] == [">2ms", ">8ms", ">4ms", ">16ms"]
