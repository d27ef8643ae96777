"""The help family: which commands there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.aerospike.info.dispatch import SUMMARY
from asudfd.aerospike.info.table import InfoCommand

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode


def help_(node: AerospikeNode, _request: Request) -> bytes:
    """help

    The names of the commands: first those of the summary that an empty request asks for, then the others by name.
    """
    return b";".join((*SUMMARY, *sorted(node.table.shown() - set(SUMMARY))))


ROWS = (InfoCommand(b"help", help_, constant=True),)
