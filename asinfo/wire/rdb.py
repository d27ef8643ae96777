"""What RDB files and DUMP payloads are made of: sizes and strings, and the end with version and checksum.

    RdbReader(data)          goes through bytes: ``byte``, ``take``, ``size``, ``string``, ``skip_string``
    size(value), string(data, compressed=...)      write the same
    footer(body, version)    what ends a DUMP payload
    check_footer(payload, versions)                raises ``WrongPayload``

A size begins with two bits that say its form; the fourth form is that of a string which is not stored as its bytes:

    00SSSSSS                 6 bits                   11000000   an integer of 8 bits, little-endian
    01SSSSSS SSSSSSSS        14 bits                  11000001   of 16 bits
    10000000 and 4 bytes     32 bits, big-endian      11000010   of 32 bits
    10000001 and 8 bytes     64 bits, big-endian      11000011   LZF: size compressed, size, data

Whatever sizes say, nothing is made that is larger than the bytes there are (or, compressed, than ``limit``).
"""

from __future__ import annotations

from asinfo.errors import WireError
from asinfo.wire import lzf
from asinfo.wire.crc64 import crc64
from asinfo.wire.resp_frame import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

VERSION_PORTABLE = 10
"""Version that Redis 7 and all versions of Valkey read."""
VERSION_8_1 = 11
VERSION_9_1 = 80
VERSIONS_8_1 = frozenset(range(12))
"""Versions of payloads that Valkey 8.1 takes."""
VERSIONS_9_1 = frozenset((*range(1, 12), 80))
"""Versions of payloads that Valkey 9.1 takes: those of 12 to 79 are another server's."""

FOOTER_SIZE = 10
STRINGS_MAX = 536_870_912
"""Bytes of all strings together: as many as the largest string that a server takes unless it is told otherwise."""
_ITEM_SIZE = 56
"""Bytes of memory that an item of a list takes beside its own: an object, and its place in the list."""
_COMPRESSED_MIN = 21
"""Servers do not try to compress a shorter string."""
COMPRESSED_MAX = 32_768
"""Nor do we a longer one, or those of a larger value, as servers would: 32 KiB take 50 ms, during which nothing else is done."""


class WrongPayload(WireError):  # noqa: N818 - named for what the user sees
    """A DUMP payload of a version that is not taken, or damaged; the text is the servers'."""

    def __init__(self) -> None:
        super().__init__("DUMP payload version or checksum are wrong")


class RdbReader:
    """Goes through bytes of an RDB file or payload; WireError when they end too early or are none.

    All strings that it makes have ``limit`` bytes together at most, since compressed ones may grow by a factor of 88, and the items
    of packed lists, which may have two bytes each, count for what they take in memory.
    """

    __slots__ = ("_limit", "_unspent", "at", "data")

    def __init__(self, data: bytes, at: int = 0, limit: int = STRINGS_MAX) -> None:
        self.data = data
        self.at = at
        self._limit = self._unspent = limit

    @property
    def left(self) -> int:
        """Bytes not yet read."""
        return len(self.data) - self.at

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        self.skip(count)
        return self.data[self.at - count : self.at]

    def skip(self, count: int) -> None:
        """Go over the next ``count`` bytes."""
        if count > self.left:
            raise WireError("RDB data end too early")
        self.at += count

    def size(self) -> int:
        """The next size."""
        value, plain = self._size_or_form()
        if not plain:
            raise WireError("RDB data have no size where one belongs")
        return value

    def count(self, bytes_each: int = 1) -> int:
        """The next size, of a list of things that take ``bytes_each`` bytes at least: no more than can follow."""
        value = self.size()
        if value * bytes_each > self.left:
            raise WireError("RDB data are shorter than they say")
        return value

    def string(self) -> bytes:
        """The next string."""
        value, plain = self._size_or_form()
        if plain:
            self._spend(value)
            return self.take(value)
        if value <= 2:
            return b"%d" % int.from_bytes(self.take(1 << value), "little", signed=True)
        compressed, size = self._compressed(value)
        self._spend(size)
        return lzf.decompress(self.take(compressed), size)

    def items(self, unpack: Callable[[bytes, int], list[bytes]]) -> list[bytes]:
        """What ``unpack`` makes of the next string: the items of a packed list."""
        found = unpack(self.string(), self._unspent // _ITEM_SIZE)
        self._unspent -= len(found) * _ITEM_SIZE
        return found

    def _spend(self, size: int) -> None:
        if size > self._unspent:
            raise WireError(f"strings of RDB data are larger than {self._limit} bytes together")
        self._unspent -= size

    def skip_string(self) -> None:
        """Go over the next string, without making it."""
        value, plain = self._size_or_form()
        if not plain:
            value = 1 << value if value <= 2 else self._compressed(value)[0]
        self.skip(value)

    def _compressed(self, form: int) -> tuple[int, int]:
        """The compressed size and the true one of an LZF string."""
        if form != 3:
            raise WireError(f"RDB data have a string of the unknown form {form}")
        return self.size(), self.size()

    def _size_or_form(self) -> tuple[int, bool]:
        """A size and true, or the form of a string and false."""
        first = self.byte()
        form = first >> 6
        if form == 0:
            return first, True
        if form == 1:
            return (first & 0x3F) << 8 | self.byte(), True
        if form == 3:
            return first & 0x3F, False
        if first not in {0x80, 0x81}:
            raise WireError("RDB data have a size of an unknown form")
        return int.from_bytes(self.take(4 << (first & 1)), "big"), True


def size(value: int) -> bytes:
    """A size in its shortest form."""
    if value < 1 << 6:
        return bytes((value,))
    if value < 1 << 14:
        return bytes((0x40 | value >> 8, value & 0xFF))
    return b"\x80" + value.to_bytes(4, "big") if value < 1 << 32 else b"\x81" + value.to_bytes(8, "big")


def string(data: bytes, *, compressed: bool = True) -> bytes:
    """A string as servers write it: an integer, else LZF where that saves something and is asked for, else its bytes."""
    value = number(data) if len(data) <= 11 else None
    if value is not None and -(1 << 31) <= value < 1 << 31:
        form = 0 if -(1 << 7) <= value < 1 << 7 else 1 if -(1 << 15) <= value < 1 << 15 else 2
        return bytes((0xC0 | form,)) + value.to_bytes(1 << form, "little", signed=True)
    if compressed and _COMPRESSED_MIN <= len(data) <= COMPRESSED_MAX:
        short = lzf.compress(data)
        if short is not None:
            return b"\xc3" + size(len(short)) + size(len(data)) + short
    return size(len(data)) + data


def footer(body: bytes, version: int) -> bytes:
    """The end of a DUMP payload of ``body``: version and checksum."""
    end = version.to_bytes(2, "little")
    return end + crc64(end, crc64(body)).to_bytes(8, "little")


def check_footer(payload: bytes, versions: frozenset[int]) -> None:
    """Whether a payload is whole and of one of ``versions``; WrongPayload when not."""
    if len(payload) < FOOTER_SIZE or int.from_bytes(payload[-10:-8], "little") not in versions:
        raise WrongPayload
    checksum = int.from_bytes(payload[-8:], "little")
    if checksum != crc64(memoryview(payload)[:-8]):
        raise WrongPayload
