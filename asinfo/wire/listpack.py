"""Lists of strings and integers packed into one string: listpacks, and what older servers had, ziplists and intsets.

    listpack    size (4 bytes), count (2 bytes), entries, FF
    entry       form and value, then the size of both, so that one can go backwards
    forms       0VVVVVVV an integer of 7 bits       110VVVVV .. of 13 bits, signed      F1, F2, F3, F4 of 16, 24, 32, 64 bits
                10SSSSSS a string of 6 bits of size 1110SSSS .. of 12 bits              F0 of 32 bits

    ziplist     size, offset of the last entry (4 bytes each), count (2 bytes), entries, FF
    intset      width of each integer, count (4 bytes each), integers

Numbers are little-endian but for the sizes of listpack entries. An integer is the string of its digits. What is read is checked to
the last byte: WireError when it is anything else.
"""

from __future__ import annotations

from struct import Struct

from asinfo.errors import WireError
from asinfo.wire.resp_frame import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = Struct("<IH")
_ZIPLIST_HEAD = Struct("<IIH")
_INTSET_HEAD = Struct("<II")
_COUNT_UNKNOWN = 0xFFFF
_END = 0xFF
ITEMS_MAX = 1 << 62
HEAD_SIZE = 7
"""Bytes of a listpack without entries."""
_INTEGERS = {0xF1: 2, 0xF2: 3, 0xF3: 4, 0xF4: 8}
_ZIPLIST_INTEGERS = {0xC0: 2, 0xD0: 4, 0xE0: 8, 0xF0: 3, 0xFE: 1}


def pack(items: Iterable[bytes | int]) -> bytes:
    """A listpack of these strings; one that is the digits of an integer is stored as the integer."""
    entries = [pack_entry(item) for item in items]
    return joined(b"".join(entries), len(entries))


def joined(body: bytes, count: int) -> bytes:
    """A listpack of ``count`` entries that are packed already."""
    return _HEAD.pack(HEAD_SIZE + len(body), min(count, _COUNT_UNKNOWN)) + body + bytes((_END,))


def pack_entry(item: bytes | int) -> bytes:
    """One entry of a listpack."""
    value = item if isinstance(item, int) else number(item)
    stored = _string(item) if isinstance(item, bytes) and value is None else _integer(value or 0)
    return stored + _backwards(len(stored))


def _integer(value: int) -> bytes:
    if 0 <= value < 128:
        return bytes((value,))
    if -4096 <= value < 4096:
        return (0xC000 | value & 0x1FFF).to_bytes(2, "big")
    for form, width in _INTEGERS.items():
        if -(1 << 8 * width - 1) <= value < 1 << 8 * width - 1:
            return bytes((form,)) + value.to_bytes(width, "little", signed=True)
    raise WireError("an integer of a listpack has 64 bits at most")


def _string(data: bytes) -> bytes:
    size = len(data)
    if size < 64:
        return bytes((0x80 | size,)) + data
    if size < 4096:
        return (0xE000 | size).to_bytes(2, "big") + data
    return b"\xf0" + size.to_bytes(4, "little") + data


def _backwards(size: int) -> bytes:
    """A size in groups of seven bits; all but the first have the high bit."""
    groups = [size & 127]
    while size := size >> 7:
        groups[-1] |= 128
        groups.append(size & 127)
    return bytes(reversed(groups))


def unpack(data: bytes, most: int = ITEMS_MAX) -> list[bytes]:
    """The strings of a listpack, which has ``most`` at most."""
    if len(data) < HEAD_SIZE or data[-1] != _END:
        raise WireError("a listpack has no end")
    size, count = _HEAD.unpack_from(data)
    items: list[bytes] = []
    at, end = _HEAD.size, len(data) - 1
    while at < end and len(items) <= most:
        start, stop, value = _entry(data, at)
        mark = _backwards(stop - at)
        if stop + len(mark) > end or data[stop : stop + len(mark)] != mark:
            raise WireError("an entry of a listpack has another size than it says")
        items.append(data[start:stop] if value is None else b"%d" % value)
        at = stop + len(mark)
    _check_count(len(items), most)
    if size != len(data) or (count not in {len(items), _COUNT_UNKNOWN}):
        raise WireError("a listpack has another size than it says")
    return items


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise WireError("a packed list has more items than the memory for them allows")


