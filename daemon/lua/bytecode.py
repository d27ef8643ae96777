"""Compiled Lua 5.4 whose calls of library functions are never tail calls.

Library functions written in Lua name the caller's line in their errors. A tail call (`return string.rep()`) would replace
the caller's frame and lose that line, which it does not when the function is written in C, as on the real server. So such
an OP_TAILCALL becomes OP_CALL; the OP_RETURN behind it is there already. Calls of a module's own functions stay as they are.

Layout (Lua 5.4 `ldump.c`): header, one byte, function. A function is: source, two integers (lines), three bytes, code,
constants, upvalues, inner functions, and four debug tables. Integers are base 128, most significant first, the last byte
marked by its high bit; a string is its length plus one and the bytes. An instruction has its operation in the low 7 bits,
then A (8), k (1), B (8), C (8).
"""

from dataclasses import dataclass

HEADER_SIZE = 31
"""Signature 4, version, format, data 6, sizes 3, integer 8, number 8."""

_GETTABUP, _GETFIELD, _SELF, _CALL, _TAILCALL = 11, 14, 20, 68, 69
_NO_TARGET = frozenset({46, 47, 48, 56, 82})
"""Operations between a fetch and its call whose A is no register written to: MMBIN, MMBINI, MMBINK, JMP, EXTRAARG."""

_SHORT, _LONG = 0x04, 0x14
_CONSTANT_SIZES = {0x00: 0, 0x01: 0, 0x11: 0, 0x03: 8, 0x13: 8}
"""Bytes of a constant by its type: nil, false, true, integer, float."""

LIBRARIES = frozenset(
    {
        b"string",
        b"table",
        b"math",
        b"utf8",
        b"coroutine",
        b"aerospike",
        b"record",
        b"list",
        b"map",
        b"bytes",
        b"geojson",
        b"iterator",
    }
)
"""Global tables whose functions are library functions."""

FUNCTIONS = frozenset(
    {b"type", b"setmetatable", b"pcall", b"xpcall", b"require", b"collectgarbage", b"load", b"print"}
    | {b"next", b"pairs", b"rawget", b"rawset", b"rawlen"}
    | {b"trace", b"debug", b"info", b"warn", b"list", b"map", b"bytes", b"geojson"}
)
"""Global library functions."""

METHODS = frozenset({b"rep", b"find", b"match", b"gmatch", b"gsub", b"format", b"pack"})
"""Methods of strings; and every method of the global `aerospike`."""


@dataclass(slots=True)
class _Reader:
    """A dump and the place reached in it."""

    data: bytearray
    at: int

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def integer(self) -> int:
        value = 0
        while True:
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if byte & 0x80:
                return value

    def skip(self, size: int) -> int:
        """Go over ``size`` bytes; answers where they start."""
        self.at += size
        return self.at - size

    def string(self) -> bytes:
        size = self.integer()
        start = self.skip(max(size - 1, 0))
        return bytes(self.data[start : self.at])


def without_tail_calls(dump: bytes) -> bytes:
    """The same chunk, with plain calls where the calls of library functions were tail calls."""
    reader = _Reader(bytearray(dump), HEADER_SIZE + 1)
    _function(reader)
    return bytes(reader.data)


def _function(reader: _Reader) -> None:
    reader.string()
    reader.integer()
    reader.integer()
    reader.skip(3)
    count = reader.integer()
    code = memoryview(reader.data)[reader.skip(count * 4) : reader.at].cast("I")
    constants = [_constant(reader) for _ in range(reader.integer())]
    for place, instruction in enumerate(code):
        if instruction & 0x7F == _TAILCALL and _calls_library(code, place, constants):
            code[place] = (
                instruction & 0x00FF7F80 | _CALL
            )  # k and C to 0: no upvalues to close, every result wanted
    code.release()
    reader.skip(reader.integer() * 3)
    for _ in range(reader.integer()):
        _function(reader)
    _debug_tables(reader)


def _constant(reader: _Reader) -> bytes:
    """A text constant; any other as nothing, since no name is empty."""
    kind = reader.byte()
    if kind in {_SHORT, _LONG}:
        return reader.string()
    reader.skip(_CONSTANT_SIZES[kind])
    return b""


def _debug_tables(reader: _Reader) -> None:
    reader.skip(reader.integer())
    for _ in range(reader.integer()):
        reader.integer()
        reader.integer()
    for _ in range(reader.integer()):
        reader.string()
        reader.integer()
        reader.integer()
    for _ in range(reader.integer()):
        reader.string()


def _calls_library(code: memoryview, place: int, constants: list[bytes]) -> bool:
    """Whether the function called at ``place`` was fetched under the name of a library function."""
    source = _fetch(code, place, code[place] >> 7 & 0xFF)
    if source is None:
        return False
    fetch = code[source]
    operation, table, key = fetch & 0x7F, fetch >> 16 & 0xFF, fetch >> 24
    if operation == _GETTABUP:
        return constants[key] in FUNCTIONS
    holder = _fetch(code, source, table)
    of_library = (
        holder is not None and code[holder] & 0x7F == _GETTABUP and constants[code[holder] >> 24] in LIBRARIES
    )
    return of_library or (operation == _SELF and fetch >> 15 & 1 == 1 and constants[key] in METHODS)


def _fetch(code: memoryview, place: int, register: int) -> int | None:
    """Where ``register`` took a table's field, if that is how it got the value it has at ``place``."""
    for at in range(place - 1, -1, -1):
        operation = code[at] & 0x7F
        if code[at] >> 7 & 0xFF == register and operation not in _NO_TARGET:
            return at if operation in {_GETTABUP, _GETFIELD, _SELF} else None
    return None
