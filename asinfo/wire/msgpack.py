"""The msgpack dialect of lists, maps, and the arguments and results of UDFs.

    nil, booleans, numbers    as msgpack has them, in the smallest form
    string                    str family; its first byte is 03 and belongs to its size
    bytes                     str family, first byte 04; geo JSON: first byte 17
    list, map                 as msgpack has them; an ordered one begins with a marker, which counts as an entry:
                              ext C7 00 FLAGS in a list, the pair C7 00 FLAGS, C0 in a map
    wildcard, infinity        D4 FF 00, D4 FF 01 (queries and comparisons only)

A reader takes the str headers A0 to BF, D9, DA, DB and the bin headers C4, C5, C6 alike, floats of 4 bytes, and
numbers in any size. Source: the specification of the wire protocol, section 3.5.

Whether a node would store a list or map is another question, which ``asinfo.wire.collection`` answers.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception reads like one

from asinfo.errors import WireError
from asinfo.wire.extent import MARK
from asinfo.wire.pieces import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Value: TypeAlias = bool | int | float | str | bytes | "Raw" | "Ext" | list[Any] | dict[Any, Any] | None
    Reader: TypeAlias = Callable[[bytes, int, int], tuple[Value, int]]
    Packer: TypeAlias = Callable[[Any, int], bytes]

DEPTH_MAX = 128
"""How deep lists and maps may be nested; ours, so that no input exhausts the interpreter's stack."""

ORDERED = 1
"""Flag of an ordered list or a key-ordered map."""
VALUE_ORDERED = 2
PRESERVE_ORDER = 8
PERSIST_INDEX = 16

STRING_MARK = 0x03
BYTES_MARK = 0x04
GEOJSON_MARK = 0x17


class GeoJSON(str):
    """A geo JSON text."""

    __slots__ = ()


