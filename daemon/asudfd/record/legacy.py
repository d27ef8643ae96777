"""Journals of the first format, "asudf records 1": read once, when such a file is first opened.

    u32  CRC-32 of what follows, begun with the identity of the namespace's file
    u32  size of the value; 0 is a removal
    u64  epoch
    20   digest
    ...  value, all big-endian

They begin with the first entry and say nothing of how many there are. So what can be told is an entry that is not
whole and has others of its epoch behind it; a damaged last entry looks as a torn one does.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple
from zlib import crc32

from asinfo.wire.message import DIGEST_SIZE
from asudfd.record.entries import JournalContent, JournalGap

FORMAT = b"asudf records 1"

SEARCH_FACTOR = 64
"""How many times the size of the journal may be read in search of whole entries, whatever clients have put into it."""

_CRC = Struct("!I")
_HEADER = Struct(f"!IQ{DIGEST_SIZE}s")
_START = _CRC.size + _HEADER.size
_EPOCH_PLACE = _CRC.size + 4


class _LegacyEntry(NamedTuple):
    digest: bytes
    value: bytes
    end: int


def read(content: bytes, identity: int, epoch: int) -> JournalContent:
    """The entries of ``epoch`` in ``content``."""
    reading = JournalContent(epoch, {}, 0, [])
    position = count = 0
    while True:
        entry = _entry(content, position, identity, epoch)
        if entry is None:
            behind = _search(content, position, identity, epoch)
            if behind is None:
                return reading._replace(entries=count)
            found = "an entry that is not whole, with others behind it"
            reading.gaps.append(JournalGap(position, count, 1, found, damage=True))
            position = behind
            continue
        reading.values[entry.digest] = entry.value
        position, count = entry.end, count + 1


def _entry(content: bytes, position: int, identity: int, epoch: int) -> _LegacyEntry | None:
    start = position + _START
    if start > len(content):
        return None
    size, its_epoch, digest = _HEADER.unpack_from(content, position + _CRC.size)
    end = start + size
    if its_epoch != epoch or end > len(content):
        return None
    checksum = _CRC.unpack_from(content, position)[0]
    if crc32(content[position + _CRC.size : end], identity) != checksum:
        return None
    return _LegacyEntry(digest, content[start:end], end)


def _search(content: bytes, position: int, identity: int, epoch: int) -> int | None:
    """Where the next whole entry of ``epoch`` behind ``position`` begins."""
    mark = epoch.to_bytes(8, "big")
    budget = SEARCH_FACTOR * len(content)
    place = position + _EPOCH_PLACE
    while budget > 0 and (place := content.find(mark, place + 1)) >= 0:
        begin = place - _EPOCH_PLACE
        if _entry(content, begin, identity, epoch) is not None:
            return begin
        budget -= _START + min(len(content), int.from_bytes(content[begin + _CRC.size : place], "big"))
    return None
