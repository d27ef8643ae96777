"""The stored form of a record in the file: with a checksum, because LMDB has none of its own.

    00 00, record in its stored form, CRC-32 of the digest and of both (little-endian)

A record begins with its generation, which is never 0: so a record without a checksum, from a file of the first format,
can be told. It gets one when it is written again.
"""

from __future__ import annotations

from struct import Struct
from zlib import crc32

from asudfd.record.record import STORED_HEADER_SIZE

MARK = bytes(2)

SET_COUNTS = Struct("!QQ")
"""The figures of a set in the file: objects and bytes."""

_RESIDUE = 0x2144DF1C
"""The CRC-32 of anything that ends with its own CRC-32, whatever it began with."""


class DamagedError(Exception):
    """The checksum of a record in the file is wrong."""


def seal(digest: bytes, value: bytes) -> bytes:
    """``value`` with its checksum."""
    marked = MARK + value
    return marked + crc32(marked, crc32(digest)).to_bytes(4, "little")


def unseal(digest: bytes, stored: bytes, *, first_format: bool) -> bytes:
    """The value that was sealed. Raises DamagedError; ``first_format`` tells whether it may be without a checksum."""
    # the checksum over its own bytes too: nothing has to be cut off first, and this is a part of every read
    if crc32(stored, crc32(digest)) == _RESIDUE and stored[:2] == MARK:
        return stored[2:-4]
    if first_format and stored[:2] != MARK and len(stored) >= STORED_HEADER_SIZE:
        return stored
    raise DamagedError("its checksum is wrong")
