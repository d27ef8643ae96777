"""Values of keys as DUMP gives them and RESTORE takes them.

    dump(value, version)       the payload of a value, for Valkey 9.1 unless another version is named
    restored(payload)          the value of a payload; raises where RESTORE answers an error

A value is one of these, each with plain Python in it:

    StringValue(data)                               bytes
    ListValue(items)                                list of bytes
    SetValue(members)                               list of bytes
    SortedSetValue(members)                         list of (member, score)
    HashValue(fields)                               list of HashField(name, value, expires_ms), -1 for no expiry
    StreamValue(entries, last, ...)                 see ``asinfo.wire.rdb_stream``

Small values are written in the packed forms that servers have for them with their default limits, and so byte for byte as they
write them; what is large, in forms that every server since Redis 7.2 reads. All forms since Redis 2.6 are read, but for
zipmaps and modules.

A payload is checked to the last byte of the value, as servers do with ``sanitize-dump-payload yes``; bytes between the value and
the footer are not looked at, which is what servers do.
"""

from __future__ import annotations

import math
from struct import Struct
from typing import NamedTuple

from asinfo.errors import WireError
from asinfo.wire import listpack
from asinfo.wire.double import double_text
from asinfo.wire.rdb import (
    COMPRESSED_MAX,
    STRINGS_MAX,
    VERSION_9_1,
    VERSIONS_9_1,
    RdbReader,
    check_footer,
    footer,
    size,
    string,
)
from asinfo.wire.rdb_stream import StreamValue, read_stream, write_stream
from asinfo.wire.resp_frame import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TypeAlias

    KeyValue: TypeAlias = "StringValue | ListValue | SetValue | SortedSetValue | HashValue | StreamValue"

_DOUBLE = Struct("<d")
_PLAIN_NODE, _PACKED_NODE = 1, 2


class PackedLimits(NamedTuple):
    """What a packed form holds at most: as many entries, none larger than so many bytes."""

    entries: int
    size: int


_SET = PackedLimits(128, 64)
_SORTED_SET = PackedLimits(128, 64)
_HASH = PackedLimits(512, 64)
_INTSET_MAX = 512
_NODE_MAX = 8192
"""Bytes of a listpack of a list; a larger item stands alone. Each as servers have it by default."""
_NODE_ENTRY_MARGIN = 8
"""Bytes that servers reckon with beside the item itself."""


class BadDataFormat(WireError):  # noqa: N818 - named for what the user sees
    """A payload whose value is not what it says; the text is the servers'."""

    def __init__(self) -> None:
        super().__init__("Bad data format")


class StringValue(NamedTuple):
    """A string."""

    data: bytes


class ListValue(NamedTuple):
    """A list."""

    items: list[bytes]


class SetValue(NamedTuple):
    """A set; its members are in no order."""

    members: list[bytes]


class SortedSetValue(NamedTuple):
    """A sorted set: members with their scores."""

    members: list[tuple[bytes, float]]


class HashField(NamedTuple):
    """A field of a hash; ``expires_ms`` is the time of its expiry, or -1."""

    name: bytes
    value: bytes
    expires_ms: int = -1


class HashValue(NamedTuple):
    """A hash."""

    fields: list[HashField]


# --- writing -------------------------------------------------------------------------------------------------------


def dump(value: KeyValue, version: int = VERSION_9_1, *, compressed: bool = True) -> bytes:
    """The payload of a value. WireError for a hash with an expiry of a field in a version that has none (below 80)."""
    kind, body = _WRITERS[type(value)](value, compressed and _weight(value) <= COMPRESSED_MAX)
    if kind == _HASH_EXPIRING and version < VERSION_9_1:
        raise WireError(f"a hash whose fields expire has no form in version {version}")
    body = bytes((kind,)) + body
    return body + footer(body, version)


def _weight(value: KeyValue) -> int:
    """Bytes of the strings of a value, or a few less."""
    match value:
        case StringValue(data):
            return len(data)
        case ListValue(items) | SetValue(items):
            return sum(map(len, items))
        case SortedSetValue(members):
            return sum(len(name) for name, _ in members)
        case HashValue(fields):
            return sum(len(field.name) + len(field.value) for field in fields)
        case _:
            return sum(len(part) for entry in value.entries for field in entry.fields for part in field)


def _packed(items: Iterable[bytes], compressed: bool) -> bytes:
    return string(listpack.pack(items), compressed=compressed)


