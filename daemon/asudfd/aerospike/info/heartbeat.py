"""The heartbeat family: how the nodes of a real cluster find each other. Ours share a process or a metadata store.

What asks for an effect that asudfd cannot give is refused, once its parameters are right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asudfd.aerospike.info.table import InfoCommand
from asudfd.errors import Code, CommandError

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode

MULTICAST = "multicast"

HOST_SIZE_MAX = 255
"""Longest `host`, in bytes."""

_ADDRESS = re.compile(rb".+:[0-9]+")


def mesh(node: AerospikeNode, _request: Request) -> bytes:
    """mesh

    The addresses at which this node takes heartbeats: none.
    """
    if node.heartbeat.mode == MULTICAST:
        raise CommandError(Code.PARAMETER, "heartbeat is in mesh mode")
    return b""


def mcast(node: AerospikeNode, _request: Request) -> bytes:
    """mcast

    The multicast groups of the heartbeats: none. In the mode `mesh`, the default, an error.
    """
    if node.heartbeat.mode != MULTICAST:
        # the real server has the texts of both commands the wrong way round
        raise CommandError(Code.PARAMETER, "heartbeat is in multicast mode")
    return b""


def tip(_node: AerospikeNode, request: Request) -> bytes:
    """tip:host=HOST;port=PORT

    Refused once its parameters are right: nodes are started together, or meet in the metadata store.
    """
    request.required(b"host", size_max=HOST_SIZE_MAX)
    if not request.required(b"port").isdigit():
        raise CommandError(Code.PARAMETER, "'port' must be an integer")
    raise CommandError(Code.UNSUPPORTED, "nodes meet in the metadata store")


def tip_clear(_node: AerospikeNode, request: Request) -> bytes:
    """tip-clear:host-port-list=HOST:PORT[,HOST:PORT...]

    Forget addresses of other nodes; none is remembered, so none of those that are named is found.
    """
    named = request.required(b"host-port-list").split(b",")
    count = sum(_ADDRESS.fullmatch(address) is not None for address in named)
    raise CommandError(Code.UNKNOWN, f"0 cleared, {count} not found")


ROWS = (
    InfoCommand(b"mesh", mesh, hidden=True),
    InfoCommand(b"mcast", mcast, hidden=True),
    InfoCommand(b"tip", tip, privilege="service-ctrl"),
    InfoCommand(b"tip-clear", tip_clear, privilege="service-ctrl"),
)
