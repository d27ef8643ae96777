"""Compiled Lua 5.4 whose calls of library functions are never tail calls: what `bytecode.lua`, which does it, has to know.

Library functions written in Lua name the caller's line in their errors. A tail call (`return string.rep()`) would replace
the caller's frame and lose that line, which it does not when the function is written in C, as on the real server. So such
an OP_TAILCALL becomes OP_CALL; the OP_RETURN behind it is there already. Calls of a module's own functions stay as they are.

It is written in Lua for speed: a megabyte takes a fraction of the time that its compilation takes, and no lock of Python.
"""

from struct import pack

HEADER = b"\x1bLua\x54\x00\x19\x93\r\n\x1a\n" + pack("<3Bqd", 4, 8, 8, 0x5678, 370.5)
"""Signature, version 5.4, format, data, sizes of an instruction, an integer and a number, and one of each of the last two.

A Lua whose dumps begin otherwise has another layout: its chunks stay as they are.
"""

HEADER_SIZE = len(HEADER)

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
