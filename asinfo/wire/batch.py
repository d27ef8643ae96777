"""Batches: the rows of field 41.

    offset 0   4 bytes   number of rows
    offset 4   1 byte    flags, below
    offset 5             rows, each:
                         index (4 bytes), digest (20), kind (1), and, unless the kind says REPEAT:
                         info1, info2, info3 (3, if INFO), info4 (1, if INFO4), generation (2, if GENERATION),
                         ttl (4, if TTL), number of fields (2), number of ops (2), fields, ops

A row that repeats has everything but index and digest from the row before. A kind without INFO is none, but for 0:
that is a row in the form of servers before 6, a read, with info1 (1) before the numbers. Both forms may be mixed.
Bytes after the last row are ignored.
Source: the specification of the wire protocol, section 4.10; of collections, section 13.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception reads like one

from asinfo.errors import WireError
from asinfo.wire.message import (
    DIGEST_SIZE,
    OP_BIT_READ,
    OP_CDT_READ,
    OP_EXPRESSION_READ,
    OP_HLL_READ,
    OP_READ,
    TTL_DEFAULT,
    field,
    read_fields,
    read_ops,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias

    from asinfo.wire.message import Op

    Row: TypeAlias = "tuple[int, bytes, Attributes]"

INLINE_MEMORY = 1
INLINE_DEVICE = 2
RESPOND_ALL = 4
"""Answer every row, and the whole with 0, whatever fails."""
RESPOND_FAILED = 8
"""Answer every row, and the whole with the first error. Without this and RESPOND_ALL, rows are not shown then."""

OLD = 0
REPEAT = 0x01
INFO = 0x02
GENERATION = 0x04
TTL = 0x08
INFO4 = 0x10

_READS = frozenset((OP_READ, OP_CDT_READ, OP_EXPRESSION_READ, OP_BIT_READ, OP_HLL_READ))
"""Operations that a row in the old form may have."""

_HEAD = Struct(">IB")
_ROW = Struct(f">I{DIGEST_SIZE}sB")
_INFO = Struct(">BBB")
_BYTE, _SHORT, _LONG = Struct(">B"), Struct(">H"), Struct(">I")
_COUNTS = Struct(">HH")

_unpack_row = _ROW.unpack_from


class Attributes:
    """The attributes of a row; rows that repeat share one object, so it may be looked into once for all of them."""

    __slots__ = ("fields", "generation", "info1", "info2", "info3", "info4", "ops", "ttl")

    def __init__(self) -> None:
        self.info1 = self.info2 = self.info3 = self.info4 = self.generation = self.ttl = 0
        self.fields: dict[int, bytes] = {}
        self.ops: list[Op] = []


def head(data: bytes) -> tuple[int, int]:
    """Number of rows and flags, without a look at the rows. Raises WireError when there cannot be so many."""
    if len(data) < _HEAD.size:
        raise WireError("a batch without a head")
    count, flags = _HEAD.unpack_from(data)
    if not 0 < count <= len(data) // _ROW.size:
        raise WireError(f"a batch of {count} rows in {len(data)} bytes")
    return count, flags


def rows(data: bytes) -> Iterator[Row]:
    """The rows, each (index, digest, attributes), in their order; each is read when it is its turn.

    Raises WireError when there is no row, when they end early, when the first one repeats, and for a kind that is
    none or a write in the old form.
    """
    count, _ = head(data)
    position = _HEAD.size
    attributes = None
    try:
        for _ in range(count):
            index, digest, kind = _unpack_row(data, position)
            position += _ROW.size
            if not kind & REPEAT:
                attributes, position = _attributes(data, position, kind)
            if attributes is None:
                raise WireError("the first row of a batch repeats")
            yield index, digest, attributes
    except StructError:
        raise WireError("a batch ends before its last row") from None


def unpack(data: bytes) -> tuple[int, list[Row]]:
    """Flags and all rows. Raises WireError as `rows` does."""
    _, flags = head(data)
    return flags, list(rows(data))


def _attributes(data: bytes, position: int, kind: int) -> tuple[Attributes, int]:
    row = Attributes()
    if kind & INFO:
        row.info1, row.info2, row.info3 = _INFO.unpack_from(data, position)
        position += _INFO.size
    elif kind == OLD:
        row.info1 = _BYTE.unpack_from(data, position)[0]
        position += _BYTE.size
    else:
        raise WireError(f"no row has the kind {kind}")
    for bit, form, name in _OPTIONAL:
        if kind & bit:
            setattr(row, name, form.unpack_from(data, position)[0])
            position += form.size
    fields, ops = _COUNTS.unpack_from(data, position)
    row.fields, position = read_fields(data, position + _COUNTS.size, fields)
    row.ops, position = read_ops(data, position, ops)
    if kind == OLD and any(code not in _READS for code, _, _, _ in row.ops):
        raise WireError("a write in the old form of a row")
    return row, position


_OPTIONAL = ((INFO4, _BYTE, "info4"), (GENERATION, _SHORT, "generation"), (TTL, _LONG, "ttl"))


# ---- the client's side


def old_attributes(
    info1: int, *, fields: Iterable[tuple[int, bytes]] = (), ops: Sequence[bytes] = ()
) -> bytes:
    """Kind and attributes of a row in the old form, as ``pack`` takes them."""
    parts = [field(identifier, data) for identifier, data in fields]
    return b"".join([bytes([OLD, info1]), _COUNTS.pack(len(parts), len(ops)), *parts, *ops])


def attributes(
    info1: int = 0,
    info2: int = 0,
    info3: int = 0,
    *,
    generation: int | None = None,
    ttl: int | None = TTL_DEFAULT,
    fields: Iterable[tuple[int, bytes]] = (),
    ops: Sequence[bytes] = (),
) -> bytes:
    """Kind and attributes of a row, as ``pack`` takes them."""
    kind = INFO | (GENERATION if generation is not None else 0) | (TTL if ttl is not None else 0)
    parts = [field(identifier, data) for identifier, data in fields]
    return b"".join([
        bytes([kind]),
        _INFO.pack(info1, info2, info3),
        _SHORT.pack(generation) if generation is not None else b"",
        _LONG.pack(ttl) if ttl is not None else b"",
        _COUNTS.pack(len(parts), len(ops)),
        *parts,
        *ops,
    ])  # fmt: skip


def pack(rows: Iterable[tuple[bytes, bytes]], flags: int = INLINE_MEMORY | RESPOND_ALL) -> bytes:
    """Data of field 41 for (digest, attributes) rows, numbered from 0; equal attributes are sent once in a row."""
    parts = []
    before = None
    for index, (digest, row) in enumerate(rows):
        parts.append(_LONG.pack(index) + digest + (bytes([REPEAT]) if row == before else row))
        before = row
    return _HEAD.pack(len(parts), flags) + b"".join(parts)
