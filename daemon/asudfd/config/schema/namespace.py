"""Parameters of the context `namespace NAME`, in the order `get-config` lists them.

Names and defaults: the `get-config` lines measured on a real server 8.1.2.0 (info-protocol, Appendix B).
"""
# ruff: noqa: RUF009 - parameter() is dataclasses.field() with our metadata

import re
from dataclasses import dataclass, field

from asinfo.conf_grammar import DURATIONS, SIZES, number
from asinfo.wire.message import TTL_MAX, TTL_NEVER
from asudfd.config.parameter import NUMBER_MAX, U64_MAX, between, context, parameter, power_of_two

FILE_SIZE_MIN, FILE_SIZE_MAX = 128 << 20, 2 << 40
"""Limits of filesize in a configuration file, in bytes."""


@dataclass(slots=True)
class Geo:
    """Parameters of geographic queries: how cells cover a region."""

    strict: bool = parameter(True, "Check every point against the region.")
    min_level: int = parameter(1, "Coarsest level of cells.", high=30, dynamic=True)
    max_level: int = parameter(20, "Finest level of cells.", high=30, dynamic=True)
    max_cells: int = parameter(12, "Most cells of one covering.", low=1, high=256, dynamic=True)
    level_mod: int = parameter(1, "Step between levels.", low=1, high=3)
    earth_radius_meters: int = parameter(6371000, "Radius of the earth.", unit="metres")


@dataclass(slots=True)
class StorageEngine:
    """The storage of records; ``kind`` is the word after `storage-engine`."""

    kind: str = "memory"
    file: tuple[str, ...] = parameter(
        (),
        "The file that holds records, under the work directory unless absolute. Of several the first holds all.",
        shown=False,
        effect=True,
    )
    device: tuple[str, ...] = parameter((), "A block device that holds records; not served.", shown=False)
    commit_to_device: bool = parameter(
        False, "Acknowledge a write only when it is on the disk.", effect=True, enterprise=True
    )
    compression: str = parameter(
        "none",
        "How records are packed.",
        choices=("none", "lz4", "snappy", "zstd"),
        dynamic=True,
        enterprise=True,
    )
    compression_acceleration: int = parameter(0, "Speed of lz4.", high=65537, dynamic=True, enterprise=True)
    compression_level: int = parameter(0, "Level of zstd.", high=9, dynamic=True, enterprise=True)
    data_size: int = parameter(
        0, "Memory for records; 0 is no limit of their own.", unit="bytes", effect=True, engine="memory"
    )
    defrag_lwm_pct: int = parameter(
        50,
        "Fill below which a block is rewritten.",
        unit="percent",
        low=1,
        high=99,
        dynamic=True,
        live=between(0, NUMBER_MAX),
    )
    defrag_queue_min: int = parameter(0, "Blocks waiting before rewriting begins.", dynamic=True)
    defrag_sleep: int = parameter(1000, "Pause after a rewritten block.", unit="microseconds", dynamic=True)
    defrag_startup_minimum: int = parameter(0, "Free space to make at the start.", unit="percent", high=99)
    direct_files: bool = parameter(False, "Go around the page cache.")
    disable_odsync: bool = parameter(False, "Write without O_DSYNC.")
    enable_benchmarks_storage: bool = parameter(False, "Histograms of storage.", dynamic=True)
    encryption_key_file: str = parameter("", "File with the key.", enterprise=True)
    encryption_old_key_file: str = parameter("", "File with the former key.", enterprise=True)
    evict_used_pct: int = parameter(
        0, "Fill at which old records go; 0 is never.", unit="percent", high=100, dynamic=True
    )
    filesize: int = parameter(
        0,
        "Room for records in a file; several files have as much each.",
        unit="bytes",
        effect=True,
    )
    flush_max_ms: int = parameter(
        1000,
        "Longest stay of a write in the journal.",
        unit="milliseconds",
        high=1000,
        dynamic=True,
        effect=True,
        live=between(0, NUMBER_MAX),
    )
    max_write_cache: int = parameter(
        64 << 20,
        "Most bytes that wait for the file; more writes are refused.",
        unit="bytes",
        low=64 << 20,
        dynamic=True,
        effect=True,
    )
    stop_writes_avail_pct: int = parameter(
        5, "Free space below which writes stop.", unit="percent", high=100, dynamic=True, effect=True
    )
    stop_writes_used_pct: int = parameter(
        70, "Fill at which writes stop.", unit="percent", high=100, dynamic=True, effect=True
    )
    tomb_raider_sleep: int = parameter(
        1000, "Pause of the tomb raider.", unit="microseconds", dynamic=True, enterprise=True
    )
    cache_replica_writes: bool = parameter(
        False, "Cache writes of replicas.", dynamic=True, shown=False, engine="device"
    )
    cold_start_empty: bool = parameter(
        False, "Begin without the stored records.", shown=False, engine="device"
    )
    encryption: str = parameter(
        "aes-128", "Cipher.", choices=("aes-128", "aes-256"), shown=False, enterprise=True
    )
    flush_size: int = parameter(
        1 << 20,
        "Size of one write, a power of two.",
        unit="bytes",
        low=4096,
        high=8 << 20,
        dynamic=True,
        shown=False,
        read=power_of_two,
    )
    post_write_cache: int = parameter(
        256 << 20, "Written bytes kept in memory.", unit="bytes", dynamic=True, shown=False, engine="device"
    )
    read_page_cache: bool = parameter(
        False, "Read through the page cache.", dynamic=True, shown=False, engine="device"
    )
    serialize_tomb_raider: bool = parameter(False, "One tomb raider at a time.", shown=False, enterprise=True)
    sindex_startup_device_scan: bool = parameter(
        False, "Build secondary indexes by a scan.", shown=False, engine="device"
    )

    @property
    def in_memory(self) -> bool:
        """Whether records are kept in memory, with a file behind it or without."""
        return self.kind == "memory"