class Raw:
    """A string of msgpack that is neither string, bytes nor geo JSON: ``data`` with its first byte."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raw) and self.data == other.data

    def __hash__(self) -> int:
        return hash((Raw, self.data))

    def __repr__(self) -> str:
        return f"Raw({self.data!r})"


class Ext:
    """An extension: its type byte and its data."""

    __slots__ = ("data", "kind")

    def __init__(self, kind: int, data: bytes) -> None:
        self.kind = kind
        self.data = data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ext) and (self.kind, self.data) == (other.kind, other.data)

    def __hash__(self) -> int:
        return hash((self.kind, self.data))

    def __repr__(self) -> str:
        return f"Ext({self.kind}, {self.data!r})"


WILDCARD = Ext(0xFF, b"\0")
INFINITY = Ext(0xFF, b"\1")


class MarkedList(list["Any"]):
    """A list that begins with a marker. The caller sorts an ORDERED list; packing does not."""

    __slots__ = ("flags",)

    def __init__(self, items: Any = (), flags: int = ORDERED) -> None:
        super().__init__(items)
        self.flags = flags


class MarkedMap(dict["Any", "Any"]):
    """A map that begins with a marker; with ORDERED among its flags it is packed in the order of its keys."""

    __slots__ = ("flags",)

    def __init__(self, items: Any = (), flags: int = ORDERED) -> None:
        super().__init__(items)
        self.flags = flags


# ---- bytes to values


def unpack(data: bytes) -> Value:
    """The value that is the whole of ``data``.

    Lists and maps that begin with a marker are MarkedList and MarkedMap. Raises WireError when the bytes are not
    one value, are nested deeper than DEPTH_MAX, or hold a map that a dict cannot hold: a list or map as a key, a
    key that comes twice (Python takes 1, 1.0 and True for the same).
    """
    try:
        value, end = _READERS[data[0]](data, 0, DEPTH_MAX)
    except (IndexError, StructError):
        raise WireError("a value ends early") from None
    if end != len(data):
        raise WireError("bytes are left over after a value")
    return value


def _small(data: bytes, position: int, _: int) -> tuple[Value, int]:
    return data[position], position + 1


def _small_negative(data: bytes, position: int, _: int) -> tuple[Value, int]:
    return data[position] - 256, position + 1


def _fixed(value: Value) -> Reader:
    return lambda _data, position, _depth: (value, position + 1)


def _number(form: str) -> Reader:
    number = Struct(form)
    size = 1 + number.size

    def read(data: bytes, position: int, _: int) -> tuple[Value, int]:
        return number.unpack_from(data, position + 1)[0], position + size

    return read


def _unknown(data: bytes, position: int, _: int) -> tuple[Value, int]:
    raise WireError(f"no value begins with {data[position]:02X}")


def _string(data: bytes, start: int, size: int) -> tuple[Value, int]:
    end = start + size
    if end > len(data):
        raise WireError("a string ends early")
    mark = data[start] if size else 0
    if mark == STRING_MARK:
        return data[start + 1 : end].decode("utf-8", "surrogateescape"), end
    if mark == BYTES_MARK:
        return data[start + 1 : end], end
    if mark == GEOJSON_MARK:
        return GeoJSON(data[start + 1 : end], "utf-8", "surrogateescape"), end
    return Raw(data[start:end]), end


def _ext(data: bytes, start: int, size: int) -> tuple[Value, int]:
    end = start + 1 + size
    if end > len(data):
        raise WireError("an extension ends early")
    return Ext(data[start], data[start + 1 : end]), end


def _list(data: bytes, start: int, count: int, depth: int) -> tuple[Value, int]:
    if depth <= 0 or count > len(data) - start:  # an element takes a byte at least
        raise WireError("a list is nested too deep or ends early")
    items: list[Any] = []
    flags, position = _marker(data, start, count)
    if flags is not None:
        items = MarkedList(flags=flags)
        count -= 1
    for _ in range(count):
        item, position = _READERS[data[position]](data, position, depth - 1)
        items.append(item)
    return items, position


def _map(data: bytes, start: int, count: int, depth: int) -> tuple[Value, int]:
    if depth <= 0 or 2 * count > len(data) - start:
        raise WireError("a map is nested too deep or ends early")
    items: dict[Any, Any] = {}
    flags, position = _marker(data, start, count)
    if flags is not None:
        items = MarkedMap(flags=flags)
        count -= 1
        if data[position] != 0xC0:
            raise WireError("the marker of a map is not paired with nil")
        position += 1
    for _ in range(count):
        key, position = _READERS[data[position]](data, position, depth - 1)
        if isinstance(key, list | dict) or key in items:
            raise WireError("a map has a key twice, or a list or map as a key")
        items[key], position = _READERS[data[position]](data, position, depth - 1)
    return items, position


def _marker(data: bytes, position: int, count: int) -> tuple[int | None, int]:
    """Flags of the marker at ``position``, None if none is there, and where the entries go on."""
    if count and data[position] == MARK and data[position + 1] == 0:
        return data[position + 2], position + 3
    return None, position


def _few(read: Callable[..., tuple[Value, int]], size: int, *, deep: bool) -> Reader:
    """A reader for values whose size or number of entries stands in the first byte."""
    if deep:
        return lambda data, position, depth: read(data, position + 1, size, depth)
    return lambda data, position, _: read(data, position + 1, size)


def _many(read: Callable[..., tuple[Value, int]], form: str, *, deep: bool) -> Reader:
    """A reader for values whose size or number of entries follows the first byte."""
    sizes = Struct(form)
    skip = 1 + sizes.size
    if deep:
        return lambda data, position, depth: read(
            data, position + skip, sizes.unpack_from(data, position + 1)[0], depth
        )
    return lambda data, position, _: read(data, position + skip, sizes.unpack_from(data, position + 1)[0])


_READERS: list[Reader] = [
    *[_small] * 0x80,
    *[_few(_map, count, deep=True) for count in range(16)],
    *[_few(_list, count, deep=True) for count in range(16)],
    *[_few(_string, size, deep=False) for size in range(32)],
    *(_fixed(None), _unknown, _fixed(False), _fixed(True)),
    *[_many(_string, form, deep=False) for form in (">B", ">H", ">I")],
    *[_many(_ext, form, deep=False) for form in (">B", ">H", ">I")],
    *[_number(form) for form in (">f", ">d", ">B", ">H", ">I", ">Q", ">b", ">h", ">i", ">q")],
    *[_few(_ext, size, deep=False) for size in (1, 2, 4, 8, 16)],
    *[_many(_string, form, deep=False) for form in (">B", ">H", ">I")],
    *[_many(_list, form, deep=True) for form in (">H", ">I")],
    *[_many(_map, form, deep=True) for form in (">H", ">I")],
    *[_small_negative] * 0x20,
]
"""The reader for each first byte: (data, offset of that byte, levels left) -> (value, offset after it)."""


# ---- values to bytes


def pack(value: Value) -> bytes:
    """``value`` in the smallest form.

    Raises WireError for what the dialect cannot say: an integer of more than 64 bits, an object of another type,
    a lone surrogate in a text, a nesting deeper than DEPTH_MAX (so also a list that holds itself).
    """
    return _packed(value, DEPTH_MAX)


def _packed(value: Any, depth: int) -> bytes:
    packer = _PACKERS.get(type(value))
    if packer is None:
        packer = next((_PACKERS[each] for each in type(value).__mro__ if each in _PACKERS), None)
    if packer is None:
        raise WireError(f"a {type(value).__name__} has no form in msgpack")
    return packer(value, depth)


def _pack_int(value: int, _: int) -> bytes:
    if -0x20 <= value < 0x80:
        return _SMALL[value]
    try:
        if value > 0:
            lead, form = _UNSIGNED[value.bit_length()]
        else:
            lead, form = _SIGNED[(~value).bit_length()]
    except IndexError:
        raise WireError("an integer of more than 64 bits") from None
    return form.pack(lead, value)


def utf8(text: str) -> bytes:
    """The bytes of a text; those that were not UTF-8 when it was read come back. Raises WireError."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise WireError("a text that is not UTF-8") from None


