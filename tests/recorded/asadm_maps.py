"""Which table of asadm is which of the vendor's, and how their columns are called here and there."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class TableMap(NamedTuple):
    """Which table of ours is the vendor's, by its title, whose named groups are columns too.

    ``name``     of ours in JSON
    ``keys``     the columns beside the node that tell its rows apart: the vendor's, and ours
    ``columns``  our column by the vendor's
    ``called``   our column for one of the vendor's that is not among them; None where there is none
    ``node``     the vendor's column of the node
    ``shares``   columns that are a share of 1 at the vendor's, and percent here
    ``totals``   whether the vendor's rows are of all nodes, as our totals are
    """

    title: re.Pattern[str]
    name: re.Pattern[str]
    keys: Mapping[str, str]
    columns: Mapping[str, str]
    called: Callable[[str], str | None] = lambda _: None
    node: str = "Node"
    shares: frozenset[str] = frozenset()
    totals: bool = False

    def column(self, theirs: str) -> str | None:
        """Our column for the vendor's."""
        return self.columns.get(theirs) or self.called(theirs)


class ValueMap(NamedTuple):
    """Which table of configuration or statistics of ours is the vendor's: the groups of its title are our members of that name.

    ``words`` are texts of the vendor's, and the values that they stand for.
    """

    title: re.Pattern[str]
    name: str
    words: Mapping[str, object] = MappingProxyType({})


def _percentile(theirs: str) -> str | None:
    return f"p{theirs[:-1]}" if theirs.endswith("%") else None


