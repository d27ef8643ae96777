"""The dump family: lines about the inside of this node, written into its log; the answer only says so."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from asudfd.aerospike.info.table import InfoCommand
from asudfd.errors import Code, CommandError

if TYPE_CHECKING:
    from types import FrameType

    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode
    from asudfd.record.namespace import Namespace


def dump_cluster(node: AerospikeNode, request: Request) -> bytes:
    """dump-cluster[:verbose=true|false]

    Write the nodes of the cluster into the log.
    """
    _check_verbose(request)
    cluster = node.cluster
    members = " ".join(f"{member.id}={member.host}:{member.port}" for member in cluster.members)
    return _log(
        node,
        "clustering",
        f"cluster key {cluster.key:X} principal {cluster.principal} generation {cluster.generation} nodes {members}",
    )


def dump_fabric(node: AerospikeNode, request: Request) -> bytes:
    """dump-fabric[:verbose=true|false]

    Write into the log how the nodes exchange data: within a process directly, else as clients do.
    """
    _check_verbose(request)
    return _log(
        node, "fabric", f"{_nodes(node)}: there is no fabric, requests are passed on over the service port"
    )


def dump_heartbeat(node: AerospikeNode, request: Request) -> bytes:
    """dump-hb[:verbose=true|false]

    Write into the log how the nodes find each other: they are started together, or meet in the metadata store.
    """
    _check_verbose(request)
    return _log(
        node,
        "hb",
        f"{_nodes(node)}: there are no heartbeats, the metadata store is {node.metadata.backend}",
    )


def dump_clock(node: AerospikeNode, request: Request) -> bytes:
    """dump-hlc[:verbose=true|false]

    Write the clock of this node into the log.
    """
    _check_verbose(request)
    return _log(node, "hlc", f"clock {time.time_ns() // 1_000_000} ms since 1970")


def dump_migrations(node: AerospikeNode, request: Request) -> bytes:
    """dump-migrates[:verbose=true|false]

    Write the migrations under way into the log: none.
    """
    _check_verbose(request)
    return _log(node, "migrate", "no migrations: partitions stay where they are")


def dump_records(node: AerospikeNode, _request: Request) -> bytes:
    """dump-rw

    Write into the log how many records are being worked on.
    """
    locked = sum(len(space.locks) for space in node.namespaces.values())
    return _log(node, "rw", f"records locked {locked}")


def dump_skew(node: AerospikeNode, _request: Request) -> bytes:
    """dump-skew

    Write into the log how far the clocks of the nodes are apart: those of one process have one.
    """
    return _log(node, "skew", f"{_nodes(node)}: the clocks of other processes are not compared")


def dump_storage(node: AerospikeNode, request: Request) -> bytes:
    """dump-wb-summary:namespace=NS;verbose=true|false

    Write into the log how full the storage of a namespace is.
    """
    space = node.namespaces.get(request.required(b"namespace", b"ns"))
    if space is None:
        raise CommandError(Code.NAMESPACE, "namespace not found on node")
    if request.parameter(b"verbose") is None:
        raise _bad_verbose()
    _check_verbose(request)
    return _log(node, "storage", _storage(space))


def memory_statistics(node: AerospikeNode, _request: Request) -> bytes:
    """jem-stats

    Write into the log how much memory this process has.
    """
    return _log(
        node,
        "alloc",
        f"resident-kbytes {node.metrics.resident()} mapped-kbytes {node.metrics.mapped()}",
    )


def thread_traces(_node: AerospikeNode, _request: Request) -> bytes:
    """thread-traces

    Where every thread of this process is now: Python's frames, the innermost first.
    """
    names = {thread.ident: thread for thread in threading.enumerate()}
    traces = []
    for identity, frame in sys._current_frames().items():  # noqa: SLF001 - the documented way
        thread = names.get(identity)
        number = (thread and thread.native_id) or 0
        traces += [f"---------- {number} ({number:#x}) ----------", *_frames(frame)]
    return ";".join(traces).encode("utf-8", "replace")


def _frames(frame: FrameType | None) -> list[str]:
    lines = []
    while frame is not None:
        code = frame.f_code
        lines.append(f"{os.path.basename(code.co_filename)}({code.co_qualname} {frame.f_lineno})")  # noqa: PTH119 - a Path for each frame costs more than the rest
        frame = frame.f_back
    return lines


def _storage(space: Namespace) -> str:
    storage, name = space.storage, space.config.name
    return f"{{{name}}} {space.config.storage_engine.kind} used-bytes {storage.used_bytes} total-bytes {storage.total_bytes}"


def _check_verbose(request: Request) -> None:
    if request.parameter(b"verbose") not in {None, b"true", b"false"}:
        raise _bad_verbose()


def _bad_verbose() -> CommandError:
    return CommandError(Code.PARAMETER, "'verbose' may be either 'true' or 'false'")


def _nodes(node: AerospikeNode) -> str:
    return f"{len(node.cluster.here)} of {len(node.cluster.members)} nodes share this process"


def _log(node: AerospikeNode, context: str, text: str) -> bytes:
    node.log.info(context, f"node {node.id}: {text}")
    return b"ok"


ROWS = (
    InfoCommand(b"dump-cluster", dump_cluster),
    InfoCommand(b"dump-fabric", dump_fabric),
    InfoCommand(b"dump-hb", dump_heartbeat),
    InfoCommand(b"dump-hlc", dump_clock),
    InfoCommand(b"dump-migrates", dump_migrations),
    InfoCommand(b"dump-rw", dump_records),
    InfoCommand(b"dump-skew", dump_skew),
    InfoCommand(b"dump-wb-summary", dump_storage),
    InfoCommand(b"jem-stats", memory_statistics),
    InfoCommand(b"thread-traces", thread_traces),
)
