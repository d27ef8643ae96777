"""The namespaces family: what is kept, and how much of it."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from asinfo.text import text
from asudfd.aerospike.info.config import namespace_listing
from asudfd.aerospike.info.expand import expand
from asudfd.aerospike.info.table import InfoCommand
from asudfd.config.parameter import spell
from asudfd.config.schema import NamespaceSet
from asudfd.errors import Code, CommandError
from asudfd.record.record import EPOCH_SECONDS
from asudfd.record.sets import SetFigures
from asudfd.record.truncation import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.aerospike.info.request import Request
    from asudfd.config.schema import NamespaceConfig
    from asudfd.node import Node
    from asudfd.record import namespace as records

INDEX_ENTRY_SIZE = 64
"""Bytes that the real server's index takes for a record; reported so that its figures can be compared."""


def namespaces(node: Node, _request: Request) -> bytes:
    """namespaces

    The names of all namespaces.
    """
    return ";".join(namespace.name for namespace in node.config.namespaces).encode()


def namespace(node: Node, request: Request) -> bytes:
    """namespace/NS

    Figures and parameters of a namespace.
    """
    found = node.namespaces.get(request.parameters)
    if found is None:
        return b"type=unknown"
    figures = [*_figures(node, found), *namespace_listing(found.config)]
    return ";".join(f"{name}={value}" for name, value in figures).encode()


def sets(node: Node, request: Request) -> bytes:
    """sets[/NS[/SET]]

    Figures and parameters of the sets.
    """
    name, _, wanted = request.parameters.partition(b"/")
    if name and find(node, name) is None:
        return b"ns_type=unknown"
    chosen = [space for space in node.namespaces.values() if name in {b"", space.name}]
    if wanted:
        figures = (_set(space, wanted) for space in chosen if wanted in _set_names(space))
        return b"".join(b"%b;" % line for line in figures)
    return b"".join(
        b"ns=%b:set=%b:%b;" % (space.name, set_name, _set(space, set_name))
        for space in chosen
        for set_name in _set_names(space)
    )


def objects(node: Node, _request: Request) -> bytes:
    """objects

    How many records there are.
    """
    return b"%d" % sum(space.sets.objects for space in node.namespaces.values())


def index_pressure(node: Node, _request: Request) -> bytes:
    """index-pressure

    Memory of the indexes that the system has swapped out: none.
    """
    return ";".join(f"{namespace.name}:0:0" for namespace in node.config.namespaces).encode()


def histogram(node: Node, request: Request) -> bytes:
    """histogram:namespace=NS;type=ttl|object-size|object-size-linear[;set=SET]

    How records spread over sizes or times to live; empty before the first nsup-hist-period has passed.
    """
    space = node.namespaces.get(request.required(b"namespace"))
    if space is None:
        raise CommandError(Code.NAMESPACE, "namespace not found on node")
    kind = request.required(b"type")
    set_name = request.optional(b"set")
    if set_name is not None and set_name not in _set_names(space):
        raise CommandError(Code.PARAMETER, "unknown set name")
    if kind not in {b"ttl", b"object-size", b"object-size-linear"}:
        raise CommandError(Code.PARAMETER, "unknown hist name")
    if set_name is not None:
        return b"hist-unavailable"
    return space.sweeper.histograms.text(kind.decode()).encode()


def eviction_reset(node: Node, request: Request) -> bytes:
    """eviction-reset:namespace=NS[;ttl=SECONDS]

    Forget up to which time to live records were evicted: none ever is. With `ttl`, which asks for an eviction, refused.
    """
    if find(node, request.required(b"namespace")) is None:
        raise CommandError(Code.NAMESPACE, "namespace not found on node")
    if request.parameter(b"ttl") is not None:
        raise CommandError(Code.UNSUPPORTED, "records are not evicted")
    return b"ok"


def find(node: Node, name: bytes) -> NamespaceConfig | None:
    """The namespace called ``name``, if this node has it."""
    wanted = text(name)
    return next((namespace for namespace in node.config.namespaces if namespace.name == wanted), None)


