"""The bytes of a journal, and what can be read of them when they are damaged; no file is touched here.

    heads    0  and 256, the same twice: "asudf journal 2" and a line feed, u32 identity of the namespace's file,
                u64 epoch, u32 tag, u32 seed, 16 boot, u32 CRC-32 of these
    notes  128  and 192: u64 and u32 end and number of the entries that were acknowledged, the same of those that the
                disk has, u8 whether a later epoch was begun in the other journal, u32 CRC-32
    entries 4096, one after the other: u32 tag, u32 CRC-32 of what follows, u32 number, u32 size of the value,
                20 digest, value; size 0 is a removal. All big-endian.

Each epoch has a new random tag and seed. Every CRC begins with the seed, so that what an earlier epoch has left
behind the last entry is no entry of this one, and no client can make up an entry inside a value. The tag is what is
searched for behind a damaged place. The number tells entries that were swapped or doubled, and how many are missing.

Two notes, written in turn: whoever is killed while he writes one leaves the other. Heads and notes are in one sector of
the disk, which is written whole or not at all.

An entry that is not whole is one of three things:

    torn    The process died while it wrote its last entry, which was not acknowledged: nothing is missing.
    lost    The machine went down, and the entry had not been flushed: without commit-to-device that may happen to the
            last second of writes, in any order. The start goes on with the others and the log says how many are missing.
    damage  Anything else: an entry that was flushed; or one that was acknowledged or has entries behind it, while the
            machine has not been down since (its boot is the head's).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from asinfo.wire.message import DIGEST_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"asudf journal 2\n"

ENTRIES = 4096
"""Where the entries begin: they are written again and again, and head and notes have a block for themselves."""

NOTES = (128, 192)

_HEADS = (0, 256)

ENTRY = Struct(f"!IIII{DIGEST_SIZE}s")
START = Struct("!II")
BODY = Struct(f"!II{DIGEST_SIZE}s")

_CRC = Struct("!I")
_HEAD = Struct("!16sIQII16s")
_NOTE = Struct("!QIQI?")
_BOOT = Path("/proc/sys/kernel/random/boot_id")

pack_note, NOTE_SIZE = _NOTE.pack, _NOTE.size + _CRC.size


class JournalHeader(NamedTuple):
    """The header of a journal. ``boot`` is the boot id of the machine when the epoch was begun."""

    identity: int
    epoch: int
    tag: int
    seed: int
    boot: bytes


class JournalProgress(NamedTuple):
    """The bytes and entries of a journal that were acknowledged (``end``, ``entries``), and those that were flushed to the disk."""

    end: int = ENTRIES
    entries: int = 0
    synced_end: int = ENTRIES
    synced_entries: int = 0
    closed: bool = False


class JournalGap(NamedTuple):
    """A place where entries are not whole: ``missing`` of them, from the one with ``number`` on."""

    offset: int
    number: int
    missing: int
    found: str
    damage: bool

    def __str__(self) -> str:
        last = self.number + self.missing - 1
        which = f"entry {self.number}" if last <= self.number else f"entries {self.number} to {last}"
        return f"at offset {self.offset}, {which}: {self.found}"


class JournalContent(NamedTuple):
    """The undamaged content of a journal: the last value of every digest, the number of ``entries``, and the gaps."""

    epoch: int
    values: dict[bytes, bytes]
    entries: int
    gaps: list[JournalGap]


class JournalHeaderError(Exception):
    """The header of a journal is damaged; the text says what was found."""


@cache
def boot() -> bytes:
    """Names the run of the machine; zeros where the system does not tell."""
    try:
        return bytes.fromhex(_BOOT.read_text("ascii").strip().replace("-", ""))
    except (OSError, ValueError):
        return bytes(16)


def pack_head(head: JournalHeader) -> bytes:
    """The block before the entries of a new epoch."""
    packed = _HEAD.pack(MAGIC, *head)
    block = bytearray(ENTRIES)
    for place in _HEADS:
        block[place : place + _HEAD.size + _CRC.size] = packed + _CRC.pack(crc32(packed))
    packed = pack_note(*JournalProgress())
    note = packed + _CRC.pack(crc32(packed, head.seed))
    for place in NOTES:
        block[place : place + len(note)] = note
    return bytes(block)


def parse_head(content: bytes) -> tuple[JournalHeader, JournalProgress]:
    """The header, and the later of the two notes. Raises JournalHeaderError."""
    if len(content) < ENTRIES:
        raise JournalHeaderError(f"the file ends after {len(content)} bytes")
    if not content[:ENTRIES].strip(b"\0"):
        raise JournalHeaderError("zeros where the head should be")
    head = next(_heads(content), None)
    if head is None:
        whose = "damaged" if MAGIC[:5] in content[: len(MAGIC)] else "not that of a journal"
        raise JournalHeaderError(f"the head is {whose}")
    notes = list(_notes(content, head.seed))
    if not notes:
        raise JournalHeaderError("the checksums of both notes in the head are wrong")
    return head, max(notes)


def _heads(content: bytes) -> Iterator[JournalHeader]:
    for place in _HEADS:
        end = place + _HEAD.size
        magic, *values = _HEAD.unpack_from(content, place)
        if magic == MAGIC and crc32(content[place:end]) == _CRC.unpack_from(content, end)[0]:
            yield JournalHeader(*values)


def _notes(content: bytes, seed: int) -> Iterator[JournalProgress]:
    for place in NOTES:
        end = place + _NOTE.size
        if crc32(content[place:end], seed) == _CRC.unpack_from(content, end)[0]:
            yield JournalProgress(*_NOTE.unpack_from(content, place))


def read(content: bytes, head: JournalHeader, note: JournalProgress) -> JournalContent:
    """Every whole entry in ``content``, and where there are none."""
    undisturbed = any(head.boot) and head.boot == boot()
    values: dict[bytes, bytes] = {}
    gaps: list[JournalGap] = []
    position, number, count = ENTRIES, 0, 0
    while True:
        entry = _entry(content, position, head)
        if entry is not None and entry.number == number:
            values[entry.digest] = entry.value
            position, number, count = entry.end, number + 1, count + 1
            continue
        behind = _search(content, position, number, head)
        flushed = position < note.synced_end
        if behind is None:
            if number < note.entries:
                damage = undisturbed or flushed
                found = _found(content, position)
                gaps.append(JournalGap(position, number, note.entries - number, found, damage))
            return JournalContent(head.epoch, values, count, gaps)
        start, later = behind
        damage = undisturbed or flushed
        gaps.append(JournalGap(position, number, later - number, _found(content, position), damage))
        position, number = start, later


class _JournalEntry(NamedTuple):
    number: int
    digest: bytes
    value: bytes
    end: int


def _entry(content: bytes, position: int, head: JournalHeader) -> _JournalEntry | None:
    """The entry at ``position``, if a whole one begins there."""
    start = position + ENTRY.size
    if start > len(content):
        return None
    _, checksum, number, size, digest = ENTRY.unpack_from(content, position)
    end = start + size
    if end > len(content) or crc32(content[position + START.size : end], head.seed) != checksum:
        return None
    return _JournalEntry(number, digest, content[start:end], end)


def _search(content: bytes, position: int, number: int, head: JournalHeader) -> tuple[int, int] | None:
    """Place and number of the first whole entry from ``position`` on that comes later than ``number``."""
    tag = _CRC.pack(head.tag)
    while (position := content.find(tag, position)) >= 0:
        entry = _entry(content, position, head)
        if entry is not None and entry.number > number:
            return position, entry.number
        position += 1
    return None


def _found(content: bytes, position: int) -> str:
    """What is there instead of an entry, in words."""
    there = content[position : position + ENTRY.size]
    if not there:
        return "the file ends there"
    if not there.strip(b"\0"):
        return "zeros"
    if len(there) == ENTRY.size:
        _, _, _, size, _ = ENTRY.unpack(there)
        if position + len(there) + size <= len(content):
            return "an entry with a wrong checksum or number"
    return "an entry that goes on behind the end of the file"
