"""Replies to the frame types that this node does not serve, as the Community Edition gives them.

    security     16 bytes: 0, result, 14 zeros
    compressed   22 bytes, as a message frame: header size 22, four zeros, result, 16 zeros

Source: the specification of the info protocol, section 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.frame import MESSAGE, SECURITY, pack
from asinfo.wire.message import MESSAGE_HEADER_SIZE
from asinfo.wire.security import NOT_SUPPORTED
from asudfd.errors import Code

if TYPE_CHECKING:
    from asudfd.network.session import ClientSession


def security(_body: bytes, _session: ClientSession) -> bytes:
    """Says that this edition knows no users."""
    return pack(SECURITY, bytes([0, NOT_SUPPORTED]).ljust(16, b"\0"))


def compressed(_body: bytes, _session: ClientSession) -> bytes:
    """Says that compression needs the Enterprise Edition."""
    reply = bytes([MESSAGE_HEADER_SIZE, 0, 0, 0, 0, Code.ENTERPRISE_ONLY])
    return pack(MESSAGE, reply.ljust(MESSAGE_HEADER_SIZE, b"\0"))
