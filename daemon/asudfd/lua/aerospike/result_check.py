"""Checks what a context hands back, before the node stores or sends it.

The sandbox writes bins and values in their final form. A module that found a way into it could make it write anything:
bins that no request can be answered from any more, values that clients do not survive. So the node reads the structure
itself: sizes, types, names, and lists and maps to their ends. Texts and bytes are not looked into, and a bin that stands as
it was stored is not looked at again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire.collection import stored_list, stored_map
from asinfo.wire.message import BIN_NAME_SIZE_MAX, OP_HEADER, OP_READ, TTL_NEVER
from asinfo.wire.particle import BLOB, BOOL, FLOAT, GEOJSON, INTEGER, LIST, MAP, NULL, OPAQUE, STRING, VECTOR
from asudfd.lua.aerospike.udf_result import DELETE, NOTHING, UDF_FAILED, WRITE, UdfResult
from asudfd.lua.crossing import WrongResultError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from asudfd.lua.aerospike.record_view import RecordView

_CODES = frozenset({0, 2, 4, 12, 21, UDF_FAILED})
"""Result codes of a call; see `asudfd.lua.aerospike.udf_result.UdfResult`."""

BINS_MAX = 512
"""Of a record; `record.lua` has the same limit."""

_HEADS_MAX = 4096
"""Heads of bins that are known to be good; when there are more, all are forgotten. They are a few dozen bytes each."""
_COMPARED = 512
"""Bytes of records that are compared with what was stored as a whole."""
_SHORT = 512
"""Bytes of a value that is looked at sooner than the bins that were stored, of which it may be one."""

_INTEGER_SIZE = 8
_SIZE, _KIND, _NAME_SIZE = 4, 5, 7
"""Bytes of an operation's size, and where its head has the particle type and the size of the name."""
_OP_NAME = b"SUCCESS"

_new = tuple.__new__
_counters: dict[bytes, int] = {}
"""The size of records that were found to be one integer, by all but their last eight bytes: most counters have one of few names."""
_others: dict[bytes, int] = {}
"""The size of records that were found to be one other bin with a short value, by all that is before the value."""


def checked(raw: tuple[Any, ...], view: RecordView) -> UdfResult:
    """The values that came out of Lua for a call on ``view``, as a result. Raises WrongResultError."""
    try:
        code, kind, value, action, bins, ttl, _, detail, _ = raw
        if (
            kind != INTEGER or type(value) is not bytes or len(value) != 8
        ):  # counters, which are most, take no call
            _check_value(kind, value)
        if action == WRITE:
            if bins[:-8] not in _counters or type(bins) is not bytes:
                _check_bins(bins, view.bins)
        elif bins != b"" or action not in {NOTHING, DELETE}:
            raise WrongResultError("bins that are not to be written")
        if code:
            _check_failure(code, kind, action, detail)
        if ttl is not None and not (type(ttl) is int and 0 <= ttl <= TTL_NEVER):
            raise WrongResultError("a ttl that is none")
    except WireError as error:
        raise WrongResultError(str(error)) from None
    except (TypeError, ValueError):
        raise WrongResultError("a result of another form") from None
    return _new(UdfResult, raw)


def check_messages(messages: object, head: bytes) -> None:
    """Look at the messages of a stream, each of which begins with ``head``. Raises WrongResultError."""
    if type(messages) is not bytes:
        raise WrongResultError("messages that are no bytes")
    try:
        at = 0
        while at < len(messages):
            if not messages.startswith(head, at):
                raise WrongResultError("a message without its head")
            at += len(head)
            kind, name, value, at = _op_at(messages, at)
            if name != _OP_NAME:
                raise WrongResultError("a value under another name")
            _check_value(kind, value)
    except WireError as error:
        raise WrongResultError(str(error)) from None


def _check_failure(code: object, kind: object, action: object, detail: object) -> None:
    if code not in _CODES or action != NOTHING or kind != (STRING if code == UDF_FAILED else NULL):
        raise WireError(f"a result code {code!r} that does not fit")
    if detail is not None and type(detail) is not bytes:
        raise WireError("a place that is no text")


def _op_at(data: bytes, at: int) -> tuple[int, bytes, bytes, int]:
    """Particle type, name and value of the read operation at ``at``, and the offset after it."""
    value = at + OP_HEADER.size
    if value > len(data):
        raise WireError("a bin ends early")
    size, operation, kind, zero, name_size = OP_HEADER.unpack_from(data, at)
    name, after = value, at + 4 + size
    value += name_size
    if operation != OP_READ or zero or value > after or after > len(data):
        raise WireError("a bin that is none")
    return kind, data[name:value], data[value:after], after


