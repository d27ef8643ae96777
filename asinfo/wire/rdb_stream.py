"""Streams in RDB: entries in listpacks, consumer groups, and what the stream has counted.

A listpack of entries begins with a master entry, and those whose fields have its names need not repeat them:

    master      live entries, deleted entries, number of fields, their names, 0
    entry       flags (1 deleted, 2 fields of the master), milliseconds and number after the listpack's id,
                [number of fields, name and value of each] or [the values], how many items that was
"""

from __future__ import annotations

from typing import NamedTuple

from asinfo.errors import WireError
from asinfo.wire import listpack
from asinfo.wire.rdb import RdbReader, size, string
from asinfo.wire.resp_frame import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DELETED = 1
_SAME_FIELDS = 2
_ENTRIES_MAX = 100
"""Entries of a listpack, and its bytes, from which on servers begin a new one."""
_BYTES_MAX = 4096
_UNKNOWN = (1 << 64) - 1
"""An entries-read counter of a group that is not known, -1, as a size."""


class StreamId(NamedTuple):
    """The id of an entry; ids are in order."""

    milliseconds: int
    number: int


class StreamEntry(NamedTuple):
    """An entry: its fields in their order, a name as often as it was given."""

    id: StreamId
    fields: list[tuple[bytes, bytes]]


class PendingEntry(NamedTuple):
    """An entry that was given to a consumer and not acknowledged."""

    id: StreamId
    consumer: bytes
    delivered_ms: int
    deliveries: int


class StreamConsumer(NamedTuple):
    """A consumer of a group; ``active_ms`` is -1 when it never got an entry."""

    name: bytes
    seen_ms: int
    active_ms: int


class StreamGroup(NamedTuple):
    """A consumer group; ``entries_read`` is -1 when it is not known."""

    name: bytes
    last: StreamId
    entries_read: int
    pending: list[PendingEntry]
    consumers: list[StreamConsumer]


class StreamValue(NamedTuple):
    """A stream: what is in it, and what it remembers of what was."""

    entries: list[StreamEntry]
    last: StreamId
    max_deleted: StreamId
    added: int
    groups: list[StreamGroup]


ZERO = StreamId(0, 0)


# --- writing -------------------------------------------------------------------------------------------------------


def write_stream(value: StreamValue, *, compressed: bool) -> bytes:
    """A stream of the third version, which servers since Redis 7.2 read."""
    nodes = list(_nodes(value.entries))
    parts = [size(len(nodes))]
    for first, packed in nodes:
        parts += [string(_id_bytes(first), compressed=False), string(packed, compressed=compressed)]
    first = value.entries[0].id if value.entries else ZERO
    parts += [
        size(part) for part in (len(value.entries), *value.last, *first, *value.max_deleted, value.added)
    ]
    parts.append(size(len(value.groups)))
    parts += [_write_group(group) for group in value.groups]
    return b"".join(parts)


def _nodes(entries: list[StreamEntry]) -> Iterator[tuple[StreamId, bytes]]:
    """The listpacks of a stream, each with the id that its entries count from."""
    begin = 0
    while begin < len(entries):
        first = entries[begin]
        names = [name for name, _ in first.fields]
        head = _pack([0, 0, len(names), *names, 0])
        body, count, end = bytearray(), 0, begin
        while end < len(entries) and (
            end == begin or _has_room(entries[end], len(head) + len(body), end - begin)
        ):
            items = _entry_items(entries[end], first.id, names)
            body += _pack(items)
            count += len(items)
            end += 1
        live = _pack([end - begin])
        yield first.id, listpack.joined(live + head[len(live) :] + body, count + len(names) + 4)
        begin = end


def _pack(items: list[bytes | int]) -> bytes:
    return b"".join([listpack.pack_entry(item) for item in items])


def _has_room(entry: StreamEntry, used: int, count: int) -> bool:
    """Whether servers would put this entry into a listpack that has ``count`` entries of ``used`` bytes."""
    more = sum(len(part) for field in entry.fields for part in field)
    return count < _ENTRIES_MAX and listpack.HEAD_SIZE + used + more < _BYTES_MAX


def _entry_items(entry: StreamEntry, first: StreamId, names: list[bytes]) -> list[bytes | int]:
    """What a listpack has of an entry."""
    after = [_signed(mine - theirs) for mine, theirs in zip(entry.id, first, strict=True)]
    if [name for name, _ in entry.fields] == names:
        return [_SAME_FIELDS, *after, *(value for _, value in entry.fields), len(names) + 3]
    flat = [part for field in entry.fields for part in field]
    return [0, *after, len(entry.fields), *flat, len(flat) + 4]


