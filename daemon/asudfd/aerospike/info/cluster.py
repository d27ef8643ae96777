"""The cluster family: this node's place in the cluster, and whether the cluster is as expected."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from asudfd.aerospike.info.namespaces import find
from asudfd.aerospike.info.table import InfoCommand
from asudfd.errors import Code, CommandError

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode

SIZE_DIGITS_MAX = 4
"""Longest `size` of cluster-stable, in bytes."""


def node(node: AerospikeNode, _request: Request) -> bytes:
    """node | name

    The id of this node, in upper-case hex.
    """
    return node.id.encode()


def status(_node: AerospikeNode, _request: Request) -> bytes:
    """status

    `ok` from a node that answers.
    """
    return b"ok"


def connection(_node: AerospikeNode, _request: Request) -> bytes:
    """connection

    What kind of port this connection came through.
    """
    return b"admin=false"


def cluster_name(node: AerospikeNode, _request: Request) -> bytes:
    """cluster-name

    The name of the cluster, or `null`.
    """
    return (node.service.cluster_name or "null").encode()


def cluster_stable(node: AerospikeNode, request: Request) -> bytes:
    """cluster-stable[:size=N][;ignore-migrations=true|false][;namespace=NS]

    The key of the cluster, the same on all its nodes; or an error while it is not of the size that the client expects,
    or does not have this node.
    """
    size = request.optional(b"size", size_max=SIZE_DIGITS_MAX)
    if size is not None and not size.isdigit():
        raise CommandError(Code.PARAMETER, "bad size")
    if request.optional(b"ignore-migrations") not in {None, b"true", b"false"}:
        raise CommandError(Code.PARAMETER, "bad ignore migrations")
    namespace = request.optional(b"namespace")
    if namespace is not None and find(node, namespace) is None:
        raise CommandError(Code.NAMESPACE, "namespace not found on node")
    if not node.cluster.has(node.id):
        raise CommandError(Code.UNAVAILABLE, "unstable cluster")
    if size is not None and int(size) != len(node.cluster.members):
        raise CommandError(Code.UNAVAILABLE, "cluster not specified size")
    return b"%X" % node.cluster.key


def get_sl(node: AerospikeNode, _request: Request) -> bytes:
    """get-sl

    The ids of all nodes, the principal first.
    """
    return ",".join(member.id for member in reversed(node.cluster.members)).encode()


def recluster(node: AerospikeNode, _request: Request) -> bytes:
    """recluster

    Form the cluster anew. It always is what it should be: all nodes of the process, or all that the metadata store
    knows to be alive. So nothing changes.
    """
    if node.id != node.cluster.principal:
        return b"ignored-by-non-principal"
    if not node.cluster.recluster(monotonic()):
        raise CommandError(Code.UNKNOWN, "unknown")
    node.log.info(
        "clustering", f"node {node.id}: recluster: the cluster has its {len(node.cluster.members)} nodes"
    )
    return b"ok"


def best_practices(_node: AerospikeNode, _request: Request) -> bytes:
    """best-practices

    What of the machine's set-up should be better; asudfd asks nothing of it.
    """
    return b"failed_best_practices=none"


def nothing(_node: AerospikeNode, _request: Request) -> bytes:
    """health-outliers | health-stats

    Empty: there are no outliers among nodes that are not compared.
    """
    return b""


ROWS = (
    InfoCommand(b"node", node, constant=True),
    InfoCommand(b"name", node, constant=True, hidden=True),
    InfoCommand(b"status", status, constant=True),
    InfoCommand(b"connection", connection, constant=True, hidden=True),
    InfoCommand(b"cluster-name", cluster_name),
    InfoCommand(b"cluster-stable", cluster_stable),
    InfoCommand(b"get-sl", get_sl),
    InfoCommand(b"recluster", recluster, privilege="service-ctrl"),
    InfoCommand(b"best-practices", best_practices, constant=True),
    InfoCommand(b"health-outliers", nothing, constant=True),
    InfoCommand(b"health-stats", nothing, constant=True),
)
