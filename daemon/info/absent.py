"""The commands of what this node does not have: Enterprise features and secondary indexes.

They answer as a real Community node without records does. What would need records to be true is not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.errors import Code, CommandError
from daemon.info.namespaces import find
from daemon.table import Row

if TYPE_CHECKING:
    from daemon.info.request import Request
    from daemon.node import Node

ENTERPRISE = (
    b"alumni-tls-alt",
    b"alumni-tls-std",
    b"feature-key",
    b"masking",
    b"masking-show",
    b"peers-tls-alt",
    b"peers-tls-std",
    b"quiesce",
    b"quiesce-undo",
    b"rack-ids",
    b"racks",
    b"revive",
    b"roster",
    b"roster-set",
    b"service-tls-alt",
    b"service-tls-std",
    b"xdr-dc-state",
    b"xdr-get-filter",
    b"xdr-set-filter",
)
"""Commands of the Enterprise Edition. Source: info-protocol, Appendix A."""


def enterprise_only(_node: Node, _request: Request) -> bytes:
    """COMMAND

    Refused: the Community Edition does not have it.
    """
    raise CommandError(Code.ENTERPRISE_ONLY, "enterprise only")


def sindex(node: Node, request: Request) -> bytes:
    """sindex[/NS[/INDEX]]

    The secondary indexes; there are none.
    """
    name, _, index = request.parameters.partition(b"/")
    if name and find(node, name) is None:
        return b"ns_type=unknown"
    if index:
        raise CommandError(Code.INDEX_NOT_FOUND, "no index")
    return b""


def sindex_list(node: Node, request: Request) -> bytes:
    """sindex-list[:namespace=NS][;b64=true|false]

    The secondary indexes; there are none.
    """
    if request.optional(b"b64") not in {None, b"true", b"false"}:
        raise CommandError(Code.PARAMETER, "bad b64")
    name = request.optional(b"namespace", b"ns")
    if name is not None and find(node, name) is None:
        # the real server says it twice, and clients may look for just that
        raise CommandError(Code.NAMESPACE, "namespace not found on node;ERROR:20:namespace not found on node")
    return b""


def sindex_exists(_node: Node, request: Request) -> bytes:
    """sindex-exists:namespace=NS;indexname=INDEX

    Whether there is such a secondary index.
    """
    request.required(b"indexname")
    request.required(b"namespace", b"ns")
    return b"false"


def sindex_stat(_node: Node, request: Request) -> bytes:
    """sindex-stat:namespace=NS;indexname=INDEX

    Figures of a secondary index; there is none.
    """
    if request.parameter(b"indexname") is None and request.parameter(b"namespace", b"ns") is None:
        # two errors run together, as the real server writes them
        raise CommandError(Code.PARAMETER, "missing 'indexname'ERROR:20:missing 'namespace'")
    request.required(b"indexname")
    request.required(b"namespace", b"ns")
    raise CommandError(Code.INDEX_NOT_FOUND, "no index")


ROWS = (
    *(Row(name, enterprise_only, constant=True, hidden=True) for name in ENTERPRISE),
    Row(b"sindex", sindex, hidden=True),
    Row(b"sindex-list", sindex_list),
    Row(b"sindex-exists", sindex_exists),
    Row(b"sindex-stat", sindex_stat),
)
