"""The namespaces family: what is kept, and how much of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.text import text
from asudfd.aerospike.info.table import InfoCommand
from asudfd.config.namespace_listing import namespace_listing
from asudfd.config.parameter import spell
from asudfd.errors import Code, CommandError
from asudfd.figures.figure import info_text
from asudfd.figures.namespace import namespace_figures
from asudfd.figures.sets import set_figures, set_names

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode
    from asudfd.config.schema import NamespaceConfig
    from asudfd.record import namespace as records


def namespaces(node: AerospikeNode, _request: Request) -> bytes:
    """namespaces

    The names of all namespaces.
    """
    return ";".join(namespace.name for namespace in node.config.namespaces).encode()


def namespace(node: AerospikeNode, request: Request) -> bytes:
    """namespace/NS

    Figures and parameters of a namespace.
    """
    found = node.namespaces.get(request.parameters)
    if found is None:
        return b"type=unknown"
    parameters = ";".join([f"{name}={spell(value)}" for name, value, _ in namespace_listing(found.config)])
    return f"{info_text(namespace_figures(node.shared, found))};{parameters}".encode()


def sets(node: AerospikeNode, request: Request) -> bytes:
    """sets[/NS[/SET]]

    Figures and parameters of the sets.
    """
    name, _, wanted = request.parameters.partition(b"/")
    if name and find(node, name) is None:
        return b"ns_type=unknown"
    chosen = [space for space in node.namespaces.values() if name in {b"", space.name}]
    if wanted:
        figures = (_set(space, wanted) for space in chosen if wanted in set_names(space))
        return b"".join(b"%b;" % line for line in figures)
    return b"".join(
        b"ns=%b:set=%b:%b;" % (space.name, set_name, _set(space, set_name))
        for space in chosen
        for set_name in set_names(space)
    )


def objects(node: AerospikeNode, _request: Request) -> bytes:
    """objects

    How many records there are.
    """
    return b"%d" % sum(space.sets.objects for space in node.namespaces.values())


def index_pressure(node: AerospikeNode, _request: Request) -> bytes:
    """index-pressure

    Memory of the indexes that the system has swapped out: none.
    """
    return ";".join(f"{namespace.name}:0:0" for namespace in node.config.namespaces).encode()


def histogram(node: AerospikeNode, request: Request) -> bytes:
    """histogram:namespace=NS;type=ttl|object-size|object-size-linear[;set=SET]

    How records spread over sizes or times to live; empty before the first nsup-hist-period has passed.
    """
    space = node.namespaces.get(request.required(b"namespace"))
    if space is None:
        raise CommandError(Code.NAMESPACE, "namespace not found on node")
    kind = request.required(b"type")
    set_name = request.optional(b"set")
    if set_name is not None and set_name not in set_names(space):
        raise CommandError(Code.PARAMETER, "unknown set name")
    if kind not in {b"ttl", b"object-size", b"object-size-linear"}:
        raise CommandError(Code.PARAMETER, "unknown hist name")
    if set_name is not None:
        return b"hist-unavailable"
    return space.sweeper.histograms.text(kind.decode()).encode()


def eviction_reset(node: AerospikeNode, request: Request) -> bytes:
    """eviction-reset:namespace=NS[;ttl=SECONDS]

    Forget up to which time to live records were evicted: none ever is. With `ttl`, which asks for an eviction, refused.
    """
    if find(node, request.required(b"namespace")) is None:
        raise CommandError(Code.NAMESPACE, "namespace not found on node")
    if request.parameter(b"ttl") is not None:
        raise CommandError(Code.UNSUPPORTED, "records are not evicted")
    return b"ok"


def find(node: AerospikeNode, name: bytes) -> NamespaceConfig | None:
    """The namespace called ``name``, if this node has it."""
    wanted = text(name)
    return next((namespace for namespace in node.config.namespaces if namespace.name == wanted), None)


def _set(space: records.Namespace, name: bytes) -> bytes:
    return ":".join(f"{figure.name}={spell(figure.value)}" for figure in set_figures(space, name)).encode()


ROWS = (
    InfoCommand(b"namespaces", namespaces, constant=True),
    InfoCommand(b"namespace", namespace),
    InfoCommand(b"sets", sets),
    InfoCommand(b"objects", objects, hidden=True),
    InfoCommand(b"index-pressure", index_pressure, constant=True),
    InfoCommand(b"histogram", histogram),
    InfoCommand(b"eviction-reset", eviction_reset, privilege="sys-admin"),
)
