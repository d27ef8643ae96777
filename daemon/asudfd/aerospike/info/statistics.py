"""The statistics family: what the node counts, under the real server's names and in its order.

What asudfd has no part of (heartbeat, fabric, migration) is 0 or the value of a healthy single node.
"""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING

from asinfo.text import text
from asudfd.aerospike.info.build import COMPATIBILITY_ID
from asudfd.aerospike.info.expand import expand
from asudfd.aerospike.info.table import InfoCommand
from asudfd.config.parameter import spell
from asudfd.errors import Code, CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.aerospike.info.request import Request
    from asudfd.node import Node


def statistics(node: Node, _request: Request) -> bytes:
    """statistics

    Figures of this node, `name=value;...`.
    """
    figures = (
        *_cluster(node),
        *_process(node),
        *_clients(node),
        *_other(node),
        *_contexts(node),
        *_store(node),
    )
    return ";".join(f"{name}={value}" for name, value in figures).encode()


def get_stats(_node: Node, request: Request) -> bytes:
    """get-stats:context=xdr[;dc=DC]

    Figures of replication to other data centres: there is none.
    """
    if request.required(b"context") != b"xdr":
        raise CommandError(Code.PARAMETER, "unknown context")
    return b""


def latencies(node: Node, request: Request) -> bytes:
    """latencies[:hist=NAME]

    How long requests took; a histogram without any is empty.
    """
    wanted = request.optional(b"hist")
    if wanted is None:
        names = [
            "batch-index",
            *(f"{{{ns.name}}}-{kind}" for ns in node.config.namespaces for kind in _KINDS),
        ]
        return ";".join(f"{name}:" for name in names).encode()
    steps, prefix = _NODE_HISTOGRAMS.get(text(wanted)), ""
    if wanted.startswith(b"{"):
        namespace, _, kind = wanted[1:].partition(b"}-")
        steps = _HISTOGRAMS.get(text(kind)) if namespace in node.namespaces else None
        prefix = f"{{{text(namespace)}}}-"
    if steps is None:
        raise CommandError(Code.PARAMETER, "bad hist name")
    return ";".join(f"{prefix}{step}:" for step in steps).encode()


_KINDS = (
    "read",
    "write",
    "udf",
    "batch-sub-read",
    "batch-sub-write",
    "batch-sub-udf",
    "pi-query",
    "si-query",
)
"""Histograms of a namespace that are always kept."""

_WRITE_STEPS = ("start", "restart", "dup-res", "master", "repl-write", "response")
_BENCHMARKS = {
    "read": ("start", "restart", "dup-res", "repl-ping", "local", "response"),
    "write": _WRITE_STEPS,
    "udf": _WRITE_STEPS,
    "udf-sub": _WRITE_STEPS,
    "ops-sub": _WRITE_STEPS,
    "batch-sub": (
        "prestart",
        "start",
        "restart",
        "dup-res",
        "repl-ping",
        "read-local",
        "write-master",
        "udf-master",
        "repl-write",
        "response",
    ),
}
"""What benchmarks measure one by one."""

_HISTOGRAMS = {
    **{kind: (kind,) for kind in (*_KINDS, "proxy", "re-repl", "read-touch")},
    **{
        f"benchmarks-{kind}": tuple(f"{kind}-{step}" for step in steps) for kind, steps in _BENCHMARKS.items()
    },
}
"""The names that `hist` takes after a namespace, and the histograms that each shows."""

_NODE_HISTOGRAMS = {
    "batch-index": ("batch-index",),
    "info": ("info",),
    "benchmarks-fabric": tuple(
        expand("fabric-{bulk,ctrl,meta,rw}-{send-init,send-fragment,recv-fragment,recv-cb}")
    ),
}
"""The same for those of the whole node."""


def _cluster(node: Node) -> Iterator[tuple[str, object]]:
    compatibility = COMPATIBILITY_ID.decode()
    yield "failed_best_practices", "false"
    yield "cluster_size", len(node.cluster.members)
    yield "cluster_key", f"{node.cluster.key:X}"
    yield "cluster_generation", node.cluster.generation + 1
    yield "cluster_principal", node.cluster.principal
    yield "cluster_min_compatibility_id", compatibility
    yield "cluster_max_compatibility_id", compatibility
    yield from (
        ("cluster_integrity", "true"),
        ("cluster_is_member", spell(node.cluster.has(node.id))),
        ("cluster_duplicate_nodes", "null"),
    )
    yield from (("cluster_clock_skew_stop_writes_sec", 0), ("cluster_clock_skew_ms", 0))
    yield "cluster_clock_skew_outliers", "null"


