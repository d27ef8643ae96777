"""Info commands about the configuration.

Contexts and order are the real server's: `service` and `network` in one line when no context is named, `namespace`
by name, nothing for `security` and `xdr`, and `mod-lua` unknown. What only asudfd has stands in the context `asudf`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.message import TTL_NEVER
from asudfd.aerospike.info.table import InfoCommand
from asudfd.config.change import named_set, plan
from asudfd.config.namespace_listing import namespace_listing
from asudfd.config.parameter import listing, parameters, spell
from asudfd.config.schema import NamespaceConfig
from asudfd.errors import Code, CommandError
from asudfd.process import fd_limit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode
    from asudfd.config.change import ParameterChange
    from asudfd.config.schema import Config, NamespaceSet, NetworkConfig, ServiceConfig

CONTEXT_SIZE_MAX = 1023
"""Bytes of the parameter `context` that are read; the longest that means something has a few dozen."""

LOGGED_SIZE_MAX = 200
"""Most characters of a client's names that a log line repeats."""


def get_config(node: AerospikeNode, request: Request) -> bytes:
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
            found = namespace_listing(_namespace(config, request))
            return _line((each.name, spell(each.value)) for each in found)
        case b"security" | b"xdr":
            return b""
        case b"asudf":
            return _line(_own(config))
    raise CommandError(Code.PARAMETER, "invalid context")


def set_config(node: AerospikeNode, request: Request) -> bytes:
    """set-config:context=service|network|namespace[;namespace=NS[;set=SET]];PARAMETER=VALUE

    Change a dynamic parameter of the running node. Of several only the first in the order of `get-config` is changed, as on the real server. Lost at the next start.
    """
    context = _context(node.config, request)
    values: ServiceConfig | NetworkConfig | NamespaceConfig | NamespaceSet = context
    try:
        assignments = _assignments(request)
        if isinstance(context, NamespaceConfig) and (name := assignments.pop("set", None)) is not None:
            values = named_set(context, name)  # it stays, even if the line is refused
        change = plan(values, assignments)
    except ValueError:
        # UnicodeDecodeError is one, too
        raise CommandError(Code.PARAMETER, "invalid set-config parameter") from None
    if not (_bearable(node, change) and _fits(node.config, context, change)):
        raise CommandError(Code.PARAMETER, "invalid set-config parameter")
    change.apply()
    node.log.info("config", f"node {node.id}: set-config: {change.name} is now {change.value}")
    if ignored := [name for name in assignments if name != change.name]:
        node.log.warning(
            "config", f"node {node.id}: set-config changes one parameter, ignored: {_names(ignored)}"
        )
    return b"ok"


def _names(names: list[str]) -> str:
    return ascii(", ".join(names)[:LOGGED_SIZE_MAX])


def _bearable(node: AerospikeNode, change: ParameterChange) -> bool:
    """Whether what a change makes of the node is possible: files for its clients, a cluster as large as demanded."""
    if change.attribute == "proto_fd_max":
        clients: int = change.value * max(1, len(node.cluster.here))
        return clients <= fd_limit.room()
    return change.attribute != "min_cluster_size" or bool(change.value <= len(node.cluster.members))


def _fits(
    config: Config, context: ServiceConfig | NetworkConfig | NamespaceConfig, change: ParameterChange
) -> bool:
    """Whether a change fits the other parameters.

    Records expire only where they are removed, or nobody minds; a unit is not changed while there are histograms in it.
    """
    if change.attribute == "default_ttl" and isinstance(context, NamespaceConfig):
        removed = context.nsup_period or context.allow_ttl_without_nsup
        return change.value in {0, TTL_NEVER} or bool(removed)
    if change.attribute == "microsecond_histograms":
        contexts = (config.service, *config.namespaces)
        return not any(
            getattr(each, declared.attribute)
            for each in contexts
            for name, declared in parameters(type(each)).items()
            if name.startswith("enable-benchmarks-")
        )
    return True


def _context(config: Config, request: Request) -> ServiceConfig | NetworkConfig | NamespaceConfig:
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


def _assignments(request: Request) -> dict[str, str]:
    """Texts to set by their names; the first of a name counts, as everywhere in the protocol. Raises ValueError."""
    found: dict[str, str] = {}
    for segment in request.parameters.split(b";"):
        name, equals, text = segment.decode().partition("=")
        if equals and name not in {"context", "id", "namespace"}:
            found.setdefault(name, text)
    return found


def _namespace(config: Config, request: Request) -> NamespaceConfig:
    name = request.required(b"namespace", b"id")
    for namespace in config.namespaces:
        if namespace.name.encode() == name:
            return namespace
    raise CommandError(Code.NAMESPACE, "namespace not found on node")


def _own(config: Config) -> Iterator[tuple[str, str]]:
    """What the real server does not have, or does not tell: all of mod-lua and smd, and our own of the others."""
    yield from listing(config.mod_lua, prefix="mod-lua.")
    yield from listing(config.mod_lua, own=True, prefix="mod-lua.")
    yield from listing(config.service, own=True, prefix="service.")
    yield from listing(config.network, own=True, prefix="network.")
    yield from listing(config.smd, own=True, prefix="smd.")
    yield from listing(config.resp, own=True, prefix="resp.")


def _line(pairs: Iterable[tuple[str, str]]) -> bytes:
    # a directory given on the command line need not be UTF-8
    return ";".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogateescape")


ROWS = (
    InfoCommand(b"get-config", get_config),
    InfoCommand(b"config-get", get_config, hidden=True),
    InfoCommand(b"set-config", set_config, privilege="sys-admin"),
    InfoCommand(b"config-set", set_config, privilege="sys-admin", hidden=True),
)