def _pack_string(data: bytes) -> bytes:
    return _head(len(data), 0xA0, 32, 0xD9, _SIZED) + data


def _head(size: int, few: int, few_end: int, lead: int, forms: tuple[Struct, ...]) -> bytes:
    """First bytes of a string, list or map: the smallest form that can say ``size``."""
    if size < few_end:
        return bytes([few | size])
    for step, form in enumerate(forms, lead):
        if size < 1 << 8 * (form.size - 1):
            return form.pack(step, size)
    raise WireError("more than 4 GiB in one value")


def _pack_ext(value: Ext, _: int) -> bytes:
    size = len(value.data)
    fixed = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}.get(size)
    head = bytes([fixed]) if fixed else _head(size, 0, 0, MARK, _SIZED)
    return head + bytes([value.kind]) + value.data


def _pack_list(value: list[Any], depth: int) -> bytes:
    if depth <= 0:
        raise WireError("a list is nested too deep")
    parts = [_packed(item, depth - 1) for item in value]
    if isinstance(value, MarkedList):
        parts.insert(0, bytes([MARK, 0, value.flags]))
    return _head(len(parts), 0x90, 16, 0xDC, _COUNTED) + joined(parts)


def _pack_map(value: dict[Any, Any], depth: int) -> bytes:
    if depth <= 0:
        raise WireError("a map is nested too deep")
    marker = b""
    items = list(value.items())
    if isinstance(value, MarkedMap):
        marker = bytes([MARK, 0, value.flags, 0xC0])
        if value.flags & ORDERED:
            items = [(key, value[key]) for key in sorted(value, key=_rank)]
    entries = b"".join(_packed(key, depth - 1) + _packed(each, depth - 1) for key, each in items)
    return _head(len(items) + bool(marker), 0x80, 16, 0xDE, _COUNTED) + marker + entries


def _rank(key: Any) -> tuple[int, int | bytes]:
    """Where a key stands in an ordered map: integers, then strings, then bytes."""
    if isinstance(key, int) and not isinstance(key, bool):
        return 0, key
    if isinstance(key, str) and not isinstance(key, GeoJSON):
        return 1, utf8(key)
    if isinstance(key, bytes):
        return 2, key
    raise WireError(f"a {type(key).__name__} is no key of an ordered map")


_FLOAT = Struct(">Bd")
_SMALL = tuple(bytes([number & 0xFF]) for number in (*range(0x80), *range(-0x20, 0)))
"""Integers of one byte, the negative ones counted from the end."""

_UNSIGNED = [
    (lead, Struct(form))
    for lead, (form, count) in enumerate(((">BB", 9), (">BH", 8), (">BI", 16), (">BQ", 32)), 0xCC)
    for _ in range(count)
]
_SIGNED = [
    (lead, Struct(form))
    for lead, (form, count) in enumerate(((">Bb", 8), (">Bh", 8), (">Bi", 16), (">Bq", 32)), 0xD0)
    for _ in range(count)
]
"""First byte and form of an integer, by the number of bits that it takes; of a negative one, of its complement."""

_SIZED = (Struct(">BB"), Struct(">BH"), Struct(">BI"))
_COUNTED = _SIZED[1:]

_PACKERS: dict[type, Packer] = {
    type(None): lambda _value, _depth: b"\xc0",
    bool: lambda value, _: b"\xc3" if value else b"\xc2",
    int: _pack_int,
    float: lambda value, _: _FLOAT.pack(0xCB, value),
    str: lambda value, _: _pack_string(b"\x03" + utf8(value)),
    GeoJSON: lambda value, _: _pack_string(b"\x17" + utf8(value)),
    bytes: lambda value, _: _pack_string(b"\x04" + value),
    Raw: lambda value, _: _pack_string(value.data),
    Ext: _pack_ext,
    list: _pack_list,
    dict: _pack_map,
}
