"""`info namespace object`: counts, their sums, and the rack."""

from __future__ import annotations

import pytest

from asadm.target.aerospike.views import namespace_objects
from asadm.target.aerospike.views.namespaces import every
from tests.fakes.said import dead, node, rows

NAMESPACE = (
    "effective_replication_factor=2;rack-id=0;master_objects=3;prole_objects=2;non_replica_objects=1;master_tombstones=4;"
    "prole_tombstones=0;non_replica_tombstones=0;expired_objects=5;migrate_tx_partitions_remaining=6"
)


def test_records_are_summed_and_factors_are_not() -> None:
    answers = {"namespaces": "test", "namespace/test": NAMESPACE}
    table = namespace_objects.table([node("a", answers), node("b", answers), dead("c")], every)
    assert [row.values["total_records"] for row in table.rows] == [10, 10]
    (total,) = rows(table, "totals")
    assert (total["total_records"], total["expirations"], total["migrations_tx"]) == (20, 10, 12)
    assert total["migrations_rx"] is None
    assert "replication_factor" not in total
    assert "rack_id" not in total


@pytest.mark.parametrize(
    ("racks", "rack"),
    [("ERROR:25:enterprise only", 0), ("bar:1;test:7", 7), ("bar:1", 0), ("test:x", None)],
)
def test_the_rack_a_node_is_in_now(racks: str, rack: int | None) -> None:
    found = node("a", {"namespaces": "test", "namespace/test": NAMESPACE, "rack-ids": racks})
    assert namespace_objects.table([found], every).rows[0].values["rack_id"] == rack
