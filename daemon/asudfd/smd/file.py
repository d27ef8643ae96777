"""The format of the file of one SMD module, `UDF.smd`: a log of checksummed entries behind a head.

    head     16  magic
              8  identity: a random number of this log
              8  end: all entries before this place were acknowledged
             16  checksum of the head
    512      entry after entry
              4  magic
              4  size of what follows the checksum
              8  identity of the log
              8  number: the first entry has 0, each has one more than that before it
             16  checksum of the entry, without this field
              8  cluster key, and 8 tid: those of the module with this change
              8  generation; 0 forgets the key
              8  timestamp
              4  size of the key
              1  1: there is a value (a removed key has none); 2: the next entry belongs to the same change
                 key, value, in UTF-8

Integers are big-endian, checksums are BLAKE2b. The head is written over after each group of entries, so what is
missing, altered, repeated or out of place before ``end`` is damage; only behind it can there be the torn rest of a
change that nobody was told of. Of a change with several entries all count or none. The first version wrote JSON (`asudfd.smd.first`), which `parse` understands as well.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from asudfd.smd import first
from asudfd.smd.interface import SmdContent, SmdItem

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"asudf smd log 1\n"
START = 512
"""Where the entries begin. The head is alone in its sector, which disks write whole or not at all."""

_HEAD = Struct("!16sQQ")
_ENTRY = Struct("!4sIQQ")
_CHANGE = Struct("!QQQqIB")
_ENTRY_MAGIC = b"\xa5smd"
_CHECKSUM_SIZE = 16
_VALUE, _MORE = 1, 2
_BODY = _ENTRY.size + _CHECKSUM_SIZE
_TEXT = _BODY + _CHANGE.size
HEAD_SIZE = _HEAD.size + _CHECKSUM_SIZE


class DamagedLogError(ValueError):
    """The log is damaged; the text names the place."""


class LogHeader(NamedTuple):
    """The header of a log: its random identity, and up to which byte its entries were acknowledged."""

    identity: int
    end: int


class LogEntry(NamedTuple):
    """One entry of a log: its place, the log it belongs to, and cluster key and tid of the module after its change.

    ``more`` tells that the next one belongs to the same change.
    """

    position: int
    identity: int
    number: int
    cluster_key: int
    tid: int
    item: SmdItem
    size: int
    more: bool = False


class LogReplay:
    """The state that results from the entries read so far. ``sizes`` are the bytes of the last entry of each key."""

    __slots__ = ("cluster_key", "count", "end", "head", "items", "sizes", "tid")

    def __init__(self, head: LogHeader) -> None:
        self.head = head
        self.end = START
        self.count = self.cluster_key = self.tid = 0
        self.items: dict[str, SmdItem] = {}
        self.sizes: dict[str, int] = {}

    def take(self, entry: LogEntry) -> None:
        """Go on by one entry; a known key keeps its place."""
        self.end += entry.size
        self.count += 1
        self.cluster_key, self.tid = entry.cluster_key, entry.tid
        item = entry.item
        if item.generation:
            self.items[item.key] = item
            self.sizes[item.key] = entry.size
        else:
            self.items.pop(item.key, None)
            self.sizes.pop(item.key, None)


def pack_head(head: LogHeader) -> bytes:
    """The bytes of a head."""
    packed = _HEAD.pack(MAGIC, *head)
    return packed + _checksum(packed)


def pack_entry(
    identity: int, number: int, cluster_key: int, tid: int, item: SmdItem, *, more: bool = False
) -> bytes:
    """The bytes of an entry; ``more``: the next one belongs to the same change."""
    key = item.key.encode("utf-8", "surrogatepass")
    value = b"" if item.value is None else item.value.encode("utf-8", "surrogatepass")
    flags = (item.value is not None) * _VALUE | more * _MORE
    change = _CHANGE.pack(cluster_key, tid, item.generation, item.timestamp, len(key), flags)
    start = _ENTRY.pack(_ENTRY_MAGIC, len(change) + len(key) + len(value), identity, number)
    return b"".join((start, _checksum(start, change, key, value), change, key, value))


def _checksum(*parts: bytes | memoryview) -> bytes:
    digest = blake2b(digest_size=_CHECKSUM_SIZE)
    for part in parts:
        digest.update(part)
    return digest.digest()


def is_log(data: bytes) -> bool:
    """Whether ``data`` begins as a log does, whole or not."""
    return data.startswith(MAGIC)


def parse(data: bytes) -> SmdContent:
    """What a file of either version says. Raises ValueError, naming the place, when it is damaged."""
    if not is_log(data):
        return first.parse(data)
    scan = read(data)
    return SmdContent(scan.cluster_key, scan.tid, list(scan.items.values()))


def read(data: bytes) -> LogReplay:
    """What a log says, with the whole entries behind its acknowledged end. Raises DamagedLogError."""
    scan = LogReplay(read_head(data))
    while change := _next(data, scan):
        for entry in change:
            scan.take(entry)
    if scan.end < scan.head.end:
        raise DamagedLogError(f"the entry at byte {scan.end} is not what was written")
    return scan


def read_head(data: bytes) -> LogHeader:
    """The head of a log. Raises DamagedLogError, also when the file is shorter than it says."""
    if len(data) < START:
        raise DamagedLogError(f"it ends at byte {len(data)}, within its head")
    magic, identity, end = _HEAD.unpack_from(data)
    if magic != MAGIC or _checksum(data[: _HEAD.size]) != data[_HEAD.size : HEAD_SIZE]:
        raise DamagedLogError("its head, at byte 0, is not what was written")
    if end > len(data):
        raise DamagedLogError(f"it ends at byte {len(data)} and had {end} bytes")
    return LogHeader(identity, end)


def _next(data: bytes, scan: LogReplay) -> list[LogEntry]:
    """The entries of the change that follows in its log; none where no whole one does."""
    found: list[LogEntry] = []
    position = scan.end
    while not found or found[-1].more:
        entry = _entry_at(data, position)
        number = scan.count + len(found)
        if entry is None or (entry.identity, entry.number) != (scan.head.identity, number):
            return []
        found.append(entry)
        position += entry.size
    return found


def _entry_at(data: bytes, position: int) -> LogEntry | None:
    """The whole entry at ``position``, of whatever log."""
    if len(data) < position + _TEXT:
        return None
    magic, size, identity, number = _ENTRY.unpack_from(data, position)
    end = position + _BODY + size
    if magic != _ENTRY_MAGIC or size < _CHANGE.size or end > len(data):
        return None
    view = memoryview(data)
    start, body = position + _ENTRY.size, position + _BODY
    if _checksum(view[position:start], view[body:end]) != data[start:body]:
        return None
    cluster_key, tid, generation, timestamp, key_size, flags = _CHANGE.unpack_from(data, body)
    text = position + _TEXT
    try:
        key = data[text : text + key_size].decode("utf-8", "surrogatepass")
        value = data[text + key_size : end].decode("utf-8", "surrogatepass") if flags & _VALUE else None
    except UnicodeDecodeError:
        return None
    item = SmdItem(key, value, generation, timestamp)
    size = end - position
    return LogEntry(position, identity, number, cluster_key, tid, item, size, more=bool(flags & _MORE))


def salvage(data: bytes) -> Iterator[LogEntry]:
    """Every whole entry that stands anywhere in ``data``, in the order of the places."""
    position = 0
    while (position := data.find(_ENTRY_MAGIC, position)) >= 0:
        entry = _entry_at(data, position)
        if entry is not None:
            yield entry
        position += entry.size if entry is not None else 1
