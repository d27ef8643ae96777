"""Which calls `bytecode.lua` rewrites: a call of a library function is never a tail call in compiled Lua 5.4.

The functions of lists, records and so on are written in Lua here, and so are those of Lua's own that have to know which tables
modules take for userdata. In their errors they name the caller's line. A tail call (`return list.append()`) would
replace the caller's frame and lose that line; where the function is written in C, as on the real server, it does not.
So such an OP_TAILCALL becomes OP_CALL; the OP_RETURN that it needs follows it already. Calls of a module's own functions
stay as they are.

It is written in Lua for speed: a megabyte takes a fraction of the time that its compilation takes, without Python's lock.
"""

from struct import pack
from typing import NamedTuple

HEADER = b"\x1bLua\x54\x00\x19\x93\r\n\x1a\n" + pack("<3Bqd", 4, 8, 8, 0x5678, 370.5)
"""Signature, version 5.4, format, data, sizes of an instruction, an integer and a number, and one of each of the last two.

A Lua whose dumps begin otherwise has another layout: its chunks stay as they are.
"""

DUMP_HEADER_SIZE = len(HEADER)


class LibraryNames(NamedTuple):
    """Names of library functions: global ``tables`` that hold them, global ``functions``, and ``methods`` of strings."""

    tables: frozenset[bytes]
    functions: frozenset[bytes]
    methods: frozenset[bytes]

    def __or__(self, others: "LibraryNames") -> "LibraryNames":
        """Both together."""
        return LibraryNames(*(own | more for own, more in zip(self, others, strict=True)))


NAMES = LibraryNames(
    frozenset({b"string", b"table", b"coroutine", b"os"}),
    frozenset(
        {b"type", b"setmetatable", b"pcall", b"xpcall", b"require", b"collectgarbage", b"load", b"print"}
        | {b"next", b"pairs", b"rawget", b"rawset", b"rawlen"}
    ),
    frozenset({b"gsub"}),
)
"""Those of the sandbox itself; a crossing adds its own."""