def set_ttl(text: str) -> int:
    """``text`` as default-ttl of a set: -1 for ever, whatever the namespace says, else up to ten years. Raises ValueError."""
    value = TTL_NEVER if text == "-1" else number(text, DURATIONS)
    if not (0 <= value <= TTL_MAX or value == TTL_NEVER):
        raise ValueError(f"must be -1 or from 0 to {TTL_MAX} seconds, not {text}")
    return value


def _set_ttl_live(text: str) -> int:
    return set_ttl(text or "0")


def _count_live(text: str) -> int:
    """The digits at the beginning of ``text``, as the real server reads stop-writes-count; none are 0."""
    digits = re.match(r"[0-9]*", text, re.ASCII)
    return min(int((digits and digits[0][:20]) or 0), (1 << 63) - 1)


def _size_live(text: str) -> int:
    """A number of bytes; nothing is 0, and one beyond 64 bits is the largest. Raises ValueError."""
    value = number(text or "0", SIZES)
    if value < 0:
        raise ValueError(f"must not be negative: {text}")
    return min(value, U64_MAX)


@dataclass(slots=True)
class NamespaceSet:
    """One set of a namespace."""

    name: str = ""
    default_ttl: int = parameter(
        0,
        "Default time to live in this set; -1 is for ever, 0 is the namespace's.",
        unit="seconds",
        high=TTL_NEVER,
        dynamic=True,
        effect=True,
        read=set_ttl,
        live=_set_ttl_live,
    )
    default_read_touch_ttl_pct: int = parameter(
        0,
        "Of how little time left a read renews it; -1 is never, 0 is the namespace's.",
        unit="percent",
        low=-1,
        high=100,
        dynamic=True,
        effect=True,
    )
    disable_eviction: bool = parameter(False, "Never evict from this set.", dynamic=True)
    enable_index: bool = parameter(False, "Index this set by itself.", dynamic=True)
    stop_writes_count: int = parameter(
        0, "Most records; 0 is no limit.", high=U64_MAX, dynamic=True, effect=True, live=_count_live
    )
    stop_writes_size: int = parameter(
        0, "Most bytes; 0 is no limit.", unit="bytes", dynamic=True, effect=True, live=_size_live
    )


