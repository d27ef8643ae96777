"""The partitions family: which node owns which part of a namespace.

    replicas          NS:REGIME,N,BITMAP;...     N copies, the first is the master's
    replicas-all      NS:N,BITMAP;...
    replicas-master   NS:BITMAP;...

Source: the specification of the wire protocol, section 2.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.digest import PARTITIONS
from asudfd.aerospike.info.table import InfoCommand
from asudfd.errors import Code, CommandError
from asudfd.fairness import loop_scheduler
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode

TURN_PARTITIONS = 64
"""Partitions whose records are counted before the event loop gets a turn."""

MAX_DIGITS_MAX = 3
"""Longest `max` of replicas, in bytes."""


def partitions(_node: AerospikeNode, _request: Request) -> bytes:
    """partitions

    How many parts a namespace has.
    """
    return b"%d" % PARTITIONS


def partition_generation(node: AerospikeNode, _request: Request) -> bytes:
    """partition-generation

    Grows when partitions change their owners.
    """
    return b"%d" % node.cluster.generation


def rebalance_generation(node: AerospikeNode, _request: Request) -> bytes:
    """rebalance-generation

    How often partitions were spread over the nodes.
    """
    return b"%d" % (node.cluster.generation + 1)


def replicas(node: AerospikeNode, request: Request) -> bytes:
    """replicas[:max=N]

    The partitions that this node owns, for every namespace.
    """
    most = request.optional(b"max", size_max=MAX_DIGITS_MAX)
    if most is not None and not most.isdigit():
        raise CommandError(Code.PARAMETER, "bad max")
    return _all(node, b"0,1,")


def replicas_all(node: AerospikeNode, _request: Request) -> bytes:
    """replicas-all

    The same in an older form.
    """
    return _all(node, b"1,")


def replicas_master(node: AerospikeNode, _request: Request) -> bytes:
    """replicas-master

    The same in the oldest form.
    """
    return _all(node, b"")


async def partition_info(node: AerospikeNode, _request: Request) -> bytes:
    """partition-info

    One line a partition of every namespace, after a line that names the columns.
    """
    bitmap = node.cluster.bitmap(node.id)
    lines = [_COLUMNS]
    for namespace in node.config.namespaces:
        storage = node.namespaces[namespace.name.encode()].storage
        for number in range(PARTITIONS):
            if number % TURN_PARTITIONS == 0:
                await loop_scheduler().turn()
            try:
                records = len(storage.digests(number))
            except RequestRefused as error:
                raise CommandError(Code.UNKNOWN, str(error)) from error
            lines.append(_partition(node, namespace.name, number, bitmap, records))
    return ";".join(lines).encode()


_COLUMNS = (
    "namespace:partition:state:n_replicas:replica:succession:n_dupl:working_master:proxy_dst:emigrates:"
    "lead_emigrates:immigrates:records:tombstones:regime:tree_id:version:final_version"
)


def _partition(node: AerospikeNode, namespace: str, number: int, bitmap: bytearray, records: int) -> str:
    """A synchronous (S) partition of this node, in its first tree, or an absent (A) one of another node."""
    key = f"{node.cluster.key:012x}.0"
    if bitmap[number >> 3] & 0x80 >> (number & 7):
        return f"{namespace}:{number}:S:1:0:0:0:{node.id}:{node.id}:0:0:0:{records}:0:0:1:{key}.mp-:{key}.mp-"
    owner = node.cluster.owners[number] or "0"
    place = node.cluster.place(node.id, number)
    return f"{namespace}:{number}:A:1:-1:{place}:0:0:{owner}:0:0:0:0:0:0:0:{0:012x}.0.-p-:{key}.-p-"


def _all(node: AerospikeNode, before: bytes) -> bytes:
    masters = node.cluster.masters(node.id)
    return b";".join(b"%b:%b%b" % (ns.name.encode(), before, masters) for ns in node.config.namespaces)


ROWS = (
    InfoCommand(b"partitions", partitions, constant=True, hidden=True),
    InfoCommand(b"partition-info", partition_info, hidden=True),
    InfoCommand(b"partition-generation", partition_generation),
    InfoCommand(b"rebalance-generation", rebalance_generation, hidden=True),
    InfoCommand(b"replicas", replicas, hidden=True),
    InfoCommand(b"replicas-all", replicas_all, hidden=True),
    InfoCommand(b"replicas-master", replicas_master, hidden=True),
)