def _operations(bins: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(bins):
        _, _, _, after = _op_at(bins, at)
        yield bins[at:after]
        at = after


def _check_bins(bins: object, before: bytes) -> None:
    if type(bins) is not bytes or not bins:
        raise WireError("a record without bins")
    if _is_soon_right(bins, before):
        return
    names: set[bytes] = set()
    doubtful: list[tuple[int, bytes, bytes, bytes]] = []
    integer, value, at = False, b"", 0
    while at < len(bins):
        start = at
        kind, name, value, at = _op_at(bins, start)
        if len(name) > BIN_NAME_SIZE_MAX or name in names:
            raise WireError("a bin whose name is too long, or comes twice")
        names.add(name)
        integer = kind == INTEGER and len(value) == _INTEGER_SIZE
        if not integer and (len(value) > _SHORT or not _is_right(kind, value)):
            doubtful.append((kind, name, value, bins[start:at]))
    if len(names) > BINS_MAX:
        raise WireError("too many bins")
    if doubtful:
        _check_doubtful(doubtful, before)
    elif len(names) == 1:
        known, size = (_counters, _INTEGER_SIZE) if integer else (_others, len(value))
        if len(known) >= _HEADS_MAX:
            known.clear()
        known[bins[: len(bins) - size]] = len(bins)


def _is_soon_right(bins: bytes, before: bytes) -> bool:
    """Whether bins are right, and that is soon told: there is one, whose head is known, or one has changed. False says nothing."""
    size = len(bins)
    head = bins[: OP_HEADER.size + bins[_NAME_SIZE]] if size > _NAME_SIZE else b""
    if _others.get(head) == size:
        return _is_right(head[_KIND], bins[len(head) :])
    several = _SIZE + int.from_bytes(bins[:_SIZE], "big") < size
    return several and size == len(before) <= _COMPARED and _is_changed_in_one(bins, before)


def _is_changed_in_one(bins: bytes, before: bytes) -> bool:
    """Whether ``bins`` are as they were stored, but for the value of one of them, which is right; both are as long."""
    if bins == before:
        return True
    difference = int.from_bytes(bins, "big") ^ int.from_bytes(before, "big")
    first = len(bins) - (difference.bit_length() + 7) // 8
    last = len(bins) - ((difference & -difference).bit_length() + 7) // 8
    at = after = 0
    while after <= first:
        at, after = after, after + _SIZE + int.from_bytes(before[after : after + _SIZE], "big")
    if not at + _NAME_SIZE < after <= len(bins):
        return False
    value = at + OP_HEADER.size + bins[at + _NAME_SIZE]
    return value <= first and last < after and _is_right(bins[at + _KIND], bins[value:after])


def _check_doubtful(doubtful: list[tuple[int, bytes, bytes, bytes]], before: bytes) -> None:
    """Look at bins that are long, or not right unless they were stored so: type, name, value and the whole operation of each."""
    stored = set(_operations(before))
    for kind, name, value, whole in doubtful:
        if whole not in stored:
            _check_bin(kind, name, value)


def _is_right(kind: int, value: bytes) -> bool:
    try:
        _check_value(kind, value)
    except WireError:
        return False
    return kind != NULL


def _check_bin(kind: int, name: bytes, value: bytes) -> None:
    if kind == NULL:
        raise WireError("a bin without a value")
    try:
        _check_value(kind, value)
    except WireError as error:
        raise WireError(f"bin {name.decode('utf-8', 'backslashreplace')!r}: {error}") from None


def _check_value(kind: object, value: object) -> None:
    check = _CHECKS.get(kind)
    if check is None or type(value) is not bytes:
        raise WireError("a value of no known type")
    check(value)


def _anything(_: bytes) -> None:
    pass


def _sized(size: int) -> Callable[[bytes], None]:
    def check(value: bytes) -> None:
        if len(value) != size:
            raise WireError(f"a number of {len(value)} bytes")

    return check


def _check_bool(value: bytes) -> None:
    if value not in {b"\0", b"\1"}:
        raise WireError("a bool that is neither 0 nor 1")


def _check_geojson(value: bytes) -> None:
    if value[:3] != b"\0\0\0":
        raise WireError("a geo JSON value without its head")


_CHECKS: dict[object, Callable[[bytes], object]] = {
    **dict.fromkeys((OPAQUE - {VECTOR}) | {STRING, BLOB}, _anything),
    NULL: _sized(0),
    INTEGER: _sized(_INTEGER_SIZE),
    FLOAT: _sized(8),
    BOOL: _check_bool,
    LIST: stored_list,
    MAP: stored_map,
    GEOJSON: _check_geojson,
}
