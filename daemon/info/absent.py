"""The commands of what this node does not have: Enterprise features and secondary indexes.

They answer as a real Community node without indexes does; what would make one is refused.
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
    _index(request)
    raise CommandError(Code.INDEX_NOT_FOUND, "no index")


def sindex_create(_node: Node, request: Request) -> bytes:
    """sindex-create:namespace=NS;indexname=INDEX;bin=BIN;type=TYPE[;set=SET][;indextype=TYPE]

    Refused once its parameters are right: queries would rely on an index that nobody keeps. `indexdata=BIN,TYPE` is the
    older spelling of bin and type.
    """
    request.required(b"indexname")
    request.required(b"namespace", b"ns")
    if request.optional(b"indextype") not in {None, b"default", b"list", b"mapkeys", b"mapvalues"}:
        raise CommandError(
            Code.PARAMETER, "bad 'indextype' - must be one of 'default', 'list', 'mapkeys', 'mapvalues'"
        )
    data = request.optional(b"indexdata")
    if data is None:
        request.required(b"bin")
        kind = request.required(b"type")
    else:
        kind = data.rpartition(b",")[2]
    if kind.lower() not in {b"numeric", b"string", b"blob", b"geo2dsphere"}:
        raise CommandError(
            Code.PARAMETER, "bad 'type' - must be one of 'numeric', 'string', 'blob', 'geo2dsphere'"
        )
    raise CommandError(Code.UNSUPPORTED, "secondary indexes are not supported")


def sindex_delete(_node: Node, request: Request) -> bytes:
    """sindex-delete:namespace=NS;indexname=INDEX

    Drop a secondary index; there is none, so it is gone already, which the real server calls ok as well.
    """
    _index(request)
    return b"ok"


def _index(request: Request) -> None:
    """Check the name of an index and its namespace."""
    if request.parameter(b"indexname") is None and request.parameter(b"namespace", b"ns") is None:
        # two errors run together, as the real server writes them
        raise CommandError(Code.PARAMETER, "missing 'indexname'ERROR:20:missing 'namespace'")
    request.required(b"indexname")
    request.required(b"namespace", b"ns")


ROWS = (
    *(Row(name, enterprise_only, constant=True, hidden=True) for name in ENTERPRISE),
    Row(b"sindex", sindex, hidden=True),
    Row(b"sindex-list", sindex_list),
    Row(b"sindex-exists", sindex_exists),
    Row(b"sindex-stat", sindex_stat),
    Row(b"sindex-create", sindex_create, privilege="sindex-admin"),
    Row(b"sindex-delete", sindex_delete, privilege="sindex-admin"),
)
