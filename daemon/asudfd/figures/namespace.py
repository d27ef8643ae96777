"""The figures of a namespace, in the order of the info command `namespace/NS`; its parameters follow there."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from asinfo.wire.message import EPOCH
from asudfd.config.namespace_listing import namespace_listing
from asudfd.config.parameter import spell
from asudfd.figures.figure import COUNTER, GAUGE, TEXT, Figure
from asudfd.figures.node import zeros
from asudfd.record.counters import COUNTERS
from asudfd.record.truncation import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.config.parameter import Value
    from asudfd.config.schema import NamespaceConfig
    from asudfd.node import Node
    from asudfd.record.namespace import Namespace

_new = tuple.__new__  # half the time of Figure(...), and there are 250 counters

INDEX_ENTRY_SIZE = 64
"""Bytes that the real server's index takes for a record; reported so that its figures can be compared."""


def namespace_figures(node: Node, space: Namespace) -> Iterator[Figure]:
    """All figures of the namespace ``space`` of ``node``, without its parameters."""
    yield from _records(node, space)
    yield from _expiration(space)
    yield from _storage(space)
    yield from _migration(node)
    help_of = _counter_help()
    for name, value in space.counters.items():
        yield _new(Figure, (name, value, COUNTER, help_of[name], ()))


def parameter_figures(config: NamespaceConfig) -> Iterator[Figure]:
    """The parameters of a namespace, which `namespace/NS` lists behind the figures."""
    for name, value, text in namespace_listing(config):
        yield Figure(
            name, _plain(value), TEXT if isinstance(value, str | tuple) else GAUGE, f"Parameter: {text}"
        )


def _plain(value: Value) -> bool | int | str:
    return spell(value) if isinstance(value, tuple) else value


@cache
def _counter_help() -> dict[str, str]:
    from asudfd.figures.counter_help import counter_help  # not for a start

    return {name: counter_help(name) for name in COUNTERS}


def _records(node: Node, space: Namespace) -> Iterator[Figure]:
    count = space.sets.objects
    yield Figure("ns_cluster_size", len(node.cluster.members), GAUGE, "Nodes of the cluster.")
    yield Figure("effective_replication_factor", 1, GAUGE, "Copies of each record; always 1 here.")
    yield Figure("objects", count, GAUGE, "Records.")
    yield from zeros(
        "tombstones xdr_tombstones xdr_bin_cemeteries mrt_provisionals", "Marks of deleted records"
    )
    yield Figure("master_objects", count, GAUGE, "Records that this node owns: all that it has.")
    yield from zeros(
        "master_tombstones prole_objects prole_tombstones non_replica_objects non_replica_tombstones"
        " unreplicated_records",
        "Copies and marks of records of other nodes",
    )
    yield from zeros("{dead,unavailable,auto_revived}_partitions", "Partitions that cannot be reached")
    yield Figure("clock_skew_stop_writes", False, GAUGE, "Whether differing clocks stop writes; never here.")
    yield Figure(
        "stop_writes",
        space.stop_writes,
        GAUGE,
        "Whether writes are refused because the limit of data is reached.",
    )
    yield Figure("hwm_breached", False, GAUGE, "Whether records would be evicted; never here.")
    yield Figure(
        "current_time", int(time.time()) - EPOCH, GAUGE, "The time, in seconds since 2010-01-01 UTC."
    )


def _expiration(space: Namespace) -> Iterator[Figure]:
    sweeper, marks = space.sweeper, space.truncation
    yield Figure(
        "non_expirable_objects", sweeper.non_expirable, GAUGE, "Records that never expire, at the last sweep."
    )
    yield Figure(
        "expired_objects", sweeper.expired, GAUGE, "Records that were removed because they had expired."
    )
    yield from zeros("evicted_objects evict_ttl evict_void_time smd_evict_void_time", "Eviction of records")
    yield Figure("nsup_cycle_duration", sweeper.cycle_ms // 1000, GAUGE, "Seconds that the last sweep took.")
    deleted = f"{sweeper.deleted_pct:.2f}"
    yield Figure("nsup_cycle_deleted_pct", deleted, GAUGE, "Records that the last sweep removed, in percent.")
    yield from zeros("nsup_xdr_key_busy", "Records that a sweep could not remove")
    truncated = "Truncation of the whole namespace: last update, in milliseconds since 2010, up to which records are gone."
    yield Figure("truncate_lut", marks.marks.get(WHOLE, 0), GAUGE, truncated)
    yield Figure("truncating", bool(marks.pending), GAUGE, "Whether a truncation is under way.")
    yield from zeros(
        "sindex_gc_cleaned mrt_monitors mrt_monitors_active xmem_id", "Parts that asudfd does not have"
    )


def _storage(space: Namespace) -> Iterator[Figure]:
    storage = space.storage
    total, used = storage.total_bytes, storage.used_bytes
    available = max(0, 100 * (total - storage.taken_bytes) // total) if total else 100
    index = "Bytes of the primary index, as the real server would take them."
    yield Figure("index_used_bytes", INDEX_ENTRY_SIZE * space.sets.objects, GAUGE, index)
    yield from zeros("set_index_used_bytes sindex_used_bytes", "Bytes of other indexes")
    yield Figure("data_total_bytes", total, GAUGE, "Bytes of data that there is room for; 0 without a limit.")
    yield Figure("data_used_bytes", used, GAUGE, "Bytes of data in use.")
    yield Figure(
        "data_used_pct", 100 * used // total if total else 0, GAUGE, "Bytes of data in use, in percent."
    )
    yield Figure("data_avail_pct", available, GAUGE, "Bytes of data that are free, in percent.")
    yield Figure("data_compression_ratio", "1.000", GAUGE, "Size of compressed data; always 1 here.")
    for kind in ("record", "query"):
        text = f"{kind} replies"
        yield Figure(
            f"{kind}_proto_uncompressed_pct", "0.000", GAUGE, f"Share of {text} that are not compressed."
        )
        yield Figure(
            f"{kind}_proto_compression_ratio", "1.000", GAUGE, f"Size of compressed {text}; always 1 here."
        )


def _migration(node: Node) -> Iterator[Figure]:
    yield Figure("pending_quiesce", False, GAUGE, "Whether the node is to be quiesced; never here.")
    yield Figure("effective_is_quiesced", False, GAUGE, "Whether the node is quiesced; never here.")
    yield from zeros("nodes_quiesced", "Nodes that are quiesced")
    balance = "Whether partitions are balanced uniformly; never here."
    yield Figure("effective_prefer_uniform_balance", False, GAUGE, balance)
    yield from zeros("effective_active_rack", "Rack that owns all partitions")
    yield from zeros(
        "migrate_tx_partitions_imbalance migrate_{tx,rx}_instances migrate_{tx,rx}_partitions_active"
        " migrate_tx_partitions_{initial,remaining,lead_remaining} migrate_rx_partitions_{initial,remaining}"
        " migrate_records_{skipped,transmitted} migrate_record_{retransmits,receives} migrate_records_unreadable"
        " migrate_signals_{active,remaining}",
        "Migration of partitions between nodes",
    )
    owned = sum(byte.bit_count() for byte in node.cluster.bitmap(node.id))
    yield Figure("migrate_fresh_partitions", owned, GAUGE, "Partitions that this node owns.")
    yield from zeros(
        "appeals_tx_active appeals_rx_active appeals_tx_remaining appeals_records_exonerated",
        "Appeals to other nodes for partitions",
    )