def _set_names(space: records.Namespace) -> list[bytes]:
    """Every set that has or had records, then those that only the configuration names."""
    return [name for name in dict.fromkeys((*space.sets, *space.config.sets)) if name]


def _set(space: records.Namespace, name: bytes) -> bytes:
    figures = space.sets.get(name) or SetFigures()
    limits = space.config.sets.get(name) or NamespaceSet()
    pending = space.truncation.pending
    values = (
        ("objects", figures.objects),
        ("tombstones", 0),
        ("data_used_bytes", figures.data_used_bytes),
        ("truncate_lut", space.truncation.marks.get(name, 0)),
        ("sindexes", sum(index.set_name.encode() == name for index in space.indexes.values())),
        ("index_populating", "false"),
        ("truncating", spell(name in pending or WHOLE in pending)),
        ("default-read-touch-ttl-pct", limits.default_read_touch_ttl_pct),
        ("default-ttl", limits.default_ttl),
        ("disable-eviction", spell(limits.disable_eviction)),
        ("enable-index", spell(limits.enable_index)),
        ("stop-writes-count", limits.stop_writes_count),
        ("stop-writes-size", limits.stop_writes_size),
    )
    return ":".join(f"{key}={value}" for key, value in values).encode()


def _figures(node: Node, space: records.Namespace) -> Iterator[tuple[str, object]]:
    sweeper, count = space.sweeper, space.sets.objects
    owned = sum(byte.bit_count() for byte in node.cluster.bitmap(node.id))
    yield "ns_cluster_size", len(node.cluster.members)
    yield "effective_replication_factor", 1
    yield "objects", count
    yield from _zeros("tombstones xdr_tombstones xdr_bin_cemeteries mrt_provisionals")
    yield "master_objects", count
    yield from _zeros(
        "master_tombstones prole_objects prole_tombstones non_replica_objects non_replica_tombstones"
        " unreplicated_records {dead,unavailable,auto_revived}_partitions"
    )
    yield "clock_skew_stop_writes", "false"
    yield "stop_writes", spell(space.stop_writes)
    yield "hwm_breached", "false"
    yield "current_time", int(time.time()) - EPOCH_SECONDS
    yield "non_expirable_objects", sweeper.non_expirable
    yield "expired_objects", sweeper.expired
    yield from _zeros("evicted_objects evict_ttl evict_void_time smd_evict_void_time")
    yield "nsup_cycle_duration", sweeper.cycle_ms // 1000
    yield "nsup_cycle_deleted_pct", f"{sweeper.deleted_pct:.2f}"
    yield "nsup_xdr_key_busy", 0
    yield "truncate_lut", space.truncation.marks.get(WHOLE, 0)
    yield "truncating", spell(bool(space.truncation.pending))
    yield from _zeros("sindex_gc_cleaned mrt_monitors mrt_monitors_active xmem_id")
    yield "index_used_bytes", INDEX_ENTRY_SIZE * count
    yield from _zeros("set_index_used_bytes sindex_used_bytes")
    yield from _storage(space)
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
    yield from space.counters.items()


def _storage(space: records.Namespace) -> Iterator[tuple[str, object]]:
    storage = space.storage
    total, used = storage.total_bytes, storage.used_bytes
    yield "data_total_bytes", total
    yield "data_used_bytes", used
    yield "data_used_pct", 100 * used // total if total else 0
    yield "data_avail_pct", max(0, 100 * (total - storage.taken_bytes) // total) if total else 100


@cache
def _zeros(names: str) -> tuple[tuple[str, int], ...]:
    """Counters that nothing here makes grow: there is no migration, no eviction and no other data centre."""
    return tuple((name, 0) for name in expand(names))


ROWS = (
    InfoCommand(b"namespaces", namespaces, constant=True),
    InfoCommand(b"namespace", namespace),
    InfoCommand(b"sets", sets),
    InfoCommand(b"objects", objects, hidden=True),
    InfoCommand(b"index-pressure", index_pressure, constant=True),
    InfoCommand(b"histogram", histogram),
    InfoCommand(b"eviction-reset", eviction_reset, privilege="sys-admin"),
)
