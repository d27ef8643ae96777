"""LZF, the compression of strings in RDB files and DUMP payloads.

Compressed data are runs, each with a control byte:

    000LLLLL                       L + 1 bytes follow as they are
    LLLOOOOO OOOOOOOO              copy L + 2 bytes from O + 1 bytes back (L below 7)
    111OOOOO LLLLLLLL OOOOOOOO     copy L + 9 bytes from O + 1 bytes back

``compress`` makes the same choices as the servers do, so that what it gives is what they give, byte for byte.
"""

from __future__ import annotations

from asinfo.errors import WireError

_LITERALS_MAX = 32
_DISTANCE_MAX = 1 << 13
_COPY_MAX = 264
_UNLOOKED = 16
"""Bytes after the first three that a copy may have before its end is looked at."""
_GROWTH_MAX = 88
"""Three bytes give 264 at most, so no data grow by more than this factor."""


def decompress(data: bytes, size: int) -> bytes:
    """The ``size`` bytes that ``data`` stand for; WireError when they do not."""
    if size > len(data) * _GROWTH_MAX:
        raise WireError("LZF data are too short for the size that they announce")
    out = bytearray()
    try:
        _decompress(data, size, out)
    except IndexError:
        raise WireError("LZF data end within a run") from None
    if len(out) != size:
        raise WireError("LZF data have another size than they announce")
    return bytes(out)


def _decompress(data: bytes, size: int, out: bytearray) -> None:
    at, end = 0, len(data)
    while at < end and len(out) <= size:
        control = data[at]
        at += 1
        if control < _LITERALS_MAX:
            run = data[at : at + control + 1]
            if len(run) <= control:
                raise IndexError
            out += run
            at += control + 1
            continue
        length = control >> 5
        if length == 7:
            length += data[at]
            at += 1
        distance = ((control & 31) << 8 | data[at]) + 1
        at += 1
        _copy_back(out, distance, length + 2)


def _copy_back(out: bytearray, distance: int, length: int) -> None:
    start = len(out) - distance
    if start < 0:
        raise WireError("LZF data refer to what is before their begin")
    if distance >= length:
        out += out[start : start + length]
    else:  # the copy overlaps what it makes: a pattern that repeats
        pattern = out[start:]
        out += (pattern * (length // distance + 1))[:length]


def compress(data: bytes) -> bytes | None:
    """``data`` compressed; None when that would not save four bytes at least, as servers want it."""
    room = len(data) - 4
    last = len(data) - 2  # a copy is not looked for in the last two bytes, nor does one reach them
    out = _CompressedRuns()
    places: dict[int, int] = {}  # where three bytes of that hash stood last
    at = 0
    while at < last:
        place = _hash(data, at)
        start = places.get(place, 0)
        places[place] = at
        if start > 0 and at - start <= _DISTANCE_MAX and data[start : start + 3] == data[at : at + 3]:
            if out.size_closed + 4 >= room:
                return None
            length = _common(data, start, at, last)
            out.copy(at - start, length)
            at += length
            for skipped in (at - 2, at - 1) if at < last else ():
                places[_hash(data, skipped)] = skipped
        else:
            if len(out.data) >= room:
                return None
            out.literal(data[at])
            at += 1
    if len(out.data) + 3 > room:
        return None
    for byte in data[at:]:
        out.literal(byte)
    out.close()
    return bytes(out.data)


def _hash(data: bytes, at: int) -> int:
    """A number of 16 bits for three bytes; two groups of bytes may have the same, and the servers' choice depends on it."""
    group = data[at] << 16 | data[at + 1] << 8 | data[at + 2]
    return ((group >> 8) - group * 5) & 0xFFFF


def _common(data: bytes, start: int, at: int, last: int) -> int:
    """How many bytes are the same at ``start`` and ``at``, where three are.

    The servers look at 19 bytes before they look at the end, when there are so many: then a copy may reach the last two.
    """
    most = min(last - at, _COPY_MAX)
    if most > _UNLOOKED:
        most = max(most, _UNLOOKED + 3)
    length = 3
    while length < most and data[start + length] == data[at + length]:
        length += 1
    return length


class _CompressedRuns:
    """Compressed bytes so far, the last of them a run of literals that is not closed yet."""

    __slots__ = ("data", "literals")

    def __init__(self) -> None:
        self.data = bytearray(1)  # the control byte of the first run
        self.literals = 0

    @property
    def size_closed(self) -> int:
        return len(self.data) - (not self.literals)

    def literal(self, byte: int) -> None:
        self.data.append(byte)
        self.literals += 1
        if self.literals == _LITERALS_MAX:
            self.close()
            self.data.append(0)

    def close(self) -> None:
        """Write the length of the run of literals, or take back the control byte of an empty one."""
        if self.literals:
            self.data[-self.literals - 1] = self.literals - 1
            self.literals = 0
        else:
            del self.data[-1]

    def copy(self, distance: int, length: int) -> None:
        self.close()
        high, low = divmod(distance - 1, 256)
        rest = length - 2
        self.data += bytes((high | rest << 5, low, 0) if rest < 7 else (high | 7 << 5, rest - 7, low, 0))