@dataclass(slots=True)
class NamespaceConfig:
    """One namespace. ``index_type`` and ``sindex_type`` have one value in the Community Edition."""

    name: str = ""
    active_rack: int = parameter(
        0, "Rack that holds the masters.", high=1000000, dynamic=True, enterprise=True
    )
    allow_ttl_without_nsup: bool = parameter(
        False, "Allow times to live although nothing removes records.", dynamic=True, effect=True
    )
    apply_ttl_reductions: bool = parameter(
        True, "Let a write shorten a time to live.", dynamic=True, effect=True
    )
    auto_revive: bool = parameter(False, "Revive dead partitions at the start.", enterprise=True)
    background_query_max_rps: int = parameter(
        10000, "Most records a second of a background query.", low=1, high=1000000, dynamic=True, effect=True
    )
    conflict_resolution_policy: str = parameter(
        "generation", "Which copy wins.", choices=("generation", "last-update-time"), dynamic=True
    )
    conflict_resolve_writes: bool = parameter(
        False, "Resolve conflicts of writes.", dynamic=True, enterprise=True
    )
    default_read_touch_ttl_pct: int = parameter(
        0,
        "Of how little time left a read renews it; 0 is never.",
        unit="percent",
        high=100,
        dynamic=True,
        effect=True,
    )
    default_ttl: int = parameter(
        0,
        "Time to live of a record that names none; 0 is for ever.",
        unit="seconds",
        high=TTL_MAX,
        dynamic=True,
        effect=True,
    )
    disable_cold_start_eviction: bool = parameter(False, "No eviction during the start.")
    disable_mrt_writes: bool = parameter(
        False, "Refuse writes of transactions.", dynamic=True, enterprise=True
    )
    disable_write_dup_res: bool = parameter(False, "Writes look at one copy only.", dynamic=True)
    disallow_expunge: bool = parameter(False, "Deletes are durable.", dynamic=True, enterprise=True)
    disallow_null_setname: bool = parameter(False, "Refuse records without a set.", dynamic=True, effect=True)
    enable_benchmarks_batch_sub: bool = parameter(False, "Histograms of batch parts.", dynamic=True)
    enable_benchmarks_ops_sub: bool = parameter(False, "Histograms of background operations.", dynamic=True)
    enable_benchmarks_read: bool = parameter(False, "Histograms of reads.", dynamic=True)
    enable_benchmarks_udf: bool = parameter(False, "Histograms of UDF calls.", dynamic=True)
    enable_benchmarks_udf_sub: bool = parameter(False, "Histograms of background UDF calls.", dynamic=True)
    enable_benchmarks_write: bool = parameter(False, "Histograms of writes.", dynamic=True)
    enable_hist_proxy: bool = parameter(False, "Histogram of proxied requests.", dynamic=True)
    evict_hist_buckets: int = parameter(
        10000, "Buckets of the eviction histogram.", low=100, high=10000000, dynamic=True
    )
    evict_indexes_memory_pct: int = parameter(
        0, "Index memory at which old records go.", unit="percent", high=100, dynamic=True
    )
    evict_tenths_pct: int = parameter(5, "Share evicted at a time, in tenths of a percent.", dynamic=True)
    force_long_queries: bool = parameter(False, "Treat every query as long.", dynamic=True)
    ignore_migrate_fill_delay: bool = parameter(
        False, "Fill partitions at once.", dynamic=True, enterprise=True
    )
    index_stage_size: int = parameter(
        1 << 30,
        "Step of the index memory, a power of two.",
        unit="bytes",
        low=128 << 20,
        high=1 << 30,
        read=power_of_two,
    )
    indexes_memory_budget: int = parameter(
        0, "Most memory of all indexes; 0 is no limit.", unit="bytes", dynamic=True
    )
    inline_short_queries: bool = parameter(
        False, "Answer short queries in the service threads.", dynamic=True
    )
    max_record_size: int = parameter(
        1 << 20,
        "Largest record.",
        unit="bytes",
        low=64,
        high=8 << 20,
        live=between(0, 8 << 20),
        dynamic=True,
        effect=True,
    )
    migrate_order: int = parameter(5, "Order among namespaces.", low=1, high=10, dynamic=True)
    migrate_retransmit_ms: int = parameter(5000, "Pause before a retry.", unit="milliseconds", dynamic=True)
    migrate_skip_unreadable: bool = parameter(False, "Skip records that cannot be read.", dynamic=True)
    migrate_sleep: int = parameter(1, "Pause after a record.", unit="microseconds", dynamic=True)
    mrt_duration: int = parameter(
        0, "Longest transaction.", unit="seconds", high=120, dynamic=True, enterprise=True
    )
    nsup_hist_period: int = parameter(
        3600, "Pause between object histograms.", unit="seconds", dynamic=True, effect=True
    )
    nsup_period: int = parameter(
        0, "Pause between removals of expired records; 0 is never.", unit="seconds", dynamic=True, effect=True
    )
    nsup_threads: int = parameter(1, "Threads that remove expired records.", low=1, high=128, dynamic=True)
    partition_tree_sprigs: int = parameter(
        256, "Trees of a partition, a power of two.", low=256, high=1 << 28, read=power_of_two
    )
    prefer_uniform_balance: bool = parameter(
        False, "Spread partitions evenly.", dynamic=True, enterprise=True
    )
    rack_id: int = parameter(0, "Rack of this node.", high=1000000, dynamic=True, enterprise=True)
    read_consistency_level_override: str = parameter(
        "off", "Copies read, whatever a client asks.", choices=("off", "all", "one"), dynamic=True
    )
    reject_non_xdr_writes: bool = parameter(False, "Refuse writes of clients.", dynamic=True, effect=True)
    reject_xdr_writes: bool = parameter(False, "Refuse writes of XDR.", dynamic=True)
    replication_factor: int = parameter(2, "Copies of a record.", low=1, high=8, dynamic=True)
    sindex_stage_size: int = parameter(
        1 << 30,
        "Step of the memory of secondary indexes, a power of two.",
        unit="bytes",
        low=128 << 20,
        high=4 << 30,
        read=power_of_two,
    )
    single_query_threads: int = parameter(4, "Threads of one query.", low=1, high=128, dynamic=True)
    stop_writes_sys_memory_pct: int = parameter(
        90, "System memory at which writes stop.", unit="percent", high=100, dynamic=True, effect=True
    )
    strong_consistency: bool = parameter(False, "Strong consistency (Enterprise Edition).", enterprise=True)
    strong_consistency_allow_expunge: bool = parameter(
        False, "Allow deletes that are not durable.", dynamic=True, enterprise=True
    )
    tomb_raider_eligible_age: int = parameter(
        86400, "Age at which a tombstone may go.", unit="seconds", dynamic=True, enterprise=True
    )
    tomb_raider_period: int = parameter(
        86400, "Pause between tomb raids.", unit="seconds", dynamic=True, enterprise=True
    )
    tomb_raider_unmark_threads: int = parameter(
        0, "Threads that unmark tombstones.", high=128, enterprise=True
    )
    transaction_pending_limit: int = parameter(
        20, "Requests that may wait for other copies of one record; there are none here.", dynamic=True
    )
    truncate_threads: int = parameter(4, "Threads that truncate.", low=1, high=128, dynamic=True)
    write_commit_level_override: str = parameter(
        "off", "Copies written, whatever a client asks.", choices=("off", "all", "master"), dynamic=True
    )
    xdr_bin_tombstone_ttl: int = parameter(
        86400, "Life of a bin's tombstone.", unit="seconds", dynamic=True, enterprise=True
    )
    xdr_tomb_raider_period: int = parameter(
        120, "Pause between XDR tomb raids.", unit="seconds", dynamic=True, enterprise=True
    )
    xdr_tomb_raider_threads: int = parameter(
        1, "Threads of XDR tomb raids.", low=1, high=128, dynamic=True, enterprise=True
    )
    geo2dsphere_within: Geo = context(Geo, "How geographic queries cover a region.")
    index_type: str = parameter("mem", "Where the index is kept.", choices=("mem",), enterprise=True)
    sindex_type: str = parameter(
        "mem", "Where secondary indexes are kept.", choices=("mem",), enterprise=True
    )
    storage_engine: StorageEngine = context(StorageEngine, "Where records are kept.")
    sets: dict[bytes, NamespaceSet] = field(default_factory=dict)  # by name
