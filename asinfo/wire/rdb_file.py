"""RDB files: a header, entries that each begin with a byte for what they are, a checksum.

    REDIS0010                            or VALKEY080: magic and version, in digits
    FA  string, string                   a fact about the file, such as the server's version
    F5  string                           a function library: its text
    FE  size, FB, FC, F8, ...            of a database or the next key: its number, sizes, expiry, idle time
    TYPE  key (a string)  value          a key; the layouts of values are below
    FF  checksum (8 bytes)               the end; a checksum of 0 says that there is none

Only function libraries are taken from a file: what is between them is gone over and not made.
"""

from __future__ import annotations

from typing import NamedTuple

from asinfo.errors import WireError
from asinfo.wire.crc64 import crc64
from asinfo.wire.rdb import (
    FOOTER_SIZE,
    STRINGS_MAX,
    VERSION_9_1,
    VERSION_PORTABLE,
    RdbReader,
    size,
    string,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TypeAlias

    Layout: TypeAlias = "tuple[int | str | Repeated, ...]"

FUNCTION = 0xF5
FUNCTION_PRE_RELEASE = 0xF6
"""A library as the candidates of Redis 7.0 wrote it; no release reads it."""
_MODULE_FACT = 0xF7
_EXPIRY_MS = 0xFC
_DATABASE = 0xFE
_END = 0xFF

_VERSIONS = frozenset((*range(5, 12), 80))
"""Versions read: older ones have no checksum, those of 12 to 79 are another server's."""


class Repeated(NamedTuple):
    """A size, and as many times what has this layout."""

    layout: Layout


_S, _N = "string", "size"
_ID = (_N, _N)
_TIME = 8

_FACTS: dict[int, Layout] = {
    0xF4: (_N, _N, _N),  # a slot of a cluster: number, keys, keys that expire
    0xF8: (_N,),  # idle time
    0xF9: (1,),  # frequency of use
    0xFA: (_S, _S),
    0xFB: (_N, _N),  # sizes of the tables of keys and of expiries
    _EXPIRY_MS: (8,),  # expiry in milliseconds
    0xFD: (4,),  # in seconds
    _DATABASE: (_N,),  # number of a database
}


def _stream(version: int) -> Layout:
    """A stream of the three versions: 2 added what consumer groups have read, 3 when a consumer was active."""
    later: Layout = (*_ID, *_ID, _N) if version >= 2 else ()
    seen = (_TIME, _TIME) if version >= 3 else (_TIME,)
    consumer: Layout = (_S, *seen, Repeated((16,)))
    group: Layout = (
        _S,
        *_ID,
        *((_N,) if version >= 2 else ()),
        Repeated((16, _TIME, _N)),
        Repeated(consumer),
    )
    return (Repeated((_S, _S)), _N, *_ID, *later, Repeated(group))


_VALUES: dict[int, Layout] = {
    0: (_S,),
    1: (Repeated((_S,)),),  # list
    2: (Repeated((_S,)),),  # set
    3: (Repeated((_S, "double")),),  # sorted set
    4: (Repeated((_S, _S)),),  # hash
    5: (Repeated((_S, 8)),),  # sorted set, doubles of 8 bytes
    9: (_S,),  # the following are one string each: zipmap, ziplist, intset, listpack
    10: (_S,),
    11: (_S,),
    12: (_S,),
    13: (_S,),
    14: (Repeated((_S,)),),  # list of ziplists
    15: _stream(1),
    16: (_S,),
    17: (_S,),
    18: (Repeated((_N, _S)),),  # list of listpacks
    19: _stream(2),
    20: (_S,),
    21: _stream(3),
    22: (Repeated((_S, _S, 8)),),  # hash with an expiry for each field
}


def libraries(data: bytes, limit: int = STRINGS_MAX) -> list[bytes]:
    """The texts of the function libraries of an RDB file, in their order; ``limit`` bounds the bytes of all together.

    WireError when the file is damaged, or has what cannot be gone over (a module's values).
    """
    reader = RdbReader(data, _after_header(data), limit)
    found: list[bytes] = []
    while (kind := reader.byte()) != _END:
        if kind == FUNCTION:
            found.append(reader.string())
        else:
            _skip_entry(reader, kind)
    checksum = int.from_bytes(reader.take(8), "little")
    if checksum and checksum != crc64(memoryview(data)[: reader.at - 8]):
        raise WireError("this RDB file is damaged: its checksum is wrong")
    return found


def rdb_file(texts: Iterable[bytes]) -> bytes:
    """An RDB file of function libraries, which any server since Redis 7.0 reads at its start."""
    body = b"REDIS%04d" % VERSION_PORTABLE
    body += b"".join(bytes((FUNCTION,)) + string(text, compressed=False) for text in texts)
    body += bytes((_END,))
    return body + crc64(body).to_bytes(8, "little")


def snapshot_file(
    texts: Iterable[bytes], databases: Mapping[int, Iterable[tuple[bytes, bytes, int]]]
) -> bytes:
    """An RDB file of function libraries and keys, which Valkey reads from 9.0 on.

    ``databases`` has the keys by the number of their database: each with the payload of DUMP and the time of its expiry in ms, or -1.
    """
    parts = [b"VALKEY%03d" % VERSION_9_1]
    parts += (bytes((FUNCTION,)) + string(text, compressed=False) for text in texts)
    for number, keys in databases.items():
        parts.append(bytes((_DATABASE,)) + size(number))
        for key, payload, at in keys:
            if at >= 0:
                parts.append(bytes((_EXPIRY_MS,)) + at.to_bytes(8, "little"))
            parts += (payload[:1], string(key, compressed=False), payload[1:-FOOTER_SIZE])
    parts.append(bytes((_END,)))
    body = b"".join(parts)
    return body + crc64(body).to_bytes(8, "little")


def _after_header(data: bytes) -> int:
    digits = data[5:9] if data.startswith(b"REDIS") else data[6:9] if data.startswith(b"VALKEY") else b""
    if len(data) < 9 or not digits.isdigit():
        raise WireError("this is no RDB file: it begins neither with REDIS nor with VALKEY and a version")
    if int(digits) not in _VERSIONS:
        raise WireError(f"this RDB file has version {int(digits)}; versions 5 to 11 and 80 can be read")
    return 9


def _skip_entry(reader: RdbReader, kind: int) -> None:
    if kind == FUNCTION_PRE_RELEASE:
        raise WireError(
            "this RDB file has a function library in the format of a candidate of Redis 7.0, which no release reads"
        )
    if kind in _FACTS:
        _skip(reader, _FACTS[kind])
        return
    if kind in {6, 7, _MODULE_FACT}:
        raise WireError(
            "this RDB file has values of a module, which only that module can read; save one without them"
        )
    if kind not in _VALUES:
        raise WireError(f"this RDB file has an entry of the unknown type {kind} at byte {reader.at - 1}")
    reader.skip_string()
    _skip(reader, _VALUES[kind])


def _skip(reader: RdbReader, layout: Layout) -> None:
    """Go over what has this layout."""
    for part in layout:
        if isinstance(part, Repeated):
            for _ in range(reader.count()):
                _skip(reader, part.layout)
        elif isinstance(part, int):
            reader.skip(part)
        elif part == _S:
            reader.skip_string()
        elif part == _N:
            reader.size()
        else:
            _skip_double(reader)


def _skip_double(reader: RdbReader) -> None:
    """Go over a double in digits; three lengths stand for infinities and what is no number."""
    length = reader.byte()
    reader.skip(length if length < 253 else 0)