def _entry(data: bytes, at: int) -> tuple[int, int, int | None]:
    """Where the string of the entry at ``at`` starts and stops, or where the integer stops and what it is."""
    form = data[at]
    if form < 0x80:
        return at, at + 1, form
    if form < 0xC0:
        return at + 1, at + 1 + (form & 63), None
    pair = form << 8 | data[at + 1]  # there is one: the end mark at least
    if form < 0xE0:
        return at, at + 2, (pair & 0x1FFF ^ 0x1000) - 0x1000
    if form < 0xF0:
        return at + 2, at + 2 + (pair & 0xFFF), None
    if form == 0xF0:
        return at + 5, at + 5 + int.from_bytes(data[at + 1 : at + 5], "little"), None
    width = _INTEGERS.get(form)
    if width is None:
        raise WireError(f"an entry of a listpack has the unknown form {form:02X}")
    return at, at + 1 + width, int.from_bytes(data[at + 1 : at + 1 + width], "little", signed=True)


# --- ziplists and intsets ------------------------------------------------------------------------------------------


def unpack_ziplist(data: bytes, most: int = ITEMS_MAX) -> list[bytes]:
    """The strings of a ziplist, which servers before Redis 7.0 wrote; it has ``most`` at most."""
    if len(data) < _ZIPLIST_HEAD.size + 1 or data[-1] != _END:
        raise WireError("a ziplist has no end")
    size, last, count = _ZIPLIST_HEAD.unpack_from(data)
    items: list[bytes] = []
    at, end, before = _ZIPLIST_HEAD.size, len(data) - 1, 0
    while at < end and len(items) <= most:
        short = data[at] < 0xFE
        told = data[at] if short else int.from_bytes(data[at + 1 : at + 5], "little")
        start, stop, value = _ziplist_entry(data, at + (1 if short else 5))
        if told != before or stop > end:
            raise WireError("an entry of a ziplist has another size than it says")
        items.append(data[start:stop] if value is None else b"%d" % value)
        before = stop - at
        at = stop
    _check_count(len(items), most)
    if size != len(data) or last != at - before or count not in {len(items), _COUNT_UNKNOWN}:
        raise WireError("a ziplist has another size than it says")
    return items


def _ziplist_entry(data: bytes, at: int) -> tuple[int, int, int | None]:
    """As ``_entry``, of a ziplist."""
    form = data[at] if at < len(data) else _END
    if form < 0x40:
        return at + 1, at + 1 + form, None
    if form < 0x80:
        return at + 2, at + 2 + int.from_bytes(data[at : at + 2], "big") - 0x4000, None
    if form == 0x80:
        return at + 5, at + 5 + int.from_bytes(data[at + 1 : at + 5], "big"), None
    if 0xF1 <= form <= 0xFD:
        return at, at + 1, form - 0xF1
    width = _ZIPLIST_INTEGERS.get(form)
    if width is None:
        raise WireError(f"an entry of a ziplist has the unknown form {form:02X}")
    return at, at + 1 + width, int.from_bytes(data[at + 1 : at + 1 + width], "little", signed=True)


def pack_intset(values: Iterable[int]) -> bytes:
    """An intset of these integers, in their order, each as wide as the widest."""
    ordered = sorted(values)
    widest = max((ordered[-1], -ordered[0] - 1))
    width = 2 if widest < 1 << 15 else 4 if widest < 1 << 31 else 8
    return _INTSET_HEAD.pack(width, len(ordered)) + b"".join(
        [value.to_bytes(width, "little", signed=True) for value in ordered]
    )


def unpack_intset(data: bytes, most: int = ITEMS_MAX) -> list[bytes]:
    """The integers of an intset, as strings; it has ``most`` at most."""
    width, count = _INTSET_HEAD.unpack_from(data) if len(data) >= _INTSET_HEAD.size else (0, 0)
    _check_count(count, most)
    if width not in {2, 4, 8} or len(data) != _INTSET_HEAD.size + width * count:
        raise WireError("an intset has another size than it says")
    values = [
        int.from_bytes(data[at : at + width], "little", signed=True)
        for at in range(_INTSET_HEAD.size, len(data), width)
    ]
    if any(values[at] >= values[at + 1] for at in range(count - 1)):
        raise WireError("an intset is not in order")
    return [b"%d" % value for value in values]
