"""Operations that change how many bytes a blob has."""

from __future__ import annotations

from asinfo.wire.result import Result
from asudfd.aerospike.message.bits.ranges import OutOfReach, place
from asudfd.record.namespace import RECORD_SIZE_MAX
from asudfd.record.refused import RequestRefused

FROM_FRONT, GROW_ONLY, SHRINK_ONLY = 1, 2, 4
"""Flags of `resized`: bytes come and go at the front; the blob may only become longer, or only shorter."""


def resized(data: bytes, size: int, flags: int, *, partial: bool) -> bytes:  # noqa: ARG001 - has no part
    """A blob of another size: zeros come, or bytes go, at its end. Raises WireError and RequestRefused."""
    more = size - len(data)
    if (more > 0 and flags & SHRINK_ONLY) or (more < 0 and flags & GROW_ONLY):
        raise OutOfReach("a size that the flags do not allow", Result.PARAMETER)
    _check_size(size)
    if flags & FROM_FRONT:
        return bytes(more) + data if more > 0 else data[-more:]
    return data + bytes(more) if more > 0 else data[:size]


def inserted(data: bytes, offset: int, blob: bytes, *, partial: bool) -> bytes:  # noqa: ARG001 - has no part
    """A blob with another in it; zeros are between them where it is too short. Raises WireError and RequestRefused."""
    first = place(offset, len(data))
    _check_size(max(first, len(data)) + len(blob))
    return b"".join((data[:first], bytes(max(0, first - len(data))), blob, data[first:]))


def removed(data: bytes, offset: int, size: int, *, partial: bool) -> bytes:
    """A blob without some of its bytes. Raises WireError and OutOfReach."""
    first = place(offset, len(data))
    if first + size > len(data) and not (partial and first < len(data)):
        raise OutOfReach("bytes that do not end within the blob", Result.PARAMETER)
    return data[:first] + data[first + size :]


def _check_size(size: int) -> None:
    """Refuse a blob that no record has room for, before it is made."""
    if size > RECORD_SIZE_MAX:
        raise RequestRefused(Result.RECORD_TOO_BIG, "a blob larger than a record may be")
