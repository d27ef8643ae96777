"""What texts of nodes are, and of which statistics a sum or a direction means anything."""

from __future__ import annotations

from asadm.tables.value import counter, summable, typed
from tests.each import for_each

TYPED: list[tuple[str, str, object]] = [
    ("objects", "12", 12),
    ("objects", "-12", -12),
    ("nsup_cycle_deleted_pct", "0.50", 0.5),
    ("cluster_key", "123456789012", "123456789012"),
    ("node-id", "9", "9"),
    ("x", "null", None),
    ("x", "true", True),
    ("x", "007", "007"),
    ("x", "1e5", "1e5"),
    ("x", "٣", "٣"),
    ("x", "9" * 19, "9" * 19),
    ("x", "", ""),
]


@for_each(TYPED)
def test_a_text_is_what_a_node_means(case: tuple[str, str, object]) -> None:
    name, text, value = case
    found = typed(name, text)
    assert (found, type(found)) == (value, type(value))


SUMMED = [
    "objects", "client_write_success", "data_used_bytes", "index_used_bytes", "fail_generation", "client_connections", "entries",
    "storage-engine.stripe[0].used_bytes", "storage-engine.device[12].writes", "migrate_tx_partitions_remaining", "heap_active_kbytes",
]  # fmt: skip
NOT_SUMMED = [
    "uptime", "cluster_size", "cluster_generation", "data_avail_pct", "entries_per_rec", "effective_replication_factor", "evict_ttl",
    "truncate_lut", "current_time", "dead_partitions", "nodes_quiesced", "load_time", "storage-engine.data-size", "replication-factor",
    "storage-engine.filesize.x-y", "nsup_cycle_duration", "cluster_key", "record_proto_compression_ratio", "cluster_clock_skew_ms",
]  # fmt: skip


@for_each([*((name, True) for name in SUMMED), *((name, False) for name in NOT_SUMMED)])
def test_sums_that_mean_something(case: tuple[str, bool]) -> None:
    name, sums = case
    assert summable(name) is sums


def test_counters_only_grow() -> None:
    assert counter("client_write_success")
    assert counter("client_connections_opened")
    assert not counter("client_connections")
    assert not counter("objects")
