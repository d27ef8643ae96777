"""The sindex family: secondary indexes, which are definitions here (`asudfd.record.indexes`).

They go through system metadata, so that every node has them and no restart forgets them.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.text import text
from asinfo.wire import msgpack
from asinfo.wire.message import BIN_NAME_SIZE_MAX, NAMESPACE_NAME_SIZE_MAX, SET_NAME_SIZE_MAX
from asinfo.wire.result import Result
from asudfd.aerospike.info.namespaces import find
from asudfd.aerospike.info.table import InfoCommand
from asudfd.aerospike.message.cdt.context import steps_of
from asudfd.aerospike.message.filter.cache import expression_of
from asudfd.errors import Code, CommandError
from asudfd.figures.figure import info_text
from asudfd.figures.sets import INDEX_FIGURES
from asudfd.record.indexes import KINDS, TYPES, Index, key_of, value_of
from asudfd.record.refused import RequestRefused
from asudfd.smd.interface import SINDEX, SmdFailed, SmdTimeout

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode

INDEX_NAME_SIZE_MAX = 63
"""Longest name of an index, in bytes."""

_KINDS = tuple(kind.encode() for kind in KINDS)
_ONE_OF_THE_KINDS = "must be one of 'numeric', 'string', 'blob', 'geo2dsphere'"

_STATISTICS = info_text(INDEX_FIGURES).encode()


def sindex(node: AerospikeNode, request: Request) -> bytes:
    """sindex[/NS[/INDEX]]

    The secondary indexes, or the figures of one.
    """
    name, slash, index = request.parameters.partition(b"/")
    if (name or slash) and find(node, name) is None:
        return b"ns_type=unknown"
    if index:
        return _statistics(node, name, index)
    return _lines(node, name)


def sindex_list(node: AerospikeNode, request: Request) -> bytes:
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


def sindex_exists(node: AerospikeNode, request: Request) -> bytes:
    """sindex-exists:namespace=NS;indexname=INDEX

    Whether there is such a secondary index.
    """
    problem, name = _name(request)
    space = node.namespaces.get(_namespace(request, problem))
    if space is None:
        raise _after(problem, CommandError(Code.NAMESPACE, "namespace not found on node"))
    return problem + (b"true" if name in space.indexes else b"false")


def sindex_stat(node: AerospikeNode, request: Request) -> bytes:
    """sindex-stat:namespace=NS;indexname=INDEX

    Figures of a secondary index.
    """
    problem, name = _name(request)
    namespace = _namespace(request, problem)
    if namespace not in node.namespaces:
        raise _after(problem, CommandError(Code.NAMESPACE, "namespace not found on node"))
    try:
        return problem + _statistics(node, namespace, name)
    except CommandError as error:
        raise _after(problem, error) from error


async def sindex_create(node: AerospikeNode, request: Request) -> bytes:
    """sindex-create:namespace=NS;indexname=INDEX;bin=BIN;type=TYPE[;set=SET][;indextype=TYPE][;context=BASE64]

    Define a secondary index, on numbers, strings, blobs or geo JSON, also within lists and maps, or with `exp=BASE64` in place of
    a bin on an expression. `indexdata=BIN,TYPE` is the older spelling of bin and type.
    """
    name = request.required(b"indexname", size_max=INDEX_NAME_SIZE_MAX)
    namespace = request.required(b"namespace", b"ns", size_max=NAMESPACE_NAME_SIZE_MAX)
    index = _definition(request)
    space = node.namespaces.get(namespace)
    if space is None:
        return b"ok"
    if name in space.indexes:
        if space.indexes[name] == index:
            return b"ok"
        raise CommandError(Code.INDEX_EXISTS, "'indexname' already exists with different definition")
    others = [other for other, definition in space.indexes.items() if definition == index]
    answer = await _store(node, key_of(namespace, name), value_of(index))
    # an index has one name: the second has replaced the first where it was accepted; what is left of that is its item
    for other in others:
        await _store(node, key_of(namespace, other), None)
    return answer


async def sindex_delete(node: AerospikeNode, request: Request) -> bytes:
    """sindex-delete:namespace=NS;indexname=INDEX

    Drop a secondary index; one that is not there is gone already.
    """
    problem, name = _name(request)
    namespace = _namespace(request, problem)
    return problem + (b"ok" if problem else await _store(node, key_of(namespace, name), None))


def _definition(request: Request) -> Index:
    """The index that a request defines. Raises CommandError."""
    type_ = (request.optional(b"indextype") or b"default").lower()
    if text(type_) not in TYPES:
        raise CommandError(
            Code.PARAMETER, "bad 'indextype' - must be one of 'default', 'list', 'mapkeys', 'mapvalues'"
        )
    context, expression = _context(request), _expression(request)
    if request.optional(b"indexdata") is not None:
        bin_name, kind = _index_data(request)
    else:
        on_expression = request.parameter(b"exp") is not None
        bin_name = b"" if on_expression else request.required(b"bin", size_max=BIN_NAME_SIZE_MAX)
        kind = request.required(b"type").lower()
        if kind not in _KINDS:
            raise CommandError(Code.PARAMETER, f"bad 'type' - {_ONE_OF_THE_KINDS}")
    set_name = request.optional(b"set", size_max=SET_NAME_SIZE_MAX) or b""
    if context and expression:
        raise CommandError(Code.PARAMETER, "both 'context' and 'exp' are specified")
    return Index(*(_text(part) for part in (set_name, bin_name, kind, type_, context, expression)))


def _index_data(request: Request) -> tuple[bytes, bytes]:
    """Bin and type of the older spelling, `indexdata=BIN,TYPE`. Raises CommandError."""
    for other in (b"type", b"bin"):
        if request.parameter(other) is not None:
            raise CommandError(Code.PARAMETER, "both 'indexdata' and 'type' are specified")
    bin_name, comma, kind = request.required(b"indexdata").partition(b",")
    if not comma:
        raise CommandError(Code.PARAMETER, "'indexdata' missing bin type")
    if not bin_name:
        raise CommandError(Code.PARAMETER, "'indexdata' missing bin name")
    if len(bin_name) > BIN_NAME_SIZE_MAX:
        raise CommandError(Code.PARAMETER, "'indexdata' bin name too long")
    if kind.lower() not in _KINDS:
        raise CommandError(Code.PARAMETER, f"bad 'indexdata' bin type - {_ONE_OF_THE_KINDS}")
    return bin_name, kind.lower()


def _context(request: Request) -> bytes:
    """The way to the values within a bin, in base64; empty for none. Raises CommandError."""
    context = request.optional(b"context")
    if context is not None:
        try:
            steps_of(b64decode(context, validate=True), modifies=False)
        except (binascii.Error, WireError) as error:
            raise CommandError(Code.PARAMETER, "'context' invalid cdt context") from error
    return context or b""


def _expression(request: Request) -> bytes:
    """The expression that an index is on, in base64; empty for none. Raises CommandError."""
    expression = request.optional(b"exp")
    if expression is None:
        return b""
    if not _packed_list(expression):
        raise CommandError(Code.PARAMETER, "bad 'exp'")
    try:
        expression_of(b64decode(expression))
    except RequestRefused as error:
        unsupported = error.code == Result.UNSUPPORTED_FEATURE
        raise CommandError(
            Code.UNSUPPORTED if unsupported else Code.PARAMETER, f"bad 'exp' - {error}"
        ) from error
    return expression


def _packed_list(base64: bytes) -> list[object]:
    """The list that is packed in ``base64``; empty for what is none."""
    try:
        value = msgpack.unpack(b64decode(base64, validate=True))
    except (binascii.Error, WireError):
        return []
    return list(value) if isinstance(value, list) else []


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _name(request: Request) -> tuple[bytes, bytes]:
    """What is wrong with the name of the index, as an answer, and the name.

    The real server writes that error and goes on without a name, so that its answer has both.
    """
    try:
        return b"", request.required(b"indexname", size_max=INDEX_NAME_SIZE_MAX)
    except CommandError as error:
        return error.answer, b""


def _namespace(request: Request, problem: bytes) -> bytes:
    """The name of the namespace. Raises CommandError, with ``problem`` before it."""
    try:
        return request.required(b"namespace", b"ns", size_max=NAMESPACE_NAME_SIZE_MAX)
    except CommandError as error:
        raise _after(problem, error) from error


def _after(problem: bytes, error: CommandError) -> CommandError:
    """``error`` with an earlier answer before its own; both stand in one line."""
    error.answer = problem + error.answer
    return error


def _statistics(node: AerospikeNode, namespace: bytes, name: bytes) -> bytes:
    space = node.namespaces.get(namespace)
    if space is None or name not in space.indexes:
        raise CommandError(Code.INDEX_NOT_FOUND, "no index")
    return _STATISTICS


def _lines(node: AerospikeNode, namespace: bytes) -> bytes:
    """A text for every index of a namespace, or of all."""
    return b";".join(
        b"ns=%b:indexname=%b:set=%b:bin=%b:type=%b:indextype=%b:context=%b:exp=%b:state=RW"
        % (space.name, name, *(part.encode("utf-8", "surrogateescape") or b"null" for part in index))
        for space in node.namespaces.values()
        if namespace in {b"", space.name}
        for name, index in space.indexes.items()
    )


async def _store(node: AerospikeNode, key: str, value: str | None) -> bytes:
    try:
        await node.smd.set(SINDEX, key, value)
    except SmdTimeout as error:
        raise CommandError(Code.TIMEOUT, "timeout") from error
    except SmdFailed as error:
        raise CommandError(Code.UNKNOWN, str(error)) from error
    return b"ok"


ROWS = (
    InfoCommand(b"sindex", sindex, hidden=True),
    InfoCommand(b"sindex-list", sindex_list),
    InfoCommand(b"sindex-exists", sindex_exists),
    InfoCommand(b"sindex-stat", sindex_stat),
    InfoCommand(b"sindex-create", sindex_create, privilege="sindex-admin"),
    InfoCommand(b"sindex-delete", sindex_delete, privilege="sindex-admin"),
)
