"""`summary`: what nodes come to, and of how many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asadm.tables.table import Table
from asadm.target.aerospike.views import cluster_summary
from asadm.target.aerospike.views.asking import NodeInfo
from tests.fakes.said import dead, node, rows

RELEASE = "edition=Aerospike Community Edition;version=8.1.2.0;os=debian12"


def namespace(**fields: object) -> str:
    made: dict[str, object] = {
        "index-type": "mem", "index_used_bytes": 64, "sindex-type": "mem", "sindex_used_bytes": 0, "set_index_used_bytes": 0,
        "storage-engine": "memory", "data_used_bytes": 100, "data_total_bytes": 1000, "data_avail_pct": 60,
        "data_compression_ratio": "1.000", "effective_replication_factor": 2, "master_objects": 10, "migrate_tx_partitions_remaining": 0,
    }  # fmt: skip
    return ";".join(f"{name}={value}" for name, value in {**made, **fields}.items())


def info(name: str, free: int = 80, **spaces: str) -> NodeInfo:
    answers = {
        "build": "8.1.2.0",
        "release": RELEASE,
        "cluster-name": "prod",
        "statistics": f"cluster_size=3;system_free_mem_pct={free};batch_index_initiate=1",
        "namespaces": ";".join(spaces),
        **{f"namespace/{each}": said for each, said in spaces.items()},
    }
    return node(name, answers)


def cluster(found: Sequence[NodeInfo]) -> Table:
    return cluster_summary.tables(found)[0]


def namespaces(found: Sequence[NodeInfo], *, listed: bool = False) -> Table:
    return cluster_summary.tables(found, listed=listed)[1]


def totals(table: Table) -> list[dict[str, Any]]:
    return rows(table, "totals")


def test_the_cluster_is_what_its_nodes_come_to() -> None:
    table = cluster(
        [
            info("a", free=80, test=namespace(), bar=namespace(master_objects=0)),
            info("b", free=70, test=namespace(migrate_tx_partitions_remaining=1)),
            dead("c"),
        ]
    )
    (found,) = totals(table)
    assert (found["nodes_read"], found["nodes_asked"]) == (2, 3)
    assert found["migrations"] is True
    assert found["cluster_name"] == ["prod"]
    assert found["server_version"] == ["C-8.1.2.0"]
    assert found["cluster_size"] == [3]
    assert (found["memory_used_pct"], found["memory_avail_pct"]) == (25, 75)
    assert (found["index_used_memory_bytes"], found["data_used_memory_bytes"]) == (192, 300)
    assert (found["data_used_memory_pct"], found["data_avail_memory_pct"]) == (10, 60)
    assert found["data_avail_memory_bytes"] == 1800
    assert found["unique_data_bytes"] == 150
    assert (found["namespaces_active"], found["namespaces"]) == (1, 2)
    assert found["features"] == ["Batch"]


def test_a_hung_node_is_told_and_the_figures_say_of_how_many() -> None:
    found = [info("a", test=namespace()), dead("b")]
    cells = [[cell.text for cell in row] for row in cluster(found).sheet().rows]
    assert ["b", "timeout: no answer"] in cells
    assert ["Nodes", "1 of 2 nodes"] in cells
    for listed in (False, True):
        sheet = namespaces(found, listed=listed).sheet()
        texts = [cell.text for row in sheet.rows for cell in row]
        assert "timeout: no answer" in texts
        assert any("1 of 2 nodes" in text for text in texts)
        assert sheet.note == "1 of 2 nodes were read"


def test_nobody_was_read() -> None:
    table = cluster([dead("a"), dead("b")])
    assert totals(table) == []
    assert [row[0].text for row in table.sheet().rows] == ["a", "b"]


def test_types_of_storage_stand_apart() -> None:
    flash = namespace(
        **{"storage-engine": "device", "storage-engine.device[0]": "/dev/sda", "index-type": "flash"}
    )
    (found,) = totals(cluster([info("a", test=namespace(), disk=flash)]))
    assert (found["data_total_memory_bytes"], found["data_total_device_bytes"]) == (1000, 1000)
    assert (found["index_used_memory_bytes"], found["index_used_flash_bytes"]) == (64, 64)
    assert (found["devices"], found["devices_per_node"], found["devices_equal"]) == (1, 1, True)


def test_devices_that_nodes_do_not_have_alike() -> None:
    one = namespace(**{"storage-engine.file[0]": "/a", "storage-engine.file[0].used_bytes": 5})
    two = namespace(**{"storage-engine.file[0]": "/a", "storage-engine.file[1]": "/b"})
    (found,) = totals(cluster([info("a", test=one), info("b", test=two)]))
    assert (found["devices"], found["devices_per_node"], found["devices_equal"]) == (3, 1.5, False)


def test_a_namespace_is_a_line() -> None:
    table = namespaces(
        [
            info("a", test=namespace(data_compression_ratio="0.500"), bar=namespace()),
            info("b", test=namespace(data_compression_ratio="0.250", data_used_bytes=300)),
        ]
    )
    bar, test = totals(table)
    assert (bar["namespace"], bar["nodes_read"], bar["master_objects"]) == ("bar", 2, 10)
    assert test["replication_factor"] == [2]
    assert test["data_used_pct"] == 20
    assert test["compression_ratio"] == 400 / 1400
    assert test["unique_data_bytes"] == 700


def test_a_node_that_tells_nothing_has_empty_values() -> None:
    (found,) = totals(cluster([node("a", {"namespaces": "test"})]))
    assert found["migrations"] is None
    assert found["unique_data_bytes"] is None
    assert found["server_version"] == []
