"""The commands of what this node does not have: Enterprise features. They answer as a real Community node does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.aerospike.info.table import InfoCommand
from asudfd.errors import Code, CommandError

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode

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


def enterprise_only(_node: AerospikeNode, _request: Request) -> bytes:
    """COMMAND

    Refused: the Community Edition does not have it.
    """
    raise CommandError(Code.ENTERPRISE_ONLY, "enterprise only")


ROWS = (*(InfoCommand(name, enterprise_only, constant=True, hidden=True) for name in ENTERPRISE),)