def _fits(items: Sequence[bytes], limits: PackedLimits) -> bool:
    return len(items) <= limits.entries and all(len(item) <= limits.size for item in items)


def _strings(items: Iterable[bytes], compressed: bool) -> bytes:
    return b"".join([string(item, compressed=compressed) for item in items])


def _write_string(value: StringValue, compressed: bool) -> tuple[int, bytes]:
    return 0, string(value.data, compressed=compressed)


def _write_list(value: ListValue, compressed: bool) -> tuple[int, bytes]:
    nodes = [
        size(_PLAIN_NODE) + string(node[0], compressed=compressed)
        if len(node[0]) > _NODE_MAX
        else size(_PACKED_NODE) + _packed(node, compressed)
        for node in _nodes(value.items)
    ]
    return 18, size(len(nodes)) + b"".join(nodes)


def _nodes(items: list[bytes]) -> Iterator[list[bytes]]:
    """The items of a list in groups, one for each node."""
    node: list[bytes] = []
    used = listpack.HEAD_SIZE
    for item in items:
        if node and used + len(item) + _NODE_ENTRY_MARGIN > _NODE_MAX:
            yield node
            node, used = [], listpack.HEAD_SIZE
        node.append(item)
        used += len(listpack.pack_entry(item))
    if node:
        yield node


def _write_set(value: SetValue, compressed: bool) -> tuple[int, bytes]:
    members = value.members
    integers = [one for one in map(number, members[: _INTSET_MAX + 1]) if one is not None]
    if len(integers) == len(members):
        return 11, string(listpack.pack_intset(integers), compressed=compressed)
    if _fits(members, _SET):
        return 20, _packed(members, compressed)
    return 2, size(len(members)) + _strings(members, compressed)


def _write_sorted_set(value: SortedSetValue, compressed: bool) -> tuple[int, bytes]:
    members = sorted(value.members, key=lambda one: (one[1], one[0]))
    if _fits([name for name, _ in members], _SORTED_SET):
        flat = [part for name, score in members for part in (name, double_text(score or 0.0))]  # no -0
        return 17, _packed(flat, compressed)
    parts = [string(name, compressed=compressed) + _DOUBLE.pack(score) for name, score in reversed(members)]
    return 5, size(len(parts)) + b"".join(parts)


_HASH_EXPIRING = 22


def _write_hash(value: HashValue, compressed: bool) -> tuple[int, bytes]:
    fields = value.fields
    count = size(len(fields))
    if any(field.expires_ms >= 0 for field in fields):
        parts = [
            _strings(field[:2], compressed) + field.expires_ms.to_bytes(8, "little", signed=True)
            for field in fields
        ]
        return _HASH_EXPIRING, count + b"".join(parts)
    flat = [part for field in fields for part in field[:2]]
    if _fits(flat, PackedLimits(2 * _HASH.entries, _HASH.size)):
        return 16, _packed(flat, compressed)
    return 4, count + _strings(flat, compressed)


def _write_stream(value: StreamValue, compressed: bool) -> tuple[int, bytes]:
    return 21, write_stream(value, compressed=compressed)


_WRITERS: dict[type, Callable[..., tuple[int, bytes]]] = {
    StringValue: _write_string,
    ListValue: _write_list,
    SetValue: _write_set,
    SortedSetValue: _write_sorted_set,
    HashValue: _write_hash,
    StreamValue: _write_stream,
}


# --- reading -------------------------------------------------------------------------------------------------------


def restored(payload: bytes, versions: frozenset[int] = VERSIONS_9_1, limit: int = STRINGS_MAX) -> KeyValue:
    """The value of a payload of DUMP; WrongPayload or BadDataFormat when it has none.

    ``limit`` bounds what its strings take in memory together, since they may be compressed and packed.
    """
    check_footer(payload, versions)
    reader = RdbReader(payload, limit=limit)
    try:
        value = _READERS[reader.byte()](reader)
    except (WireError, KeyError):
        raise BadDataFormat from None
    return value


def _distinct(names: list[bytes]) -> list[bytes]:
    """The names of a collection: there are some, and none is there twice."""
    if not names or len(set(names)) != len(names):
        raise WireError("a value is empty, or has something twice")
    return names


def _read_strings(reader: RdbReader) -> list[bytes]:
    return [reader.string() for _ in range(reader.count())]


