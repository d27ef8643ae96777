"""Values of RESP replies, version 2 and 3: what a server sends, as plain values and back.

    ReplyParser(limits)          cuts the bytes of one connection into replies; ``feed(data)`` gives every whole one
    decode(data)                 the value of exactly one reply
    encode(value, protocol)      the frame of a value; for version 2, what a server says instead of a type of version 3

The types of a reply, and the values they are:

    +  Status (bytes)        $  bytes               :  int            *  list
    -  ErrorReply            !  ErrorReply          ,  float          ~  Set (list)
    _  None ($-1, *-1 too)   #  bool                (  BigNumber      >  Push (list)
    =  Verbatim              %  Map (list of pairs: a key may be any value)   |  Attributed (a value with attributes)

The parser keeps its own stack, and has limits for depth, size and number of values: a hostile server exhausts neither the
interpreter's stack nor the memory. Bytes that are no reply raise WireError.
"""

from __future__ import annotations

from typing import NamedTuple

from asinfo.errors import WireError
from asinfo.wire.double import double_text
from asinfo.wire.resp_frame import bulk, error, integer, null, number, status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    Value: TypeAlias = (
        bytes | int | float | bool | list[Any] | "ErrorReply" | "BigNumber" | "Verbatim" | "Attributed" | None
    )


class Status(bytes):
    """A simple string, such as ``OK``."""

    __slots__ = ()


class ErrorReply(NamedTuple):
    """An error; ``text`` begins with its code."""

    text: bytes

    @property
    def code(self) -> bytes:
        """The first word of the text, such as ``ERR``."""
        return self.text.partition(b" ")[0]


class BigNumber(NamedTuple):
    """An integer of any size, in its digits, which the server does not check when a function made it."""

    digits: bytes


class Verbatim(NamedTuple):
    """A text with its format of three characters, such as ``txt``."""

    kind: bytes
    text: bytes


class Map(list["tuple[Any, Any]"]):
    """The pairs of a map, in the order they came."""

    __slots__ = ()


class Set(list["Any"]):
    """The elements of a set, in the order they came."""

    __slots__ = ()


class Push(list["Any"]):
    """What a server sends unasked, such as a message of a channel."""

    __slots__ = ()


class Attributed(NamedTuple):
    """A value, and what the server says about it."""

    value: Any
    attributes: Map


class ReplyLimits(NamedTuple):
    """What a client takes of one reply."""

    depth: int = 128
    """Aggregates in each other."""
    size: int = 536_870_912
    """Bytes: those of the largest bulk that a server sends."""
    values: int = 8_388_608
    """Values, which take more memory than bytes when they are small."""


# --- reading -------------------------------------------------------------------------------------------------------

_LINE_MAX = 65_536
"""Bytes of a line; a server sends none longer, its errors included."""
_BULKS = b"$!="
_AGGREGATES = b"*~>%|"


class _OpenAggregate:
    """An aggregate that is being read."""

    __slots__ = ("attributes", "items", "kind", "left")

    def __init__(self, kind: int, left: int, attributes: Map | None = None) -> None:
        self.kind = kind
        self.left = left
        self.items: list[Any] = []
        self.attributes = attributes

    def value(self) -> Any:
        match self.kind:
            case 0x2A:  # *
                return self.items
            case 0x7E:  # ~
                return Set(self.items)
            case 0x3E:  # >
                return Push(self.items)
            case _:  # % and |
                return Map(zip(self.items[::2], self.items[1::2], strict=True))


