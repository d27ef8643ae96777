"""The frame around every request and reply.

    offset 0   1 byte   protocol version, 2
    offset 1   1 byte   type, one of the constants below
    offset 2   6 bytes  body length, unsigned big-endian, without these 8 bytes
    offset 8            body

Source: the specification of the wire protocol, section 1; the limit is the real server's.
"""

from struct import Struct

from asinfo.errors import WireError

VERSION = 2

INFO = 1
SECURITY = 2
MESSAGE = 3
COMPRESSED = 4
INTERNAL = 5  # between nodes: real servers keep it to themselves, ours pass requests on in it

HEADER_SIZE = 8
BODY_SIZE_MAX = 134_217_728
"""Largest body, in bytes (128 MiB), that a real server accepts."""

_HEADER = Struct(">BBHI")  # version, type, high 16 and low 32 bits of the length


def pack(kind: int, body: bytes | bytearray) -> bytes:
    """A whole frame of type ``kind`` around ``body``."""
    return pack_header(kind, len(body)) + body


def pack_header(kind: int, size: int) -> bytes:
    """What begins a frame of type ``kind`` with ``size`` bytes of body."""
    return _HEADER.pack(VERSION, kind, size >> 32, size & 0xFFFF_FFFF)


def unpack_header(data: bytes | bytearray | memoryview, offset: int = 0) -> tuple[int, int]:
    """Type and body length of the frame whose 8 header bytes start at ``offset``.

    Raises WireError when no frame can start so: the version is not 2 (a security frame may say 0), the type is
    unknown, or the length is over the limit. The limit is checked before a byte of the body is waited for.
    """
    version, kind, high, low = _HEADER.unpack_from(data, offset)
    if version != VERSION and not (version == 0 and kind == SECURITY):
        raise WireError(f"protocol version is {version}, not {VERSION}")
    if not INFO <= kind <= INTERNAL:
        raise WireError(f"unknown frame type {kind}")
    size: int = high << 32 | low
    if size > BODY_SIZE_MAX:
        raise WireError(f"body of {size} bytes is over the limit of {BODY_SIZE_MAX}")
    return kind, size
