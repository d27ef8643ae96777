"""Replies to the frame types that this node does not serve, as the Community Edition gives them.

    security     16 bytes: 0, result, 14 zeros
    message      22 bytes: header size 22, four zeros, result, 16 zeros
    compressed   the same, as a message frame

Source: the specification of the info protocol, section 1.
"""

from asinfo.wire.frame import MESSAGE, SECURITY, pack
from daemon.errors import Code
from daemon.info.request import Session

SECURITY_NOT_SUPPORTED = 51
MESSAGE_HEADER_SIZE = 22


def security(_body: bytes, _session: Session) -> bytes:
    """Says that this edition knows no users."""
    return pack(SECURITY, bytes([0, SECURITY_NOT_SUPPORTED]).ljust(16, b"\0"))


def message(body: bytes, _session: Session) -> bytes:
    """Says that a message without fields names no namespace, and that any other is not understood."""
    empty = len(body) == MESSAGE_HEADER_SIZE and not any(body[18:])  # no fields, no operations
    return _message(Code.NAMESPACE if empty else Code.PARAMETER)


def compressed(_body: bytes, _session: Session) -> bytes:
    """Says that compression needs the Enterprise Edition."""
    return _message(Code.ENTERPRISE_ONLY)


def internal(_body: bytes, _session: Session) -> bytes:
    """Says nothing: such frames travel between real servers."""
    return b""


def _message(result: int) -> bytes:
    return pack(MESSAGE, bytes([MESSAGE_HEADER_SIZE, 0, 0, 0, 0, result]).ljust(MESSAGE_HEADER_SIZE, b"\0"))