class ReplyParser:
    """Cuts the bytes of one connection into replies, however they arrive; each byte is looked at once."""

    __slots__ = ("_bulk", "_held", "_kind", "_levels", "_limits", "_scanned", "_size", "_values")

    def __init__(self, limits: ReplyLimits = ReplyLimits()) -> None:  # noqa: B008 - it is immutable
        self._limits = limits
        self._held = bytearray()
        self._scanned = 0  # how many of the held bytes have no end of line in them
        self._bulk = -1  # size of the bulk begun
        self._kind = 0  # type of the bulk begun
        self._levels: list[_OpenAggregate] = []
        self._size = 0  # bytes of the reply begun
        self._values = 0  # values of the reply begun

    @property
    def begun(self) -> bool:
        """Whether a part of a reply has come, and more of it must."""
        return bool(self._held or self._levels or self._bulk >= 0)

    def feed(self, data: bytes) -> list[Value]:
        """The replies that ``data`` completes, in order; WireError at bytes that are no reply."""
        self._held += data
        held = self._held
        replies: list[Value] = []
        offset = 0
        while offset < len(held):
            after = (
                self._bulk_value(held, offset, replies)
                if self._bulk >= 0
                else self._line(held, offset, replies)
            )
            if after < 0:
                break
            offset = after
        del held[:offset]
        return replies

    def _line(self, data: bytearray, offset: int, replies: list[Value]) -> int:
        """Read one line: a value, or the header of one; the offset after it, -1 when its end is missing."""
        end = data.find(b"\r\n", offset + self._scanned, offset + _LINE_MAX + 2)
        if end < 0:
            self._scanned = max(0, len(data) - offset - 1)
            if self._scanned > _LINE_MAX:
                raise WireError(f"a line of a reply is longer than {_LINE_MAX} bytes")
            return -1
        self._scanned = 0
        kind, text = data[offset], bytes(data[offset + 1 : end])
        self._values += 1
        self._count(end + 2 - offset)
        if kind in _BULKS or kind in _AGGREGATES:
            self._open(kind, text, replies)
        else:
            self._add(_scalar(kind, text), replies)
        return end + 2

    def _open(self, kind: int, text: bytes, replies: list[Value]) -> None:
        """Begin a bulk or an aggregate; an empty aggregate is a value at once."""
        size = number(text)
        if size == -1 and kind in b"$*":
            self._add(None, replies)
            return
        if size is None or size < 0:
            raise WireError(f"{_shown(text)} is no size in a reply")
        if kind in _BULKS:
            if size > self._limits.size:
                raise WireError(f"a reply is larger than {self._limits.size} bytes")
            self._kind, self._bulk = kind, size
            return
        if len(self._levels) >= self._limits.depth:
            raise WireError(f"a reply has more than {self._limits.depth} aggregates in each other")
        self._levels.append(_OpenAggregate(kind, size * 2 if kind in b"%|" else size))
        if not size:
            self._close(replies)

    def _bulk_value(self, data: bytearray, offset: int, replies: list[Value]) -> int:
        """Read what a bulk holds; the offset after it, -1 when its end is missing."""
        end = offset + self._bulk
        if len(data) < end + 2:
            return -1
        if data[end : end + 2] != b"\r\n":
            raise WireError("a bulk of a reply does not end with CR LF")
        self._count(self._bulk + 2)
        self._bulk = -1
        self._add(_bulk_value(self._kind, bytes(memoryview(data)[offset:end])), replies)
        return end + 2

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > self._limits.size:
            raise WireError(f"a reply is larger than {self._limits.size} bytes")
        if self._values > self._limits.values:
            raise WireError(f"a reply has more than {self._limits.values} values")

    def _add(self, value: Value, replies: list[Value]) -> None:
        """Put a whole value where it belongs, and close the aggregates that it completes."""
        if not self._levels:
            replies.append(value)
            self._size = self._values = 0
            return
        level = self._levels[-1]
        level.items.append(value)
        level.left -= 1
        if not level.left:
            self._close(replies)

    def _close(self, replies: list[Value]) -> None:
        """Make a value of the innermost aggregate, and of those around it that it completes."""
        while self._levels and not self._levels[-1].left:
            level = self._levels.pop()
            if level.kind == 0x7C and level.attributes is None:  # | tells of the value after it
                self._levels.append(
                    _OpenAggregate(0x7C, 1, Map(zip(level.items[::2], level.items[1::2], strict=True)))
                )
                return
            value = (
                level.value() if level.attributes is None else Attributed(level.items[0], level.attributes)
            )
            if not self._levels:
                replies.append(value)
                self._size = self._values = 0
                return
            self._levels[-1].items.append(value)
            self._levels[-1].left -= 1


def decode(data: bytes) -> Value:
    """The value of exactly one reply."""
    parser = ReplyParser()
    replies = parser.feed(data)
    if len(replies) != 1 or parser.begun:
        raise WireError("these bytes are not one reply")
    return replies[0]


def _scalar(kind: int, text: bytes) -> Value:
    reader = _SCALARS.get(kind)
    if reader is None:
        raise WireError(f"{_shown(bytes([kind]))} begins no reply")
    return reader(text)


