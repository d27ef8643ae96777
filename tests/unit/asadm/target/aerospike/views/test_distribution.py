"""`show distribution`: percentiles of histograms, and records that never expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.target.aerospike.views import distribution
from asadm.target.aerospike.views.namespaces import statistics
from tests.each import for_each_row
from tests.fakes.said import dead, node, rows

if TYPE_CHECKING:
    from asadm.target.aerospike.views.asking import NodeInfo


def everything(_: str) -> bool:
    return True


def ttls(name: str, buckets: str, never: str = "") -> NodeInfo:
    said = {"namespaces": "test", distribution.histogram("time_to_live")("test"): buckets}
    return node(name, {**said, **({statistics("test"): never} if never else {})})


def linear(width: int, *counts: int) -> str:
    return f"units=seconds:hist-width={width * len(counts)}:bucket-width={width}:buckets={','.join(map(str, counts))}"


def test_records_that_never_expire_are_taken_out_of_the_first_bucket() -> None:
    table = distribution.ttl_table(
        [ttls("a", linear(10, 60, 20, 20), "non_expirable_objects=60")], everything
    )
    (row,) = rows(table)
    assert (row["never_expire"], row["expire"]) == (60, 40)
    assert (row["p10"], row["p50"], row["p60"], row["p100"]) == (20, 20, 30, 30)
    assert table.note == ""


def test_a_node_that_does_not_tell_how_many_never_expire_counts_them_all_and_says_so() -> None:
    table = distribution.ttl_table([ttls("a", linear(10, 60, 20, 20))], everything)
    (row,) = rows(table)
    assert (row["never_expire"], row["expire"], row["p50"]) == (None, 100, 10)
    assert table.note == distribution.UNKNOWN


def test_more_that_never_expire_than_there_are_in_the_bucket_are_those_in_it() -> None:
    (row,) = rows(
        distribution.ttl_table([ttls("a", linear(10, 5, 5), "non_expirable_objects=9")], everything)
    )
    assert (row["never_expire"], row["expire"]) == (5, 5)


def test_a_node_without_a_histogram_is_a_row_and_told() -> None:
    found = [ttls("a", ""), ttls("b", linear(10, 1)), dead("c")]
    table = distribution.ttl_table(found, everything)
    assert [(row["node"], row.get("p50")) for row in rows(table)] == [("a", None), ("b", 10), ("c", None)]
    assert "no histogram yet on a (nsup-hist-period)" in table.note


@for_each_row(
    ("counts", "percentiles"),
    [
        ([10], [9] * 10),
        ([1] * 10, [9, 19, 29, 39, 49, 59, 69, 79, 89, 99]),
        ([0, 0, 1], [29] * 10),
        ([0, 0], [None] * 10),
        ([3, 0, 0, 1], [9, 9, 9, 9, 9, 9, 9, 39, 39, 39]),
    ],
)
def test_percentiles_of_sizes_are_the_upper_edges_of_buckets(
    counts: list[int], percentiles: list[int]
) -> None:
    said = {"namespaces": "test", distribution.histogram("object_size")("test"): linear(10, *counts)}
    (row,) = rows(distribution.size_table([node("a", said)], everything))
    assert [row[f"p{percent}"] for percent in distribution.PERCENTILES] == percentiles
    assert row["records"] == sum(counts)


def test_powers_of_two_stand_in_order_and_a_range_that_a_node_does_not_name_has_none() -> None:
    command = distribution.histogram("object_size", powers=True)("test")
    found = [
        node("a", {"namespaces": "test", command: "units=bytes:[64-128)=3:[1K-2K)=1"}),
        node("b", {"namespaces": "test", command: "units=bytes:[512-1K)=2:[1M-2M)=4"}),
        node("c", {"namespaces": "test", command: ""}),
    ]
    (table,) = distribution.power_tables(found, everything)
    assert [column.name for column in table.columns] == ["records", "64-128", "512-1K", "1K-2K", "1M-2M"]
    assert [row["records"] for row in rows(table)] == [4, 6, None]
    assert [row["512-1K"] for row in rows(table)] == [0, 2, None]
    assert "no histogram yet on c" in table.note
