"""Info commands about the configuration.

Contexts and order are the real server's: `service` and `network` in one line when no context is named, `namespace`
by name, nothing for `security` and `xdr`, and `mod-lua` unknown. What only asudfd has stands in the context `asudf`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon import files
from daemon.config.change import plan
from daemon.config.parameter import listing
from daemon.errors import Code, CommandError
from daemon.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daemon.config.change import Change
    from daemon.config.schema import Config, Namespace, Network, Service
    from daemon.info.request import Request
    from daemon.node import Node

STRIPES = 8
"""Stripes of a memory namespace that names no files. Source: info-protocol, Appendix B."""

CONTEXT_SIZE_MAX = 1023


def get_config(node: Node, request: Request) -> bytes:
    """get-config[:context=service|network|namespace|security|xdr|asudf[;namespace=NS]]

    Parameters with their present values, `name=value;...`. Without a context: service and network.
    """
    config = node.config
    if not request.parameters:
        return _line((*listing(config.service), *listing(config.network)))
    match request.required(b"context", size_max=CONTEXT_SIZE_MAX):
        case b"service":
            return _line(listing(config.service))
        case b"network":
            return _line(listing(config.network))
        case b"namespace":
            return _line(namespace_listing(_namespace(config, request)))
        case b"security" | b"xdr":
            return b""
        case b"asudf":
            return _line(_own(config))
    raise CommandError(Code.PARAMETER, "invalid context")


def set_config(node: Node, request: Request) -> bytes:
    """set-config:context=service|network|namespace[;namespace=NS];PARAMETER=VALUE[;...]

    Change dynamic parameters of the running node; of several all or none. Lost at the next start.
    """
    values = _changeable(node.config, request)
    try:
        changes = [plan(values, name, text) for name, text in _assignments(request)]
    except ValueError:
        # UnicodeDecodeError is one, too
        changes = []
    if not changes or not _bearable(node, changes):
        raise CommandError(Code.PARAMETER, "invalid set-config parameter")
    for change in changes:
        change.apply()
        name = change.attribute.replace("_", "-")
        node.log.info("config", f"node {node.id}: set-config: {name} is now {change.value}")
    return b"ok"


def _bearable(node: Node, changes: Iterable[Change]) -> bool:
    """Whether the system allows what ``changes`` make of the node: without files it could not even store a module."""
    nodes = max(1, len(node.cluster.here))
    wanted = [change.value * nodes for change in changes if change.attribute == "proto_fd_max"]
    return all(files.allow(clients) >= clients for clients in wanted)


def _changeable(config: Config, request: Request) -> Service | Network | Namespace:
    match request.required(b"context", size_max=CONTEXT_SIZE_MAX):
        case b"service":
            return config.service
        case b"network":
            return config.network
        case b"namespace":
            return _namespace(config, request)
        case b"security" | b"xdr":
            raise CommandError(Code.ENTERPRISE_ONLY, "enterprise only")
    raise CommandError(Code.PARAMETER, "invalid context")


def _assignments(request: Request) -> Iterator[tuple[str, str]]:
    """Names and texts to set; the first of a name counts, as everywhere in the protocol."""
    seen = {"context", "id", "namespace"}
    for segment in request.parameters.split(b";"):
        name, equals, text = segment.decode().partition("=")
        if equals and name not in seen:
            seen.add(name)
            yield name, text


def _namespace(config: Config, request: Request) -> Namespace:
    name = request.required(b"namespace", b"id")
    for namespace in config.namespaces:
        if namespace.name.encode() == name:
            return namespace
    raise CommandError(Code.NAMESPACE, "namespace not found on node")


def namespace_listing(namespace: Namespace) -> Iterator[tuple[str, str]]:
    """The namespace's parameters; before those of its storage the kind, and its files or stripes."""
    engine = namespace.storage_engine
    told = False
    for name, value in listing(namespace):
        if name.startswith("storage-engine.") and not told:
            told = True
            yield "storage-engine", engine.kind
            for number, path in enumerate(engine.device):
                yield f"storage-engine.device[{number}]", path
            for number, path in enumerate(engine.file):
                yield f"storage-engine.file[{number}]", path
            if engine.kind == "memory" and not (engine.file or engine.device):
                for number in range(STRIPES):
                    yield f"storage-engine.stripe[{number}]", f"stripe-{number}"
        yield name, value


def _own(config: Config) -> Iterator[tuple[str, str]]:
    """What the real server does not have, or does not tell: all of mod-lua and smd, and our own of the others."""
    yield from listing(config.mod_lua, prefix="mod-lua.")
    yield from listing(config.mod_lua, own=True, prefix="mod-lua.")
    yield from listing(config.service, own=True, prefix="service.")
    yield from listing(config.network, own=True, prefix="network.")
    yield from listing(config.smd, own=True, prefix="smd.")


def _line(pairs: Iterable[tuple[str, str]]) -> bytes:
    # a directory given on the command line need not be UTF-8
    return ";".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogateescape")


ROWS = (
    Row(b"get-config", get_config),
    Row(b"config-get", get_config, hidden=True),
    Row(b"set-config", set_config, privilege="sys-admin"),
    Row(b"config-set", set_config, privilege="sys-admin", hidden=True),
)
