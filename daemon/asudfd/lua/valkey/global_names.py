"""The global variables that a Lua 5.1 text names, in all of its functions, read from its bytecode."""

from __future__ import annotations

from struct import Struct, unpack_from
from typing import TYPE_CHECKING

from asudfd.lua.state import LUA51, compile_text

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = b"\x1bLua\x51\x00\x01\x04\x08\x04\x08\x00"
"""Signature, version 5.1, format, little-endian, sizes of an int, a size, an instruction and a number, which is no integer."""

_GETGLOBAL, _SETGLOBAL = 5, 7
_OPCODE = 0x3F
_B_SHIFT = 14  # of the operand that numbers a constant
_BOOLEAN, _NUMBER, _STRING = 1, 3, 4
_INT, _SIZE = Struct("<i"), Struct("<Q")
_FACTS_SIZE = 12  # two lines of 4 bytes, and 4 small numbers


def global_lines(text: bytes) -> dict[bytes, int]:
    """The first line of each global of ``text``; nothing where it does not compile, or Lua writes bytecode in another way."""
    code = compile_text(text, b"=", version=LUA51).code
    if code is None or not code.startswith(HEADER):
        return {}
    lines: dict[bytes, int] = {}
    for name, line in _Dump(code).function():
        lines[name] = min(line, lines.get(name, line))
    return lines


class _Dump:
    """A walk over bytecode that Lua has just made."""

    def __init__(self, code: bytes) -> None:
        self.code = code
        self.at = len(HEADER)

    def function(self) -> Iterator[tuple[bytes, int]]:
        """The globals of a function and of those within it, each with its line, and go over it."""
        self.string()
        self.at += _FACTS_SIZE
        instructions = self.integers("I")
        constants = [self.constant() for _ in range(self.count())]
        for _ in range(self.count()):
            yield from self.function()
        lines = self.integers("i")
        for instruction, line in zip(instructions, lines, strict=True):
            if instruction & _OPCODE in {_GETGLOBAL, _SETGLOBAL}:
                yield constants[instruction >> _B_SHIFT], line
        for _ in range(self.count()):
            self.string()  # a local variable, and where it begins and ends
            self.at += 8
        for _ in range(self.count()):
            self.string()

    def count(self) -> int:
        (value,) = _INT.unpack_from(self.code, self.at)
        self.at += 4
        return int(value)

    def integers(self, kind: str) -> tuple[int, ...]:
        count = self.count()
        values = unpack_from(f"<{count}{kind}", self.code, self.at)
        self.at += 4 * count
        return values

    def string(self) -> bytes:
        (size,) = _SIZE.unpack_from(self.code, self.at)
        start = self.at + 8
        self.at = start + size
        return self.code[start : self.at - 1]  # without the NUL at its end; empty where there is none

    def constant(self) -> bytes:
        """A constant, as far as it is a string."""
        kind = self.code[self.at]
        self.at += 1
        if kind == _STRING:
            return self.string()
        self.at += {_BOOLEAN: 1, _NUMBER: 8}.get(kind, 0)
        return b""