def _integer(text: bytes) -> int:
    value = number(text)
    if value is None:
        raise WireError(f"{_shown(text)} is no integer in a reply")
    return value


def _boolean(text: bytes) -> bool:
    if text not in {b"t", b"f"}:
        raise WireError(f"{_shown(text)} is no boolean in a reply")
    return text == b"t"


def _double(text: bytes) -> float:
    try:
        if b"_" not in text and not text[:1].isspace() and not text[-1:].isspace():
            return float(text)
    except ValueError:
        pass
    raise WireError(f"{_shown(text)} is no double in a reply")


def _null(text: bytes) -> None:
    if text:
        raise WireError(f"{_shown(text)} follows a null in a reply")


_SCALARS: dict[int, Callable[[bytes], Value]] = {
    b"+"[0]: Status,
    b"-"[0]: ErrorReply,
    b":"[0]: _integer,
    b"#"[0]: _boolean,
    b","[0]: _double,
    b"_"[0]: _null,
    b"("[0]: BigNumber,
}


def _bulk_value(kind: int, data: bytes) -> Value:
    if kind == b"$"[0]:
        return data
    if kind == b"!"[0]:
        return ErrorReply(data)
    if data[3:4] != b":":
        raise WireError("a verbatim text of a reply has no format of three characters")
    return Verbatim(data[:3], data[4:])


def _shown(text: bytes) -> str:
    """Text of a server in a message: printable and not too long."""
    return repr(text[:40])[1:]


# --- writing -------------------------------------------------------------------------------------------------------


def encode(value: Value, protocol: int = 3, depth: int = ReplyLimits().depth) -> bytes:
    """The frame of ``value`` in version 2 or 3; WireError when it is nested deeper than ``depth``."""
    if isinstance(value, list | Attributed):
        return _encode_aggregate(value, protocol, depth)
    return _ENCODERS[type(value)](value, protocol)


def _encode_error(value: ErrorReply, protocol: int) -> bytes:
    if protocol == 3 and (b"\r" in value.text or b"\n" in value.text):
        return b"!%d\r\n%b\r\n" % (len(value.text), value.text)
    return error(value.text)


def _encode_boolean(value: bool, protocol: int) -> bytes:
    return b"#%b\r\n" % (b"t" if value else b"f") if protocol == 3 else integer(value)


def _encode_double(value: float, protocol: int) -> bytes:
    text = double_text(value)
    return b",%b\r\n" % text if protocol == 3 else bulk(text)


def _encode_big_number(value: BigNumber, protocol: int) -> bytes:
    return b"(%b\r\n" % value.digits if protocol == 3 else bulk(value.digits)


def _encode_verbatim(value: Verbatim, protocol: int) -> bytes:
    if protocol != 3:
        return bulk(value.text)
    return b"=%d\r\n%b:%b\r\n" % (len(value.text) + 4, value.kind, value.text)


_ENCODERS: dict[type, Callable[[Any, int], bytes]] = {
    type(None): lambda _, protocol: null(protocol),
    bytes: lambda value, _: bulk(value),
    Status: lambda value, _: status(value),
    ErrorReply: _encode_error,
    int: lambda value, _: integer(value),
    bool: _encode_boolean,
    float: _encode_double,
    BigNumber: _encode_big_number,
    Verbatim: _encode_verbatim,
}


def _encode_aggregate(value: list[Any] | Attributed, protocol: int, depth: int) -> bytes:
    if depth <= 0:
        raise WireError("a reply is nested too deeply")
    if isinstance(value, Attributed):
        attributes = _aggregate(b"|", value.attributes, protocol, depth) if protocol == 3 else b""
        return attributes + encode(value.value, protocol, depth - 1)
    if protocol != 3 and isinstance(value, Map):
        return _aggregate(b"*", [one for pair in value for one in pair], protocol, depth)
    kind = b"*" if protocol != 3 else _KINDS.get(type(value), b"*")
    return _aggregate(kind, value, protocol, depth)


_KINDS: dict[type, bytes] = {Map: b"%", Set: b"~", Push: b">"}


def _aggregate(kind: bytes, items: list[Any], protocol: int, depth: int) -> bytes:
    values: Iterable[Any] = (one for pair in items for one in pair) if kind in b"%|" else items
    return b"%b%d\r\n%b" % (kind, len(items), b"".join([encode(one, protocol, depth - 1) for one in values]))
