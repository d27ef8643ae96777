"""The figures of a node, in the order of the info command `statistics`.

What asudfd has no part of (heartbeat, fabric, migration) is 0 or the value of a healthy single node.
"""

from __future__ import annotations

import threading
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING

from asudfd.figures.expand import expand
from asudfd.figures.figure import COUNTER, GAUGE, TEXT, Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.node import Node

COMPATIBILITY_ID = 15
"""Version of the protocol between nodes that the release speaks. Source: info-protocol, Appendix A."""


def node_figures(node: Node) -> Iterator[Figure]:
    """All figures of ``node``."""
    yield from _cluster(node)
    yield from _process(node)
    yield from _clients(node)
    yield from _batches(node)
    yield from _partitions(node)
    yield from _contexts(node)
    yield from _metadata(node)


@cache
def zeros(words: str, text: str) -> tuple[Figure, ...]:
    """Figures that are always 0 here, by the short form of their names; ``text`` says of what they are."""
    return tuple(Figure(name, 0, GAUGE, f"{text}; always 0 here.") for name in expand(words))


def _cluster(node: Node) -> Iterator[Figure]:
    cluster = node.cluster
    yield Figure(
        "failed_best_practices", False, GAUGE, "Whether the node warns of its configuration; never here."
    )
    yield Figure("cluster_size", len(cluster.members), GAUGE, "Nodes of the cluster.")
    yield Figure(
        "cluster_key", f"{cluster.key:X}", TEXT, "Number that stands for the present members of the cluster."
    )
    yield Figure("cluster_generation", cluster.generation + 1, GAUGE, "Changes of the cluster's members.")
    yield Figure("cluster_principal", cluster.principal, TEXT, "Id of the node that speaks for the cluster.")
    text = "version of the protocol between the cluster's nodes."
    yield Figure("cluster_min_compatibility_id", COMPATIBILITY_ID, GAUGE, f"Lowest {text}")
    yield Figure("cluster_max_compatibility_id", COMPATIBILITY_ID, GAUGE, f"Highest {text}")
    yield Figure("cluster_integrity", True, GAUGE, "Whether all nodes see the same cluster; always here.")
    yield Figure(
        "cluster_is_member", cluster.has(node.id), GAUGE, "Whether this node is a member of the cluster."
    )
    yield Figure("cluster_duplicate_nodes", "null", TEXT, "Nodes with the same id; none here.")
    yield from zeros("cluster_clock_skew_{stop_writes_sec,ms}", "Differences between the clocks of the nodes")
    yield Figure("cluster_clock_skew_outliers", "null", TEXT, "Nodes whose clocks differ; none here.")


def _process(node: Node) -> Iterator[Figure]:
    metrics = node.metrics
    free, percent = metrics.free()
    resident = metrics.resident()
    user, kernel = metrics.system_cpu
    yield Figure("uptime", int(monotonic() - node.started), GAUGE, "Seconds since the start of the node.")
    text = "Processor time of the system since the last tick, in percent of one processor: "
    yield Figure("system_total_cpu_pct", user + kernel, GAUGE, f"{text}all.")
    yield Figure("system_user_cpu_pct", user, GAUGE, f"{text}in programs.")
    yield Figure("system_kernel_cpu_pct", kernel, GAUGE, f"{text}in the kernel.")
    for prefix in ("system", "host"):
        yield Figure(
            f"{prefix}_free_mem_kbytes",
            free,
            GAUGE,
            "Memory of the system that a program could have, in KiB.",
        )
        yield Figure(f"{prefix}_free_mem_pct", percent, GAUGE, "The same in percent of all memory.")
    yield Figure(
        "system_thp_mem_kbytes", metrics.huge_pages(), GAUGE, "Transparent huge pages of the system, in KiB."
    )
    text = "Processor time of the process since the last tick, in percent of one processor."
    yield Figure("process_cpu_pct", metrics.cpu_percent, GAUGE, text)
    yield Figure("threads_joinable", threading.active_count(), GAUGE, "Threads of the process.")
    yield from zeros(
        "threads_{detached,pool_total,pool_active}", "Threads of kinds that asudfd does not have"
    )
    yield Figure("heap_allocated_kbytes", resident, GAUGE, "Memory of the process that is in RAM, in KiB.")
    yield Figure("heap_active_kbytes", resident, GAUGE, "The same as heap_allocated_kbytes.")
    yield Figure("heap_mapped_kbytes", metrics.mapped(), GAUGE, "Memory that the process has mapped, in KiB.")
    yield Figure("heap_efficiency_pct", 100, GAUGE, "Part of the heap that is in use; always 100 here.")
    yield from zeros("heap_site_count", "Places in the program whose memory is counted")


