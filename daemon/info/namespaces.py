"""The namespaces family: what is kept, and how much of it."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from asinfo.wire.info import text
from daemon.errors import Code, CommandError
from daemon.info.config import namespace_listing
from daemon.info.expand import expand
from daemon.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.config.schema import Namespace
    from daemon.info.request import Request
    from daemon.node import Node

EPOCH_SECONDS = 1_262_304_000
"""2010-01-01 UTC, where times of Aerospike begin."""

_READ = "{success,error,timeout,not_found,filtered_out}"
_WRITE = "{success,error,timeout,filtered_out}"
_UDF = "udf_{complete,error,timeout,filtered_out} "
_LANG = "lang_{read_success,write_success,delete_success,error} "
_DELETE = "{success,error,timeout,not_found,filtered_out}"
_QUERY = (
    "short_basic_{complete,error,timeout}",
    "long_basic_{complete,error,abort}",
    "aggr_{complete,error,abort}",
    "udf_bg_{complete,error,abort}",
    "ops_bg_{complete,error,abort}",
)


def _requests(prefix: str, *, xdr: bool, proxy: bool) -> str:
    """Counters of the requests that arrive one way: from clients, from other nodes, or inside a batch."""
    names = f"{prefix}_tsvc_{{error,timeout}} "
    if proxy:
        names += f"{prefix}_proxy_{{complete,error,timeout}} "
    names += f"{prefix}_read_{_READ} {prefix}_write_{_WRITE} "
    names += f"xdr_{prefix}_write_{{success,error,timeout}} " * xdr
    names += f"{prefix}_delete_{_DELETE} "
    names += f"xdr_{prefix}_delete_{{success,error,timeout,not_found}} " * xdr
    return f"{names}{prefix}_{_UDF}{prefix}_{_LANG}"


COUNTERS = " ".join(
    (
        _requests("client", xdr=True, proxy=True),
        _requests("from_proxy", xdr=True, proxy=False),
        _requests("batch_sub", xdr=False, proxy=True),
        _requests("from_proxy_batch_sub", xdr=False, proxy=False),
        f"udf_sub_tsvc_{{error,timeout}} udf_sub_{_UDF}udf_sub_{_LANG}",
        "ops_sub_tsvc_{error,timeout} ops_sub_write_{success,error,timeout,filtered_out}",
        "dup_res_ask dup_res_respond_{read,no_read}",
        "retransmit_all_{read,write,delete,udf}_dup_res",
        "retransmit_all_batch_sub_{read,write,delete,udf}_dup_res retransmit_{udf_sub,ops_sub}_dup_res",
        "retransmit_all_{read,batch_sub_read}_repl_ping",
        "retransmit_all_{write,delete,udf,batch_sub_write,batch_sub_delete,batch_sub_udf}_repl_write",
        "retransmit_{udf_sub,ops_sub}_repl_write",
        *(f"{kind}_query_{job}" for kind in ("pi", "si") for job in _QUERY),
        "geo_region_query_{reqs,cells,points,falsepos}",
        "read_touch_{tsvc_error,tsvc_timeout,success,error,timeout,skip}",
        "re_repl_{tsvc_error,tsvc_timeout,success,error,timeout}",
        "{mrt_verify_read,mrt_roll_forward,mrt_monitor_roll_forward}_{success,error,timeout}",
        "{mrt_roll_back,mrt_monitor_roll_back}_{success,error,timeout}",
        "fail_{xdr_forbidden,key_busy,xdr_key_busy,generation,record_too_big}",
        "fail_{client_lost_conflict,xdr_lost_conflict,mrt_blocked,mrt_version_mismatch}",
        "deleted_last_bin mrt_monitor_roll_tombstone_creates ttl_reductions_{ignored,applied}",
    )
)
"""Names of a namespace's counters in the real server's order. Source: info-protocol, Appendix B."""


def namespaces(node: Node, _request: Request) -> bytes:
    """namespaces

    The names of all namespaces.
    """
    return ";".join(namespace.name for namespace in node.config.namespaces).encode()


def namespace(node: Node, request: Request) -> bytes:
    """namespace/NS

    Figures and parameters of a namespace.
    """
    found = find(node, request.parameters)
    if found is None:
        return b"type=unknown"
    figures = [*_figures(node, found), *namespace_listing(found)]
    return ";".join(f"{name}={value}" for name, value in figures).encode()


def sets(node: Node, request: Request) -> bytes:
    """sets[/NS[/SET]]

    Figures of the sets; empty as long as there are no records.
    """
    name = request.parameters.split(b"/")[0]
    return b"ns_type=unknown" if name and find(node, name) is None else b""


def objects(_node: Node, _request: Request) -> bytes:
    """objects

    How many records there are.
    """
    return b"0"


def index_pressure(node: Node, _request: Request) -> bytes:
    """index-pressure

    Memory of the indexes that the system has swapped out: none.
    """
    return ";".join(f"{namespace.name}:0:0" for namespace in node.config.namespaces).encode()


def histogram(node: Node, request: Request) -> bytes:
    """histogram:namespace=NS;type=ttl|object-size|object-size-linear[;set=SET]

    How records spread over sizes or times to live; empty without records.
    """
    if find(node, request.required(b"namespace")) is None:
        raise CommandError(Code.NAMESPACE, "namespace not found on node")
    if request.required(b"type") not in {b"ttl", b"object-size", b"object-size-linear"}:
        raise CommandError(Code.PARAMETER, "unknown hist name")
    if request.optional(b"set") is not None:
        raise CommandError(Code.PARAMETER, "unknown set name")
    return b""


def find(node: Node, name: bytes) -> Namespace | None:
    """The namespace called ``name``, if this node has it."""
    wanted = text(name)
    return next((namespace for namespace in node.config.namespaces if namespace.name == wanted), None)


def _figures(node: Node, namespace: Namespace) -> Iterator[tuple[str, object]]:
    owned = sum(byte.bit_count() for byte in node.cluster.bitmap(node.id))
    yield "ns_cluster_size", len(node.cluster.members)
    yield "effective_replication_factor", 1
    yield from _zeros(
        "objects tombstones xdr_tombstones xdr_bin_cemeteries mrt_provisionals master_objects master_tombstones"
        " prole_objects prole_tombstones non_replica_objects non_replica_tombstones unreplicated_records"
        " {dead,unavailable,auto_revived}_partitions"
    )
    yield from (("clock_skew_stop_writes", "false"), ("stop_writes", "false"), ("hwm_breached", "false"))
    yield "current_time", int(time.time()) - EPOCH_SECONDS
    yield from _zeros(
        "non_expirable_objects expired_objects evicted_objects evict_ttl evict_void_time smd_evict_void_time"
        " nsup_cycle_duration"
    )
    yield "nsup_cycle_deleted_pct", "0.00"
    yield from _zeros("nsup_xdr_key_busy truncate_lut")
    yield "truncating", "false"
    yield from _zeros("sindex_gc_cleaned mrt_monitors mrt_monitors_active xmem_id {,set_}index_used_bytes")
    yield "sindex_used_bytes", 0
    yield "data_total_bytes", namespace.storage_engine.data_size
    yield from (("data_used_bytes", 0), ("data_used_pct", 0), ("data_avail_pct", 100))
    yield "data_compression_ratio", "1.000"
    for kind in ("record", "query"):
        yield f"{kind}_proto_uncompressed_pct", "0.000"
        yield f"{kind}_proto_compression_ratio", "1.000"
    yield from (("pending_quiesce", "false"), ("effective_is_quiesced", "false"), ("nodes_quiesced", 0))
    yield from (("effective_prefer_uniform_balance", "false"), ("effective_active_rack", 0))
    yield from _zeros(
        "migrate_tx_partitions_imbalance migrate_{tx,rx}_instances migrate_{tx,rx}_partitions_active"
        " migrate_tx_partitions_{initial,remaining,lead_remaining} migrate_rx_partitions_{initial,remaining}"
        " migrate_records_{skipped,transmitted} migrate_record_{retransmits,receives} migrate_records_unreadable"
        " migrate_signals_{active,remaining}"
    )
    yield "migrate_fresh_partitions", owned
    yield from _zeros("appeals_tx_active appeals_rx_active appeals_tx_remaining appeals_records_exonerated")
    yield from _zeros(COUNTERS)


@cache
def _zeros(names: str) -> tuple[tuple[str, int], ...]:
    """Counters that nothing here makes grow: there are no records, no migration and no other data centre."""
    return tuple((name, 0) for name in expand(names))


ROWS = (
    Row(b"namespaces", namespaces, constant=True),
    Row(b"namespace", namespace),
    Row(b"sets", sets),
    Row(b"objects", objects, hidden=True),
    Row(b"index-pressure", index_pressure, constant=True),
    Row(b"histogram", histogram),
)
