"""DUMP and RESTORE: values of keys between Lua's parts and payloads.

The parts of a value: its type, and

    string      the text
    list, set   a table of the elements
    zset        a table of the members, and one of their scores
    hash        a table of names and values in turn, and one of times (name -> milliseconds)
    stream      a table of its last identifier, the greatest deleted one, and how many entries were added; one of the
                identifiers, one of their fields (id -> names and values in turn), and one of groups: { name, last, read or -1, pending, consumers }, where
                pending has id, consumer, time, count in turn, and consumers name, seen, active or -1

Identifiers are texts of 40 digits. Restored values come back as calls of a function, `emit(kind, ...)`, for each part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asinfo.errors import WireError
from asinfo.wire.double import double_text
from asinfo.wire.rdb import VERSION_9_1
from asinfo.wire.rdb_stream import (
    PendingEntry,
    StreamConsumer,
    StreamEntry,
    StreamGroup,
    StreamId,
    StreamValue,
)
from asinfo.wire.rdb_value import (
    HashField,
    HashValue,
    ListValue,
    SetValue,
    SortedSetValue,
    StringValue,
    dump,
    restored,
)
from asudfd.valkey.lua_values import values_in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Emit = Callable[..., object]

HALF = 20
"""Digits of each half of an identifier."""

EMITTED = 1000
"""Elements of one call: Lua's stack has room for 8,000 values."""


def dumped(kind: bytes, *parts: Any) -> bytes:
    """The payload of a value."""
    return dump(_VALUES[kind](*parts), VERSION_9_1)


def emit_restored(payload: bytes, emit: Emit) -> bytes | None:
    """Give the parts of a payload to ``emit``; the error if it has none."""
    try:
        value = restored(payload)
    except WireError as error:
        return str(error).encode()
    match value:
        case StringValue(data):
            emit(b"string", data)
        case ListValue(items):
            _emit_all(emit, b"list", items)
        case SetValue(members):
            _emit_all(emit, b"set", members)
        case SortedSetValue(scores):
            _emit_all(
                emit, b"zset", (part for member, score in scores for part in (member, double_text(score)))
            )
        case HashValue(fields):
            _emit_all(emit, b"hash", (part for field in fields for part in (field.name, field.value)))
            for field in fields:
                if field.expires_ms >= 0:
                    emit(b"time", field.name, field.expires_ms)
        case StreamValue():
            _emit_stream(emit, value)
    return None


def _emit_all(emit: Emit, kind: bytes, parts: Iterable[bytes]) -> None:
    each = list(parts)
    for at in range(0, len(each), EMITTED):
        emit(kind, *each[at : at + EMITTED])


def _emit_stream(emit: Emit, value: StreamValue) -> None:
    emit(b"stream")
    for entry in value.entries:
        _emit_all(emit, b"fields", (part for field in entry.fields for part in field))
        emit(b"entry", _text(entry.id))
    emit(b"state", _text(value.last), _text(value.max_deleted), value.added)
    for group in value.groups:
        emit(b"group", group.name, _text(group.last), group.entries_read)
        for consumer in group.consumers:
            emit(b"consumer", group.name, *consumer)
        for pending in group.pending:
            emit(
                b"pending",
                group.name,
                pending.consumer,
                _text(pending.id),
                pending.delivered_ms,
                pending.deliveries,
            )


def _text(identifier: StreamId) -> bytes:
    return b"%020d%020d" % identifier


def _identifier(text: bytes) -> StreamId:
    return StreamId(int(text[:HALF]), int(text[HALF:]))


def _in_turn(flat: Any, size: int) -> Iterator[tuple[Any, ...]]:
    values = values_in_turns(flat)
    return zip(*[values] * size, strict=True)


def _hash(flat: Any, times: Any) -> HashValue:
    return HashValue([HashField(name, text, int(times[name] or -1)) for name, text in _in_turn(flat, 2)])


def _stream(state: Any, ids: Any, fields: Any, groups: Any) -> StreamValue:
    last, max_deleted, added = state.values()
    entries = [StreamEntry(_identifier(one), [*_in_turn(fields[one], 2)]) for one in ids.values()]
    return StreamValue(
        entries,
        _identifier(last),
        _identifier(max_deleted),
        int(added),
        [_group(*group.values()) for group in groups.values()],
    )


def _group(name: bytes, last: bytes, read: float, pending: Any, consumers: Any) -> StreamGroup:
    return StreamGroup(
        name,
        _identifier(last),
        int(read),
        [
            PendingEntry(_identifier(one), consumer, int(time), int(count))
            for one, consumer, time, count in _in_turn(pending, 4)
        ],
        [StreamConsumer(one, int(seen), int(active)) for one, seen, active in _in_turn(consumers, 3)],
    )


_VALUES: dict[bytes, Callable[..., Any]] = {
    b"string": StringValue,
    b"list": lambda items: ListValue(list(values_in_turns(items))),
    b"set": lambda members: SetValue(list(values_in_turns(members))),
    b"zset": lambda members, scores: SortedSetValue([
        (member, float(scores[member])) for member in members.values()
    ]),
    b"hash": _hash,
    b"stream": _stream,
}  # fmt: skip
