"""Offsets at which lists, maps and other values begin and end in msgpack; no values are made of them."""

from __future__ import annotations

from struct import Struct

from asinfo.errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Count: TypeAlias = tuple[int, int]  # entries, offset of the first


def head(count: int, *, of_map: bool) -> bytes:
    """The first bytes of a list of so many elements or a map of so many entries, markers counted."""
    few, lead = _HEADS[of_map]
    if count < 16:
        return bytes([few | count])
    return _SHORT_HEAD.pack(lead, count) if count < 1 << 16 else _LONG_HEAD.pack(lead + 1, count)


def pass_over(data: bytes, position: int, charge: Callable[[int], None]) -> int:
    """The offset after the value at ``position``; the number of values in each list and map goes to ``charge``.

    ``charge`` may raise to end the walk. Nothing is checked but where values end: IndexError and struct.error for
    what ends early, WireError for what is no value.
    """
    left = 1
    while left:
        left -= 1
        size = FIXED_SIZES[data[position]]
        if size:
            position += size
            continue
        found, width = list_start(data, position), 1
        if found is None:
            found, width = map_start(data, position), 2
        if found is None:
            start, size = span(data, position)
            position = start + size
        else:
            count, position = found
            if width * count > len(data) - position:  # a value takes a byte at least
                raise IndexError(count)
            charge(width * count)
            left += width * count
    return position


def marker(data: bytes, position: int, count: int) -> tuple[int, int]:
    """Flags of the marker at ``position`` (0: there is none) and the offset after it."""
    if count and data[position] == MARK:
        return data[position + 2], position + 3 + data[position + 1]
    return 0, position


def list_start(data: bytes, position: int) -> Count | None:
    """Number of elements and offset of the first, None when no list begins at ``position``."""
    lead = data[position]
    if 0x90 <= lead <= 0x9F:
        return lead & 0x0F, position + 1
    return _long_start(data, position, _LISTS)


def map_start(data: bytes, position: int) -> Count | None:
    """Number of entries and offset of the first, None when no map begins at ``position``."""
    lead = data[position]
    if 0x80 <= lead <= 0x8F:
        return lead & 0x0F, position + 1
    return _long_start(data, position, _MAPS)


def _long_start(data: bytes, position: int, forms: dict[int, Struct]) -> Count | None:
    form = forms.get(data[position])
    return (form.unpack_from(data, position + 1)[0], position + 1 + form.size) if form else None


def span(data: bytes, position: int) -> tuple[int, int]:
    """Where the content of a string or extension begins (in an extension: the type byte), and its size."""
    lead = data[position]
    if 0xA0 <= lead <= 0xBF:
        return position + 1, lead & 0x1F
    if 0xD4 <= lead <= 0xD8:
        return position + 1, 1 + (1 << lead - 0xD4)
    form = _STRINGS.get(lead)
    if form is None:
        raise WireError(f"no value begins with {lead:02X}")
    size: int = form.unpack_from(data, position + 1)[0]
    return position + 1 + form.size, size + (lead in EXTS)


_BYTE, _SHORT, _LONG = Struct(">B"), Struct(">H"), Struct(">I")

_LISTS = {0xDC: _SHORT, 0xDD: _LONG}
_MAPS = {0xDE: _SHORT, 0xDF: _LONG}
_STRINGS = {
    0xC4: _BYTE, 0xC5: _SHORT, 0xC6: _LONG,
    0xC7: _BYTE, 0xC8: _SHORT, 0xC9: _LONG,
    0xD9: _BYTE, 0xDA: _SHORT, 0xDB: _LONG,
}  # fmt: skip
EXTS = {0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8}
"""First bytes of extensions."""

_HEADS = {False: (0x90, 0xDC), True: (0x80, 0xDE)}
_SHORT_HEAD, _LONG_HEAD = Struct(">BH"), Struct(">BI")

SHORT_STRING = 0xD9
"""First byte of a string of up to 255 bytes whose size is in the next byte."""

MARK = 0xC7
"""First byte of a marker."""

MARKERS = {flags: bytes((MARK, 0, flags)) for flags in range(256)}
"""What a list or map with these flags begins with."""

_NUMBER_SIZES = dict(zip(range(0xCA, 0xD4), (4, 8, 1, 2, 4, 8, 1, 2, 4, 8), strict=True))
"""Bytes of a number behind its first byte."""

FIXED_SIZES = bytes(
    _NUMBER_SIZES[lead] + 1 if lead in _NUMBER_SIZES
    else 1 + (lead & 0x1F) if 0xA0 <= lead <= 0xBF
    else 2 + (1 << lead - 0xD4) if 0xD4 <= lead <= 0xD8
    else int(lead < 0x80 or lead >= 0xE0 or lead in {0xC0, 0xC2, 0xC3})
    for lead in range(256)
)  # fmt: skip
"""Size of a value that its first byte alone decides; 0 for all others."""
