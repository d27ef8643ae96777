"""The sindex family: secondary indexes, which are definitions here (`daemon.record.indexes`).

They go through system metadata, so that every node has them and no restart forgets them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.errors import Code, CommandError
from daemon.info.namespaces import find
from daemon.record.indexes import KINDS, TYPES, Index, key_of, value_of
from daemon.smd.interface import SINDEX, SmdFailed, SmdTimeout
from daemon.table import Row

if TYPE_CHECKING:
    from daemon.info.request import Request
    from daemon.node import Node

_STATISTICS = (
    b"entries=0;used_bytes=0;entries_per_bval=0;entries_per_rec=0;load_pct=100;load_time=0;stat_gc_recs=0"
)
"""An index holds nothing, and so is always ready."""


def sindex(node: Node, request: Request) -> bytes:
    """sindex[/NS[/INDEX]]

    The secondary indexes, or the figures of one.
    """
    name, _, index = request.parameters.partition(b"/")
    if name and find(node, name) is None:
        return b"ns_type=unknown"
    if index:
        return _statistics(node, name, index)
    return _lines(node, name)


def sindex_list(node: Node, request: Request) -> bytes:
    """sindex-list[:namespace=NS][;b64=true|false]

    The secondary indexes.
    """
    if request.optional(b"b64") not in {None, b"true", b"false"}:
        raise CommandError(Code.PARAMETER, "bad b64")
    name = request.optional(b"namespace", b"ns")
    if name is not None and find(node, name) is None:
        # the real server says it twice, and clients may look for just that
        raise CommandError(Code.NAMESPACE, "namespace not found on node;ERROR:20:namespace not found on node")
    return _lines(node, name or b"")


def sindex_exists(node: Node, request: Request) -> bytes:
    """sindex-exists:namespace=NS;indexname=INDEX

    Whether there is such a secondary index.
    """
    index = request.required(b"indexname")
    space = node.namespaces.get(request.required(b"namespace", b"ns"))
    return b"true" if space is not None and index in space.indexes else b"false"


def sindex_stat(node: Node, request: Request) -> bytes:
    """sindex-stat:namespace=NS;indexname=INDEX

    Figures of a secondary index.
    """
    return _statistics(node, *_index(request))


async def sindex_create(node: Node, request: Request) -> bytes:
    """sindex-create:namespace=NS;indexname=INDEX;bin=BIN;type=TYPE[;set=SET][;indextype=TYPE]

    Define a secondary index, on numbers, strings or blobs. `indexdata=BIN,TYPE` is the older spelling of bin and type.
    """
    name = request.required(b"indexname")
    namespace = request.required(b"namespace", b"ns")
    index = _definition(request)
    space = node.namespaces.get(namespace)
    if space is None or index in space.indexes.values():
        return b"ok"
    if name in space.indexes:
        raise CommandError(Code.INDEX_EXISTS, "'indexname' already exists with different definition")
    return await _store(node, key_of(namespace, name), value_of(index))


async def sindex_delete(node: Node, request: Request) -> bytes:
    """sindex-delete:namespace=NS;indexname=INDEX

    Drop a secondary index; one that is not there is gone already.
    """
    return await _store(node, key_of(*_index(request)), None)


def _definition(request: Request) -> Index:
    """The index that a request defines. Raises CommandError."""
    type_ = request.optional(b"indextype") or b"default"
    if type_.lower().decode("latin-1") not in TYPES:
        raise CommandError(
            Code.PARAMETER, "bad 'indextype' - must be one of 'default', 'list', 'mapkeys', 'mapvalues'"
        )
    if request.parameter(b"context", b"exp") is not None:
        raise CommandError(
            Code.UNSUPPORTED, "indexes within collections, or on expressions, are not supported"
        )
    data = request.optional(b"indexdata")
    if data is None:
        bin_name, kind = request.required(b"bin"), request.required(b"type").lower()
    else:
        bin_name, _, kind = data.rpartition(b",")
        kind = kind.lower()
    if kind not in {b"numeric", b"string", b"blob", b"geo2dsphere"}:
        raise CommandError(
            Code.PARAMETER, "bad 'type' - must be one of 'numeric', 'string', 'blob', 'geo2dsphere'"
        )
    if kind.decode() not in KINDS:
        raise CommandError(Code.UNSUPPORTED, "geo indexes are not supported")
    return Index(*(_text(part) for part in (request.optional(b"set") or b"", bin_name, kind, type_.lower())))


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _index(request: Request) -> tuple[bytes, bytes]:
    """Namespace and name of an index. Raises CommandError."""
    if request.parameter(b"indexname") is None and request.parameter(b"namespace", b"ns") is None:
        # two errors run together, as the real server writes them
        raise CommandError(Code.PARAMETER, "missing 'indexname'ERROR:20:missing 'namespace'")
    name = request.required(b"indexname")
    return request.required(b"namespace", b"ns"), name


def _statistics(node: Node, namespace: bytes, name: bytes) -> bytes:
    space = node.namespaces.get(namespace)
    if space is None or name not in space.indexes:
        raise CommandError(Code.INDEX_NOT_FOUND, "no index")
    return _STATISTICS


def _lines(node: Node, namespace: bytes) -> bytes:
    """A line for every index of a namespace, or of all; each ends with a semicolon."""
    return b"".join(
        b"ns=%b:indexname=%b:set=%b:bin=%b:type=%b:indextype=%b:context=null:exp=null:state=RW;"
        % (space.name, name, *(part.encode("utf-8", "surrogateescape") or b"null" for part in index))
        for space in node.namespaces.values()
        if namespace in {b"", space.name}
        for name, index in space.indexes.items()
    )


async def _store(node: Node, key: str, value: str | None) -> bytes:
    try:
        await node.smd.set(SINDEX, key, value)
    except SmdTimeout as error:
        raise CommandError(Code.TIMEOUT, "timeout") from error
    except SmdFailed as error:
        raise CommandError(Code.UNKNOWN, str(error)) from error
    return b"ok"


ROWS = (
    Row(b"sindex", sindex, hidden=True),
    Row(b"sindex-list", sindex_list),
    Row(b"sindex-exists", sindex_exists),
    Row(b"sindex-stat", sindex_stat),
    Row(b"sindex-create", sindex_create, privilege="sindex-admin"),
    Row(b"sindex-delete", sindex_delete, privilege="sindex-admin"),
)
