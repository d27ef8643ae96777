"""Reads and writes compiled chunks of Lua 5.4, as `string.dump` makes them (`ldump.c`), with all that is for debugging.

A dump is a header, the number of upvalues, and a function:

    source, first and last line, 3 bytes · instructions · constants · upvalues · functions inside of it
    · line of each instruction, as a difference · lines in full where that does not do · names of locals and of upvalues

Numbers are groups of seven bits, the last of which has the eighth set. Texts have their size and one before them.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import NamedTuple

from asudfd.lua.bytecode import DUMP_HEADER_SIZE

_UPVALUE_SIZE = 3
_IN_FULL = 0x80
"""In place of a difference: the line is in the other list."""

_IN_FULL_AFTER = 100
"""Instructions after which a line stands in full: Lua looks for one among the last 128, in some versions 120."""

_NIL, _FALSE, _TRUE, _FLOAT, _INTEGER, _SHORT_TEXT = 0x00, 0x01, 0x11, 0x13, 0x03, 0x04
_CONSTANT_SIZES = {_NIL: 0, _FALSE: 0, _TRUE: 0, _FLOAT: 8, _INTEGER: 8}


class DumpedVariable(NamedTuple):
    """A local variable: its name, and the instructions between which it is there."""

    name: bytes
    first: int
    end: int


@dataclass(slots=True)
class DumpedFunction:
    """A function. ``lines`` has the line of each instruction; constants, upvalues and texts are as they are in the dump."""

    source: bytes
    first_line: int
    last_line: int
    parameters: int
    is_vararg: bool
    registers: int
    code: array[int]
    constants: list[bytes]
    upvalues: list[bytes]
    functions: list[DumpedFunction]
    lines: list[int]
    variables: list[DumpedVariable]
    upvalue_names: list[bytes]


def read_dump(code: bytes) -> DumpedFunction:
    """The function that a dump with the header of `bytecode.HEADER` has."""
    return _DumpReader(code).function()


def write_dump(function: DumpedFunction, header: bytes) -> bytes:
    """The dump of a function; ``header`` is that of any dump of the same Lua."""
    parts = [header[:DUMP_HEADER_SIZE], bytes((len(function.upvalues),))]
    _write(function, parts)
    return b"".join(parts)


def short_text(text: bytes) -> bytes:
    """A constant: a text of at most 40 bytes."""
    return bytes((_SHORT_TEXT,)) + dumped_text(text)


def dumped_text(text: bytes) -> bytes:
    """A name, as a dump has it."""
    return _number(len(text) + 1) + text


class _DumpReader:
    """Reads a dump from its header on."""

    def __init__(self, code: bytes) -> None:
        self._code = code
        self._at = DUMP_HEADER_SIZE + 1

    def function(self) -> DumpedFunction:
        """Read a function with those inside of it."""
        source = self._text()
        first_line, last_line = self._number(), self._number()
        parameters, is_vararg, registers = self._taken(3)
        code = array("I", self._taken(4 * self._number()))
        constants = [self._constant() for _ in range(self._number())]
        upvalues = [self._taken(_UPVALUE_SIZE) for _ in range(self._number())]
        functions = [self.function() for _ in range(self._number())]
        return DumpedFunction(
            source,
            first_line,
            last_line,
            parameters,
            bool(is_vararg),
            registers,
            code,
            constants,
            upvalues,
            functions,
            self._lines(first_line),
            [DumpedVariable(self._text(), self._number(), self._number()) for _ in range(self._number())],
            [self._text() for _ in range(self._number())],
        )

    def _lines(self, line: int) -> list[int]:
        steps = self._taken(self._number())
        full = iter([(self._number(), self._number()) for _ in range(self._number())])
        lines: list[int] = []
        for step in steps:
            line = next(full)[1] if step == _IN_FULL else line + (step - 256 if step > _IN_FULL else step)
            lines.append(line)
        return lines

    def _constant(self) -> bytes:
        began = self._at
        kind = self._code[began]
        self._at += 1
        if kind in _CONSTANT_SIZES:
            self._at += _CONSTANT_SIZES[kind]
        else:
            self._text()
        return self._code[began : self._at]

    def _text(self) -> bytes:
        began = self._at
        size = self._number()
        self._at += max(0, size - 1)
        return self._code[began : self._at]

    def _taken(self, size: int) -> bytes:
        began = self._at
        self._at += size
        return self._code[began : self._at]

    def _number(self) -> int:
        value = 0
        while True:
            byte = self._code[self._at]
            self._at += 1
            value = value << 7 | byte & 0x7F
            if byte & 0x80:
                return value


def _write(function: DumpedFunction, parts: list[bytes]) -> None:
    parts += [function.source, _number(function.first_line), _number(function.last_line)]
    parts.append(bytes((function.parameters, function.is_vararg, function.registers)))
    parts += [_number(len(function.code)), function.code.tobytes()]
    parts += [_number(len(function.constants)), *function.constants]
    parts += [_number(len(function.upvalues)), *function.upvalues]
    parts.append(_number(len(function.functions)))
    for inner in function.functions:
        _write(inner, parts)
    _write_lines(function, parts)
    parts.append(_number(len(function.variables)))
    for name, first, end in function.variables:
        parts += [name, _number(first), _number(end)]
    parts += [_number(len(function.upvalue_names)), *function.upvalue_names]


def _write_lines(function: DumpedFunction, parts: list[bytes]) -> None:
    steps = bytearray()
    full: list[bytes] = []
    before, since = function.first_line, 0
    for number, line in enumerate(function.lines):
        step = line - before
        since += 1
        if abs(step) >= _IN_FULL or since > _IN_FULL_AFTER:
            full += [_number(number), _number(line)]
            step, since = _IN_FULL, 0
        steps.append(step & 0xFF)
        before = line
    parts += [_number(len(steps)), bytes(steps), _number(len(full) // 2), *full]


def _number(value: int) -> bytes:
    found = [value & 0x7F | 0x80]
    while value := value >> 7:
        found.append(value & 0x7F)
    return bytes(reversed(found))
