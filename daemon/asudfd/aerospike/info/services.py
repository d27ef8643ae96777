"""The services family: the addresses at which clients reach this node and the others.

    service...                 HOST:PORT
    services, services-alumni  HOST:PORT[;HOST:PORT...]     the other nodes
    peers..., alumni...        GENERATION,3000,[[ID,,[HOST:PORT]],...]

Source: the specification of the wire protocol, section 2.2, and of the info protocol, section 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.aerospike.info.table import InfoCommand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode
    from asudfd.cluster.cluster import Member

DEFAULT_PORT = 3000
"""The port that a peer's address leaves out."""


def service(node: AerospikeNode, _request: Request) -> bytes:
    """service | service-clear-std

    This node's address.
    """
    return _place(*node.endpoint).encode()


def service_alternate(node: AerospikeNode, _request: Request) -> bytes:
    """service-clear-alt

    This node's address for clients that ask for alternates; empty without one.
    """
    addresses = node.addresses
    if not addresses.alternate_access_address:
        return b""
    return _place(
        addresses.alternate_access_address, addresses.alternate_access_port or node.endpoint[1]
    ).encode()


def services(node: AerospikeNode, _request: Request) -> bytes:
    """services | services-alumni

    Addresses of the other nodes.
    """
    return ";".join(_place(member.host, member.port) for member in _others(node)).encode()


def peers(node: AerospikeNode, _request: Request) -> bytes:
    """peers-clear-std | alumni-clear-std

    Ids and addresses of the other nodes.
    """
    others = ",".join(f"[{member.id},,[{_address(member)}]]" for member in _others(node))
    return f"{node.cluster.generation},{DEFAULT_PORT},[{others}]".encode()


def peers_alternate(node: AerospikeNode, _request: Request) -> bytes:
    """peers-clear-alt | alumni-clear-alt

    The same for alternate addresses, which the nodes do not tell one another.
    """
    return f"{node.cluster.generation},{DEFAULT_PORT},[]".encode()


def peers_generation(node: AerospikeNode, _request: Request) -> bytes:
    """peers-generation

    Grows when the nodes change.
    """
    return b"%d" % node.cluster.generation


def reset(_node: AerospikeNode, _request: Request) -> bytes:
    """services-alumni-reset

    Forget nodes that are gone; none is remembered.
    """
    return b"ok"


def nothing(_node: AerospikeNode, _request: Request) -> bytes:
    """services-alternate | admin-clear-std | admin-tls-std

    Empty: there are no such addresses.
    """
    return b""


def endpoints(node: AerospikeNode, _request: Request) -> bytes:
    """endpoints

    Every port of this node with its addresses.
    """
    return ";".join(f"{name}={value}" for name, value in _endpoints(node)).encode()


def _endpoints(node: AerospikeNode) -> Iterator[tuple[str, object]]:
    addresses = node.addresses
    host, port = node.endpoint
    yield "service.port", addresses.port
    yield "service.addresses", addresses.address
    yield "service.access-port", port
    yield "service.access-addresses", host
    yield "service.alternate-access-port", addresses.alternate_access_port or port
    yield "service.alternate-access-addresses", addresses.alternate_access_address or "null"
    for name in ("service.tls", "service.tls-access", "service.tls-alternate-access"):
        yield f"{name}-port", 0
        yield f"{name}-addresses", "null"
    for name in ("admin", "heartbeat", "fabric"):
        yield f"{name}.port", 0
        yield f"{name}.addresses", "null"
        yield f"{name}.tls-port", 0
        yield f"{name}.tls-addresses", "null"


def _others(node: AerospikeNode) -> Iterator[Member]:
    return (member for member in node.cluster.members if member.id != node.id)


def _address(member: Member) -> str:
    place = _place(member.host, member.port)
    return place.removesuffix(f":{DEFAULT_PORT}") if member.port == DEFAULT_PORT else place


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


ROWS = (
    InfoCommand(b"service", service, constant=True),
    InfoCommand(b"service-clear-std", service, constant=True, hidden=True),
    InfoCommand(b"service-clear-alt", service_alternate, constant=True, hidden=True),
    InfoCommand(b"services", services),
    InfoCommand(b"services-alumni", services),
    InfoCommand(b"services-alumni-reset", reset, constant=True),
    InfoCommand(b"services-alternate", nothing, constant=True, hidden=True),
    InfoCommand(b"admin-clear-std", nothing, constant=True, hidden=True),
    InfoCommand(b"admin-tls-std", nothing, constant=True, hidden=True),
    InfoCommand(b"peers-clear-std", peers),
    InfoCommand(b"peers-clear-alt", peers_alternate),
    InfoCommand(b"alumni-clear-std", peers, hidden=True),
    InfoCommand(b"alumni-clear-alt", peers_alternate, hidden=True),
    InfoCommand(b"peers-generation", peers_generation),
    InfoCommand(b"endpoints", endpoints, hidden=True),
)
