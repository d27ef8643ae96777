"""The outcome of a request on one record, which becomes a reply of its own or a row of the reply to a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire.message import FIELD_KEY, FIELD_MRT_ID, FIELD_SET, SET_NAME_SIZE_MAX
from asinfo.wire.result import Result
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asudfd.record.record import Record


class RecordOutcome(NamedTuple):
    """The outcome of a request on one record; ``ops`` are the bytes of ``op_count`` ops that the reply shows."""

    code: int
    generation: int
    void_time: int
    ops: bytes
    op_count: int


new_tuple = tuple.__new__
"""``new_tuple(RecordOutcome, (...))`` makes one in a third of the time: for what is made for every request."""

_KEY_SIZES = {
    1: range(9, 10),
    3: range(1, 1 << 32),
    4: range(1, 1 << 32),
}  # with the type: integer, string, blob

OK = 0  # a plain number, in every reply: members of an IntEnum take longer to pack


REPLY_SIZE_MAX = 16_777_216
"""Most bytes (16 MiB) of bins that the reply to one request shows: a request that names a large bin again and again
costs the node no more. A record is smaller, so that only repetition comes here. Our own limit."""


def join(shown: list[bytes]) -> bytes:
    """The ops of a reply. Raises RequestRefused when they are too large."""
    if sum(map(len, shown)) > REPLY_SIZE_MAX:
        raise reply_too_large()
    return b"".join(shown)


def reply_too_large() -> RequestRefused:
    """What a request comes to whose reply would be too large."""
    return RequestRefused(Result.RECORD_TOO_BIG, f"the reply is over {REPLY_SIZE_MAX} bytes")


def failed(code: int) -> RecordOutcome:
    """The outcome of a request that changed nothing and shows nothing."""
    return new_tuple(RecordOutcome, (code, 0, 0, b"", 0))


def refuse_unsupported(fields: dict[int, bytes]) -> None:
    """Raise RequestRefused for a transaction: code 25, as on the real Community server."""
    if FIELD_MRT_ID in fields:
        raise RequestRefused(Result.ENTERPRISE_ONLY, "transactions belong to the Enterprise Edition")


def check_names(record: Record | None, fields: dict[int, bytes], *, write: bool) -> None:
    """Raise RequestRefused when set and key of a request do not fit: to themselves, or to the stored ``record``.

    A read may leave out the set; a write may not. Source: the wire specification, section 4.1 and 4.2.
    """
    set_name = fields.get(FIELD_SET, b"")
    if len(set_name) > SET_NAME_SIZE_MAX:
        raise RequestRefused(Result.PARAMETER, "the set's name is too long")
    if record is not None and set_name != record.set_name and (set_name or write):
        raise RequestRefused(Result.PARAMETER, "the record is in another set")
    if FIELD_KEY in fields:
        _check_key(record, fields[FIELD_KEY])


def _check_key(record: Record | None, key: bytes) -> None:
    if not key:
        raise RequestRefused(Result.UNSUPPORTED_FEATURE, "an empty key")
    if len(key) not in _KEY_SIZES.get(key[0], ()):
        raise RequestRefused(Result.PARAMETER, "a key must be an integer, a string or a blob")
    if record is not None and record.key and record.key != key:
        raise RequestRefused(Result.KEY_MISMATCH, "the record has another key")
