"""Security frames (type 2): login and authentication.

    offset 0   1 byte    scheme, 0
    offset 1   1 byte    result (of a reply)
    offset 2   1 byte    command
    offset 3   1 byte    number of fields
    offset 4   12 bytes  zero
    offset 16            fields: size of what follows (4 bytes), identifier (1 byte), data

Source: the specification of the wire protocol, section 5.
"""

from __future__ import annotations

from struct import Struct

from asinfo.errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

AUTHENTICATE = 0
LOGIN = 20

USER = 0
PASSWORD = 1
CREDENTIAL = 3
CLEAR_PASSWORD = 4
SESSION_TOKEN = 5
SESSION_TTL = 6

OK = 0
NOT_SUPPORTED = 51
NOT_ENABLED = 52
INVALID_COMMAND = 54
EXPIRED_SESSION = 66

SALT = b"$2a$10$7EqJtq98hPqEX7fNZaFWoO"
"""The bcrypt salt of every credential; the protocol fixes it, so that all clients send the same text."""

SECURITY_HEADER_SIZE = 16

RESULTS = {
    50: "end of the query",
    NOT_SUPPORTED: "security is not supported by this node",
    NOT_ENABLED: "security is not enabled on this node",
    53: "the security scheme is not supported",
    INVALID_COMMAND: "the node does not know this security command",
    55: "the security message is malformed",
    56: "the node is in the wrong state for this",
    60: "the user name is unknown or was not given",
    61: "the user exists already",
    62: "the password is not valid",
    63: "the password has expired",
    64: "the password is forbidden",
    65: "the password or credential is wrong",
    EXPIRED_SESSION: "the session has expired",
    80: "not authenticated",
    81: "the user has not the privilege",
    82: "the node does not admit this address",
}
"""Texts of the result codes."""

_HEADER = Struct(">BBBB12x")
_FIELD = Struct(">IB")


class Security:
    """A decoded security body; of a field that comes twice the last counts."""

    __slots__ = ("command", "fields", "result")

    def __init__(self, result: int, command: int, fields: dict[int, bytes]) -> None:
        self.result = result
        self.command = command
        self.fields = fields


def pack(command: int, fields: Mapping[int, bytes], result: int = OK) -> bytes:
    """Body of a request, or of a reply with ``result``; fields in the order of the mapping."""
    parts = [_HEADER.pack(0, result, command, len(fields))]
    for identifier, data in fields.items():
        parts.append(_FIELD.pack(len(data) + 1, identifier))
        parts.append(data)
    return b"".join(parts)


def unpack(body: bytes) -> Security:
    """The message in ``body``. Raises WireError where header, sizes and number of fields do not fit together."""
    if len(body) < SECURITY_HEADER_SIZE:
        raise WireError(f"a security message of {len(body)} bytes is shorter than its header")
    _, result, command, count = _HEADER.unpack_from(body)
    fields: dict[int, bytes] = {}
    offset = SECURITY_HEADER_SIZE
    for _ in range(count):
        if len(body) - offset < _FIELD.size:
            raise WireError("a security message ends before its last field")
        size, identifier = _FIELD.unpack_from(body, offset)
        start, offset = offset + _FIELD.size, offset + 4 + size
        if size < 1 or offset > len(body):
            raise WireError("a field of a security message does not end within it")
        fields[identifier] = body[start:offset]
    return Security(result, command, fields)


def result_text(result: int) -> str:
    """A phrase for a result code, the code included."""
    return f"{RESULTS.get(result, 'the node refused')} (code {result})"