def _process(node: Node) -> Iterator[tuple[str, object]]:
    free, percent = node.metrics.free()
    resident = node.metrics.resident()
    yield "uptime", int(monotonic() - node.started)
    user, kernel = node.metrics.system_cpu
    yield "system_total_cpu_pct", user + kernel
    yield "system_user_cpu_pct", user
    yield "system_kernel_cpu_pct", kernel
    yield "system_free_mem_kbytes", free
    yield "system_free_mem_pct", percent
    yield "host_free_mem_kbytes", free
    yield "host_free_mem_pct", percent
    yield "system_thp_mem_kbytes", node.metrics.huge_pages()
    yield "process_cpu_pct", node.metrics.cpu_percent
    yield "threads_joinable", threading.active_count()
    yield "threads_detached", 0
    yield "threads_pool_total", 0
    yield "threads_pool_active", 0
    yield "heap_allocated_kbytes", resident
    yield "heap_active_kbytes", resident
    yield "heap_mapped_kbytes", node.metrics.mapped()
    yield "heap_efficiency_pct", 100
    yield "heap_site_count", 0


def _clients(node: Node) -> Iterator[tuple[str, object]]:
    counters = node.counters
    yield "objects", sum(namespace.sets.objects for namespace in node.namespaces.values())
    yield from (("tombstones", 0), ("info_queue", 0))
    yield from (("rw_in_progress", 0), ("proxy_in_progress", 0), ("tree_gc_queue", 0))
    yield "client_connections", counters.opened - counters.closed
    yield "client_connections_opened", counters.opened
    yield "client_connections_closed", counters.closed
    for name in expand(
        "{admin,heartbeat,fabric}_connections{,_opened,_closed} heartbeat_received_{self,foreign}"
    ):
        yield name, 0
    yield "reaped_fds", counters.reaped
    yield "info_complete", counters.info_complete
    yield "info_timeout", 0
    yield "demarshal_error", counters.demarshal_errors


def _other(node: Node) -> Iterator[tuple[str, object]]:
    batch_threads = node.config.service.batch_index_threads
    for name in expand("early_tsvc_{client,from_proxy,from_proxy_batch_sub}_error long_queries_active"):
        yield name, 0
    counters = node.counters
    yield "batch_index_initiate", counters.batch_initiated
    yield "batch_index_queue", ",".join(["0:0"] * batch_threads)
    yield "batch_index_complete", counters.batch_completed
    yield "batch_index_error", counters.batch_errors
    yield "batch_index_timeout", counters.batch_timeouts
    for name in expand("batch_index_delay batch_index_{unused,huge,created,destroyed}_buffers"):
        yield name, 0
    yield from (
        ("batch_index_proto_uncompressed_pct", "0.000"),
        ("batch_index_proto_compression_ratio", "1.000"),
    )
    yield "paxos_principal", node.cluster.principal
    yield "time_since_rebalance", int(monotonic() - node.cluster.changed)
    yield from (("migrate_allowed", "true"), ("migrate_partitions_remaining", 0))
    for name in expand("fabric_{bulk,ctrl,meta,rw}_{send,recv}_rate deprecated_requests"):
        yield name, 0


def _contexts(node: Node) -> Iterator[tuple[str, object]]:
    """Totals of the Lua context cache, asudfd's own; `udf-cache-stats:` has them for each module."""
    rows = node.host.statistics()
    yield "udf_modules", len(node.modules.names())
    yield "udf_contexts", sum(row.contexts for row in rows)
    yield "udf_contexts_idle", sum(row.idle for row in rows)
    yield "udf_cache_hits", sum(row.hits for row in rows)
    yield "udf_cache_misses", sum(row.misses for row in rows)
    yield "udf_context_creations", sum(row.creations for row in rows)
    yield "udf_context_evictions", sum(row.evictions for row in rows)


def _store(node: Node) -> Iterator[tuple[str, object]]:
    """Where system metadata is kept, asudfd's own: while the store is away, modules cannot be changed."""
    yield "smd_backend", node.config.smd.backend
    yield "smd_connected", spell(node.smd.connected)


ROWS = (
    InfoCommand(b"statistics", statistics),
    InfoCommand(b"get-stats", get_stats),
    InfoCommand(b"latencies", latencies),
)
