"""`show pmap`: masters and other copies, and what a cluster lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.target.aerospike.views import partition_map
from asadm.target.aerospike.views.namespaces import statistics
from tests.fakes.said import dead, node, rows

if TYPE_CHECKING:
    from asadm.target.aerospike.views.asking import NodeInfo

HEAD = "namespace:partition:state:n_replicas:replica:working_master"


def everything(_: str) -> bool:
    return True


def info(name: str, lines: list[str], copies: int = 2, dead_: int = 0) -> NodeInfo:
    return node(
        name,
        {
            "node": name,
            "namespaces": "test",
            "statistics": "cluster_key=12E4",
            "partition-info": ";".join([HEAD, *lines]),
            statistics(
                "test"
            ): f"effective_replication_factor={copies};unavailable_partitions=0;dead_partitions={dead_}",
        },
    )


def whole(name: str, other: str) -> list[str]:
    """Half of the partitions are of ``name``, of the others it has the second copy."""
    own = [f"test:{number}:S:2:0:{name}" for number in range(2048)]
    return [*own, *(f"test:{number}:S:2:1:{other}" for number in range(2048, 4096))]


def test_masters_and_other_copies_of_a_cluster_at_rest() -> None:
    table = partition_map.table([info("A1", whole("A1", "A2")), info("A2", whole("A2", "A1"))], everything)
    assert [(row["primary"], row["secondary"], row["cluster_key"]) for row in rows(table)] == [
        (2048, 2048, "12E4")
    ] * 2
    assert rows(table, "totals")[0]["primary"] == 4096
    assert table.note == ""


def test_absent_partitions_are_neither() -> None:
    lines = ["test:0:A:2:-1:A2", "test:1:D:2:-1:A2", "test:2:A:2:0:A2", "test:3:S:2:0:A1", "short:1"]
    (row,) = rows(partition_map.table([info("A1", lines)], everything))
    assert (row["primary"], row["secondary"]) == (1, 2)


def test_what_a_cluster_lacks_is_told_where_all_nodes_were_read() -> None:
    found = [info("A1", ["test:0:S:2:0:A1"], copies=1, dead_=7), info("A2", [], copies=1, dead_=7)]
    table = partition_map.table(found, everything)
    assert "test: 1 of 4096 partitions have a master among these nodes" in table.note
    assert rows(table, "totals")[0]["dead"] == 7  # each node tells of the whole cluster
    assert table.rows[0].marks["dead"] == "bad"
    assert "4096" not in partition_map.table([*found, dead("A3")], everything).note


def test_a_node_that_refuses_has_no_counts() -> None:
    refused = node("A1", {"node": "A1", "namespaces": "test", "partition-info": "ERROR:4:no"})
    table = partition_map.table([refused], everything)
    assert rows(table)[0]["primary"] is None
    assert "A1 refused partition-info: no (code 4)" in table.note