def _signed(value: int) -> int:
    """A difference of two numbers of 64 bits, which goes around."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def _id_bytes(stream_id: StreamId) -> bytes:
    return b"".join([part.to_bytes(8, "big") for part in stream_id])


def _write_group(group: StreamGroup) -> bytes:
    parts = [string(group.name, compressed=False), *(size(part) for part in group.last)]
    parts += [size(group.entries_read % (1 << 64)), size(len(group.pending))]
    for one in sorted(group.pending):
        parts += [_id_bytes(one.id), one.delivered_ms.to_bytes(8, "little"), size(one.deliveries)]
    parts.append(size(len(group.consumers)))
    for consumer in group.consumers:
        mine = sorted(one.id for one in group.pending if one.consumer == consumer.name)
        parts += [string(consumer.name, compressed=False), consumer.seen_ms.to_bytes(8, "little")]
        parts += [
            consumer.active_ms.to_bytes(8, "little", signed=True),
            size(len(mine)),
            *map(_id_bytes, mine),
        ]
    return b"".join(parts)


# --- reading -------------------------------------------------------------------------------------------------------


def read_stream(reader: RdbReader, version: int) -> StreamValue:
    """A stream of the version 1, 2 or 3: 2 has the group counters, 3 when a consumer was active."""
    entries: list[StreamEntry] = []
    for _ in range(reader.count(2)):
        first = _id_of(reader.string())
        _read_node(first, reader.items(listpack.unpack), entries)
    if any(entries[at].id >= entries[at + 1].id for at in range(len(entries) - 1)):
        raise WireError("the entries of a stream are not in order")
    live, last = reader.size(), _read_id(reader)
    if live != len(entries) or (entries and last < entries[-1].id):
        raise WireError("a stream has other entries than it says")
    max_deleted, added = ZERO, live
    if version >= 2:
        _read_id(reader)  # the first: the entries tell it
        max_deleted, added = _read_id(reader), reader.size()
    groups = [_read_group(reader, version) for _ in range(reader.count(4))]
    if len({group.name for group in groups}) != len(groups):
        raise WireError("two consumer groups of a stream have one name")
    return StreamValue(entries, last, max_deleted, added, groups)


def _id_of(data: bytes) -> StreamId:
    if len(data) != 16:
        raise WireError("a key of a stream's listpack has not 16 bytes")
    return StreamId(int.from_bytes(data[:8], "big"), int.from_bytes(data[8:], "big"))


def _read_id(reader: RdbReader) -> StreamId:
    return StreamId(reader.size(), reader.size())


def _read_node(first: StreamId, items: list[bytes], entries: list[StreamEntry]) -> None:
    """Append the live entries of a listpack."""
    node = _Items(items)
    live, deleted = node.count(), node.count()
    names = node.take(node.count())
    node.end(0)
    found = 0
    for _ in range(live + deleted):
        begin = node.at
        flags = node.integer()
        after = [node.integer(), node.integer()]
        if flags & _SAME_FIELDS:
            fields = list(zip(names, node.take(len(names)), strict=True))
        else:
            flat = node.take(2 * node.count())
            fields = list(zip(flat[::2], flat[1::2], strict=True))
        node.end(node.at - begin)
        if not flags & _DELETED:
            found += 1
            parts = [(mine + more) % (1 << 64) for mine, more in zip(first, after, strict=True)]
            entries.append(StreamEntry(StreamId(*parts), fields))
    if found != live or node.at != len(items):
        raise WireError("a listpack of a stream has other entries than it says")


class _Items:
    """Goes through the items of a listpack."""

    __slots__ = ("at", "items")

    def __init__(self, items: list[bytes]) -> None:
        self.items = items
        self.at = 0

    def take(self, count: int) -> list[bytes]:
        if count > len(self.items) - self.at:
            raise WireError("a listpack of a stream ends too early")
        self.at += count
        return self.items[self.at - count : self.at]

    def integer(self) -> int:
        value = number(self.take(1)[0])
        if value is None:
            raise WireError("a listpack of a stream has a string where an integer belongs")
        return value

    def count(self) -> int:
        value = self.integer()
        if not 0 <= value <= len(self.items):
            raise WireError("a listpack of a stream has fewer items than it says")
        return value

    def end(self, expected: int) -> None:
        if self.integer() != expected:
            raise WireError("an entry of a stream has another number of items than it says")


def _read_group(reader: RdbReader, version: int) -> StreamGroup:
    name, last = reader.string(), _read_id(reader)
    entries_read = reader.size() if version >= 2 else _UNKNOWN
    waiting: dict[StreamId, tuple[int, int]] = {}
    for _ in range(reader.count(25)):
        stream_id = _id_of(reader.take(16))
        if stream_id in waiting:
            raise WireError("an entry of a stream is pending twice in a group")
        waiting[stream_id] = int.from_bytes(reader.take(8), "little"), reader.size()
    consumers: list[StreamConsumer] = []
    pending: list[PendingEntry] = []
    for _ in range(reader.count(10)):
        consumers.append(_read_consumer(reader, version))
        for _ in range(reader.count(16)):
            stream_id = _id_of(reader.take(16))
            if stream_id not in waiting:
                raise WireError("a consumer of a stream has an entry that is not pending")
            pending.append(PendingEntry(stream_id, consumers[-1].name, *waiting.pop(stream_id)))
    if waiting or len({consumer.name for consumer in consumers}) != len(consumers):
        raise WireError("the consumers of a stream's group are not those of its pending entries")
    read = -1 if entries_read == _UNKNOWN else entries_read
    return StreamGroup(name, last, read, sorted(pending), consumers)


def _read_consumer(reader: RdbReader, version: int) -> StreamConsumer:
    name, seen = reader.string(), int.from_bytes(reader.take(8), "little")
    active = int.from_bytes(reader.take(8), "little", signed=True) if version >= 3 else seen
    return StreamConsumer(name, seen, active)