def _pairs(flat: list[bytes]) -> list[tuple[bytes, bytes]]:
    if len(flat) % 2:
        raise WireError("a value has a name without what belongs to it")
    return list(zip(flat[::2], flat[1::2], strict=True))


def _list_value(items: list[bytes]) -> ListValue:
    if not items:
        raise WireError("a list is empty")
    return ListValue(items)


def _read_list_of_ziplists(reader: RdbReader) -> ListValue:
    nodes = [reader.items(listpack.unpack_ziplist) for _ in range(reader.count())]
    return _list_value([item for node in nodes for item in node])


def _read_list_of_nodes(reader: RdbReader) -> ListValue:
    items: list[bytes] = []
    for _ in range(reader.count(2)):
        container = reader.size()
        if container not in {_PLAIN_NODE, _PACKED_NODE}:
            raise WireError("a node of a list is neither plain nor packed")
        items += [reader.string()] if container == _PLAIN_NODE else reader.items(listpack.unpack)
    return _list_value(items)


def _set_value(members: list[bytes]) -> SetValue:
    return SetValue(_distinct(members))


def _sorted_set(members: list[tuple[bytes, float]]) -> SortedSetValue:
    _distinct([name for name, _ in members])
    if any(math.isnan(score) for _, score in members):
        raise WireError("a score is no number")
    return SortedSetValue(members)


def _read_sorted_set(reader: RdbReader) -> SortedSetValue:
    return _sorted_set([(reader.string(), _DOUBLE.unpack(reader.take(8))[0]) for _ in range(reader.count(9))])


_OLD_SCORES = {253: math.nan, 254: math.inf, 255: -math.inf}


def _read_old_sorted_set(reader: RdbReader) -> SortedSetValue:
    return _sorted_set([(reader.string(), _read_old_score(reader)) for _ in range(reader.count(2))])


def _read_old_score(reader: RdbReader) -> float:
    length = reader.byte()
    return _OLD_SCORES[length] if length in _OLD_SCORES else _score(reader.take(length))


def _score(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        raise WireError("a score is no number") from None


def _packed_sorted_set(flat: list[bytes]) -> SortedSetValue:
    return _sorted_set([(name, _score(text)) for name, text in _pairs(flat)])


def _hash(fields: list[HashField]) -> HashValue:
    _distinct([field.name for field in fields])
    return HashValue(fields)


def _packed_hash(flat: list[bytes]) -> HashValue:
    return _hash([HashField(name, value) for name, value in _pairs(flat)])


def _read_hash(reader: RdbReader) -> HashValue:
    return _hash([HashField(reader.string(), reader.string()) for _ in range(reader.count(2))])


def _read_expiring_hash(reader: RdbReader) -> HashValue:
    return _hash([
        HashField(reader.string(), reader.string(), _read_expiry(reader)) for _ in range(reader.count(10))
    ])  # fmt: skip


def _read_expiry(reader: RdbReader) -> int:
    expires_ms = int.from_bytes(reader.take(8), "little", signed=True)
    if expires_ms < -1:
        raise WireError("a field of a hash expires before there was time")
    return expires_ms


_READERS: dict[int, Callable[[RdbReader], KeyValue]] = {
    0: lambda reader: StringValue(reader.string()),
    1: lambda reader: _list_value(_read_strings(reader)),
    2: lambda reader: _set_value(_read_strings(reader)),
    3: _read_old_sorted_set,
    4: _read_hash,
    5: _read_sorted_set,
    10: lambda reader: _list_value(reader.items(listpack.unpack_ziplist)),
    11: lambda reader: _set_value(reader.items(listpack.unpack_intset)),
    12: lambda reader: _packed_sorted_set(reader.items(listpack.unpack_ziplist)),
    13: lambda reader: _packed_hash(reader.items(listpack.unpack_ziplist)),
    14: _read_list_of_ziplists,
    15: lambda reader: read_stream(reader, 1),
    16: lambda reader: _packed_hash(reader.items(listpack.unpack)),
    17: lambda reader: _packed_sorted_set(reader.items(listpack.unpack)),
    18: _read_list_of_nodes,
    19: lambda reader: read_stream(reader, 2),
    20: lambda reader: _set_value(reader.items(listpack.unpack)),
    21: lambda reader: read_stream(reader, 3),
    _HASH_EXPIRING: _read_expiring_hash,
}
