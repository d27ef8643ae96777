"""Which lines of a module can run: those that its bytecode has instructions for, as a dump of Lua 5.4 lists them.

A dump is a header, the number of upvalues, and a function:

    source, first and last line, 3 bytes · instructions · constants · upvalues · functions inside of it
    · line of each instruction, as a difference · lines in full where that does not do · names of locals and of upvalues

Numbers are groups of seven bits, the last of which has the eighth set. Lines that are only an `end` or the like are left out: a
function that returns before has an instruction there that never runs.
"""

from __future__ import annotations

import re

from asudfd.lua.bytecode import DUMP_HEADER_SIZE
from asudfd.lua.state import compile_text

_INSTRUCTION_SIZE = 4
_UPVALUE_SIZE = 3
_IN_FULL = 0x80
"""In place of a difference: the line is in the other list."""

_NIL, _FALSE, _TRUE, _FLOAT, _INTEGER = 0x00, 0x01, 0x11, 0x13, 0x03
_CONSTANT_SIZES = {_NIL: 0, _FALSE: 0, _TRUE: 0, _FLOAT: 8, _INTEGER: 8}

_NO_CODE = re.compile(rb"\s*(?:(?:end|else|do|then|repeat)\b|[\s)},;]|--.*)*\s*")


def active_lines(text: bytes) -> set[int]:
    """The numbers of the lines that can run; none where the text does not compile."""
    code = compile_text(text, b"=").code
    if code is None:
        return set()
    lines = text.split(b"\n")
    dump = _BytecodeReader(code)
    dump.function()
    return {
        number
        for number in dump.lines
        if 0 < number <= len(lines) and not _NO_CODE.fullmatch(lines[number - 1])
    }


class _BytecodeReader:
    """Reads a dump from its header on; ``lines`` gathers those of all functions."""

    def __init__(self, code: bytes) -> None:
        self._code = code
        self._at = DUMP_HEADER_SIZE + 1
        self.lines: set[int] = set()

    def function(self) -> None:
        """Read a function with those inside of it."""
        self._text()
        line, _ = self._number(), self._number()
        is_vararg = self._code[self._at + 1]
        self._at += 3
        self._skip(_INSTRUCTION_SIZE)
        for _ in range(self._number()):
            self._constant()
        self._skip(_UPVALUE_SIZE)
        for _ in range(self._number()):
            self.function()
        self._lines(line, skipped=1 if is_vararg else 0)
        for _ in range(self._number()):
            self._text()
            self._number(), self._number()
        for _ in range(self._number()):
            self._text()

    def _lines(self, line: int, skipped: int) -> None:
        """The lines of the instructions, without the ``skipped`` first: what prepares a function stands on no line."""
        count = self._number()
        steps = self._code[self._at : self._at + count]
        self._at += count
        full = iter([(self._number(), self._number()) for _ in range(self._number())])
        for number, step in enumerate(steps):
            line = next(full)[1] if step == _IN_FULL else line + (step - 256 if step > _IN_FULL else step)
            if number >= skipped:
                self.lines.add(line)

    def _constant(self) -> None:
        kind = self._code[self._at]
        self._at += 1
        if kind in _CONSTANT_SIZES:
            self._at += _CONSTANT_SIZES[kind]
        else:
            self._text()

    def _skip(self, size: int) -> None:
        """Pass over a list whose items have so many bytes."""
        count = self._number()
        self._at += count * size

    def _text(self) -> None:
        size = self._number()
        self._at += max(0, size - 1)

    def _number(self) -> int:
        value = 0
        while True:
            byte = self._code[self._at]
            self._at += 1
            value = value << 7 | byte & 0x7F
            if byte & 0x80:
                return value
