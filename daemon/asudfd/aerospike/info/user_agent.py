"""The user-agent family: which client libraries are connected."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING

from asudfd.aerospike.info.table import InfoCommand
from asudfd.errors import Code, CommandError

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode


VALUE_SIZE_MAX = 255
"""Longest `value`, in bytes."""


def user_agent_set(node: AerospikeNode, request: Request) -> bytes:
    """user-agent-set:value=BASE64

    Say who is at the other end of this connection; once a connection.
    """
    value = request.required(b"value", size_max=VALUE_SIZE_MAX)
    try:
        b64decode(value, validate=True)
    except binascii.Error as error:
        raise CommandError(Code.PARAMETER, "'value' invalid base64") from error
    if request.session.user_agent is not None:
        raise CommandError(Code.PARAMETER, "already set")
    node.user_agents.greet(request.session, value)
    return b"ok"


def user_agents(node: AerospikeNode, _request: Request) -> bytes:
    """user-agents

    The user agents of the open connections, with how many connections each has.
    """
    return b"".join(b"user-agent=%b:count=%d;" % pair for pair in node.user_agents.counts.items())


ROWS = (
    InfoCommand(b"user-agent-set", user_agent_set, hidden=True),
    InfoCommand(b"user-agents", user_agents, hidden=True),
)