def _clients(node: Node) -> Iterator[Figure]:
    counters = node.counters
    objects = sum(namespace.sets.objects for namespace in node.namespaces.values())
    yield Figure("objects", objects, GAUGE, "Records of all namespaces.")
    yield from zeros(
        "tombstones info_queue rw_in_progress proxy_in_progress tree_gc_queue", "Work that waits"
    )
    clients = counters.opened - counters.closed
    yield Figure("client_connections", clients, GAUGE, "Connections of clients that are open.")
    yield Figure(
        "client_connections_opened", counters.opened, COUNTER, "Connections of clients that were opened."
    )
    yield Figure(
        "client_connections_closed", counters.closed, COUNTER, "Connections of clients that were closed."
    )
    yield from zeros(
        "{admin,heartbeat,fabric}_connections{,_opened,_closed}",
        "Connections of kinds that asudfd does not have",
    )
    yield from zeros("heartbeat_received_{self,foreign}", "Heartbeats of other nodes")
    yield Figure(
        "reaped_fds",
        counters.reaped,
        COUNTER,
        "Connections of clients that were closed because they were idle.",
    )
    yield Figure("info_complete", counters.info_complete, COUNTER, "Info commands that were answered.")
    yield from zeros("info_timeout", "Info commands that timed out")
    yield Figure("demarshal_error", counters.demarshal_errors, COUNTER, "Requests that could not be read.")


def _batches(node: Node) -> Iterator[Figure]:
    counters = node.counters
    yield from zeros(
        "early_tsvc_{client,from_proxy,from_proxy_batch_sub}_error", "Requests that failed before they began"
    )
    yield from zeros("long_queries_active", "Long queries that run")
    yield Figure("batch_index_initiate", counters.batch_initiated, COUNTER, "Batches that were begun.")
    queues = ",".join(["0:0"] * node.config.service.batch_index_threads)
    yield Figure(
        "batch_index_queue", queues, TEXT, "Batches and buffers that wait, for each thread; none here."
    )
    yield Figure("batch_index_complete", counters.batch_completed, COUNTER, "Batches that were answered.")
    yield Figure("batch_index_error", counters.batch_errors, COUNTER, "Batches that failed.")
    yield Figure("batch_index_timeout", counters.batch_timeouts, COUNTER, "Batches that timed out.")
    yield from zeros(
        "batch_index_delay batch_index_{unused,huge,created,destroyed}_buffers", "Buffers of batches"
    )
    yield Figure(
        "batch_index_proto_uncompressed_pct",
        "0.000",
        GAUGE,
        "Replies to batches that are not compressed, in percent.",
    )
    yield Figure(
        "batch_index_proto_compression_ratio",
        "1.000",
        GAUGE,
        "Size of compressed replies to batches; always 1 here.",
    )


def _partitions(node: Node) -> Iterator[Figure]:
    yield Figure("paxos_principal", node.cluster.principal, TEXT, "The same as cluster_principal.")
    since = int(monotonic() - node.cluster.changed)
    yield Figure("time_since_rebalance", since, GAUGE, "Seconds since the members of the cluster changed.")
    yield Figure("migrate_allowed", True, GAUGE, "Whether partitions may migrate; always here.")
    yield from zeros("migrate_partitions_remaining", "Partitions that wait for migration")
    yield from zeros("fabric_{bulk,ctrl,meta,rw}_{send,recv}_rate", "Bytes a second between nodes")
    yield from zeros("deprecated_requests", "Requests in a deprecated form")


def _contexts(node: Node) -> Iterator[Figure]:
    """Totals of the Lua context cache, asudfd's own; `udf-cache-stats:` has them for each module."""
    rows = node.host.statistics()
    yield Figure("udf_modules", len(node.modules.names()), GAUGE, "Lua modules that are registered.")
    yield Figure(
        "udf_contexts", sum(row.contexts for row in rows), GAUGE, "Lua contexts in the cache or in a call."
    )
    yield Figure(
        "udf_contexts_idle", sum(row.idle for row in rows), GAUGE, "Lua contexts that wait for a call."
    )
    yield Figure(
        "udf_cache_hits", sum(row.hits for row in rows), COUNTER, "Calls that took a context from the cache."
    )
    yield Figure(
        "udf_cache_misses", sum(row.misses for row in rows), COUNTER, "Calls that had to make a context."
    )
    yield Figure(
        "udf_context_creations", sum(row.creations for row in rows), COUNTER, "Lua contexts that were made."
    )
    yield Figure(
        "udf_context_evictions",
        sum(row.evictions for row in rows),
        COUNTER,
        "Lua contexts that were dropped.",
    )


def _metadata(node: Node) -> Iterator[Figure]:
    """The backend of system metadata, asudfd's own: while it is away, modules cannot be changed."""
    yield Figure("smd_backend", node.config.smd.backend, TEXT, "Backend of the system metadata.")
    yield Figure("smd_connected", node.smd.connected, GAUGE, "Whether modules can be changed.")