MAPS = (
    TableMap(
        re.compile("Network Information"),
        re.compile("network"),
        {},
        {
            "Node ID": "id",
            "Build": "build",
            "Migrations": "migrations",
            "Cluster/Size": "cluster_size",
            "Cluster/Key": "cluster_key",
            "Cluster/Integrity": "cluster_integrity",
            "Cluster/Principal": "principal",
            "Client Conns": "client_connections",
            "Uptime": "uptime",
        },
    ),
    TableMap(
        re.compile("Namespace Object Information"),
        re.compile("namespace_object"),
        {"Namespace": "namespace"},
        {
            "Rack ID": "rack_id",
            "Repl Factor": "replication_factor",
            "Expirations": "expirations",
            "Total Records": "total_records",
            "Objects/Master": "master_objects",
            "Objects/Prole": "prole_objects",
            "Objects/Non-Replica": "non_replica_objects",
            "Tombstones/Master": "master_tombstones",
            "Tombstones/Prole": "prole_tombstones",
            "Tombstones/Non-Replica": "non_replica_tombstones",
            "Pending Migrates/Tx": "migrations_tx",
            "Pending Migrates/Rx": "migrations_rx",
        },
    ),
    TableMap(
        re.compile("Namespace Usage Information"),
        re.compile("namespace_usage"),
        {"Namespace": "namespace"},
        {
            "Evictions": "evictions",
            "Stop Writes": "stop_writes",
            "System Memory/Avail%": "memory_avail_pct",
            "System Memory/Evict%": "memory_evict_pct",
            "System Memory/Stop%": "memory_stop_pct",
            "Primary Index/Type": "index_type",
            "Primary Index/Used": "index_used_bytes",
            "Primary Index/Used%": "index_used_pct",
            "Primary Index/Evict%": "index_evict_pct",
            "Secondary Index/Type": "sindex_type",
            "Secondary Index/Used": "sindex_used_bytes",
            "Secondary Index/Used%": "sindex_used_pct",
            "Secondary Index/Evict%": "sindex_evict_pct",
            "Storage Engine/Type": "data_type",
            "Storage Engine/Used": "data_used_bytes",
            "Storage Engine/Used%": "data_used_pct",
            "Storage Engine/Evict%": "data_evict_pct",
            "Storage Engine/Used Stop%": "data_used_stop_pct",
            "Storage Engine/Avail%": "data_avail_pct",
            "Storage Engine/Avail Stop%": "data_avail_stop_pct",
        },
        shares=frozenset({"Primary Index/Used%", "Secondary Index/Used%", "Storage Engine/Used%"}),
    ),
    TableMap(
        re.compile("Set Information"),
        re.compile("set"),
        {"Namespace": "namespace", "Set": "set"},
        {
            "Storage Engine Used": "data_used_bytes",
            "Size Quota/Total": "size_quota_bytes",
            "Size Quota/Used%": "size_quota_used_pct",
            "Total Records": "records",
            "Records Quota/Total": "records_quota",
            "Records Quota/Used%": "records_quota_used_pct",
            "Disable Eviction": "disable_eviction",
            "Set Index": "set_index",
        },
        shares=frozenset({"Size Quota/Used%", "Records Quota/Used%"}),
    ),
    TableMap(
        re.compile("Secondary Index Information"),
        re.compile("sindex"),
        {"Namespace": "namespace", "Set": "set", "Index Name": "index"},
        {
            "Bin": "bin",
            "Bin Type": "bin_type",
            "State": "index_state",
            "Keys": "keys",
            "Entries/Total": "entries",
            "Entries/Avg Per Rec": "entries_per_record",
            "Entries/Avg Per Bin Val": "entries_per_value",
            "Storage/Type": "storage_type",
            "Storage/Used": "used_bytes",
            "Context": "context",
            "Expression": "expression",
        },
    ),
    TableMap(
        re.compile("Release Information"),
        re.compile("release"),
        {},
        {
            "Architecture": "architecture",
            "Edition": "edition",
            "Version": "version",
            "OS": "os",
            "SHA": "sha",
        },
    ),
    TableMap(
        re.compile("Cluster Summary"),
        re.compile("cluster_summary"),
        {},
        {
            "Migrations": "migrations",
            "Cluster Name": "cluster_name",
            "Server Version": "server_version",
            "OS Version": "os",
            "Cluster Size": "cluster_size",
            "Devices Total": "devices",
            "Devices Per-Node": "devices_per_node",
            "Devices Equal Across Nodes": "devices_equal",
            "System Memory Used%": "memory_used_pct",
            "System Memory Avail%": "memory_avail_pct",
            "Shmem Index Used": "index_used_memory_bytes",
            "Shmem Sindex Used": "sindex_used_memory_bytes",
            "Data Memory Total": "data_total_memory_bytes",
            "Data Memory Used": "data_used_memory_bytes",
            "Data Memory Used%": "data_used_memory_pct",
            "Data Memory Avail": "data_avail_memory_bytes",
            "Data Memory Avail%": "data_avail_memory_pct",
            "License Usage Latest": "unique_data_bytes",
            "Namespaces Active": "namespaces_active",
            "Namespaces Total": "namespaces",
            "Active Features": "features",
        },
        totals=True,
    ),
    TableMap(
        re.compile("Namespace Summary"),
        re.compile("namespace_summary"),
        {"Namespace": "namespace"},
        {
            "Drives/Total": "devices",
            "Drives/Per-Node": "devices_per_node",
            "Shmem Index/Used": "index_used_bytes",
            "Shmem Sindex/Used": "sindex_used_bytes",
            "Data Memory/Total": "data_total_bytes",
            "Data Memory/Used%": "data_used_pct",
            "Data Memory/Avail%": "data_avail_pct",
            "Replication Factors": "replication_factor",
            "Master Objects": "master_objects",
            "Compression Ratio": "compression_ratio",
            "License Usage/Latest": "unique_data_bytes",
        },
        totals=True,
    ),
    TableMap(
        re.compile("Latency *"),
        re.compile("latencies_.s"),
        {"Namespace": "namespace", "Histogram": "histogram"},
        {"ops/sec": "ops_per_second"},
        called=lambda theirs: re.sub(r">(\d+)(\ws)", r"over_\1_\2", theirs),
    ),
    TableMap(
        re.compile(r"(?P<Namespace>\S+) - TTL Distribution in Seconds"),
        re.compile("time_to_live"),
        {"Namespace": "namespace"},
        {},
        called=_percentile,
    ),
    TableMap(
        re.compile(r"(?P<Namespace>\S+) - Object Size Distribution in bytes"),
        re.compile("object_size"),
        {"Namespace": "namespace"},
        {},
        called=_percentile,
    ),
    TableMap(
        re.compile(r"(?P<Namespace>\S+) - Object Size Distribution in Bytes"),
        re.compile("object_size_ranges"),
        {"Namespace": "namespace"},
        {},
        called=lambda theirs: theirs,
    ),
    TableMap(
        re.compile("Secondary Indexes"),
        re.compile("sindex"),
        {"Namespace": "namespace", "Index Name": "index"},
        {
            "Set": "set",
            "Bin": "bin",
            "Bin Type": "bin_type",
            "Index Type": "index_type",
            "State": "index_state",
            "Context": "context",
            "Expression": "expression",
        },
    ),
    TableMap(
        re.compile("Query Jobs"),
        re.compile("jobs"),
        {"Transaction ID": "transaction_id"},
        {
            "Namespace": "namespace",
            "Type": "type",
            "Progress%": "progress",
            "Time Since Done": "time_since_done",
        },
        called=lambda theirs: theirs.replace("-", "_"),
    ),
    TableMap(
        re.compile("Stop Writes"),
        re.compile("stop_writes"),
        {"Namespace": "namespace", "Set": "set", "Metric": "metric"},
        {
            "Config": "config",
            "Stop-Writes": "stop_writes",
            "Usage%": "usage_pct",
            "Usage": "usage",
            "Threshold": "threshold",
        },
        shares=frozenset({"Usage%"}),
    ),
    TableMap(re.compile("Best Practices"), re.compile("best_practices"), {}, {"Response": "practices"}),
    TableMap(
        re.compile("Partition Map Analysis"),
        re.compile("pmap"),
        {"Namespace": "namespace"},
        {
            "Cluster Key": "cluster_key",
            "Partitions/Primary": "primary",
            "Partitions/Secondary": "secondary",
            "Partitions/Unavailable": "unavailable",
            "Partitions/Dead": "dead",
        },
    ),
    TableMap(
        re.compile("User Agent Information"),
        re.compile("user_agents"),
        {"Client Version": "client_version", "App ID": "app_id"},
        {"Count": "count"},
    ),
    TableMap(
        re.compile("UDF Modules"),
        re.compile("modules"),
        {"Filename": "name"},
        {"Hash": "hash", "Type": "type"},
    ),
    TableMap(
        re.compile("(IP to NODE-ID|NODE-ID to IPs) Mappings"),
        re.compile("mapping"),
        {},
        {"Node ID": "id"},
        node="IP",
    ),
)

VALUES: tuple[ValueMap, ...] = (
    ValueMap(re.compile("Service Configuration"), "config_service"),
    ValueMap(re.compile("Network Configuration"), "config_network"),
    ValueMap(re.compile(r"(?P<namespace>\S+) Namespace Configuration"), "config_namespace"),
    ValueMap(re.compile("Service Statistics"), "statistics_service"),
    ValueMap(re.compile(r"(?P<namespace>\S+) Namespace Statistics"), "statistics_namespace"),
    ValueMap(re.compile(r"(?P<namespace>\S+) (?P<set>\S+) Set Statistics"), "statistics_sets"),
    ValueMap(re.compile("Features"), "features", MappingProxyType({"YES": "true", "NO": "false"})),
    ValueMap(
        re.compile(r"(?P<namespace>\S+) (?P<set>\S+) (?P<index>\S+) SIndex Statistics"), "statistics_sindex"
    ),
)
